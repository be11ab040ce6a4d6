"""Settings that every test runs under; they must be in the environment before jax is imported.

Warnings are errors (setup.cfg). Ranks are never promoted silently, so a missing axis fails here
rather than broadcasting. Four fake CPU devices stand in for an accelerator host.
"""

import functools
import os
import pathlib
import sys

import numpy as np
import pytest

sys.path.append(str(pathlib.Path(__file__).parent / "helpers"))

from compjax.constants import SAMPLE_RATE, midi_to_hz  # noqa: E402

NUM_DEVICES = 4

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
flags = f" --xla_force_host_platform_device_count={NUM_DEVICES}"
if not os.environ.get("COMPJAX_TESTS_OPTIMIZED"):
    # Most of the tests' time is compiling. Without LLVM's optimisations that takes two thirds of the
    # processor time, and sums come out in another order only; `.ci/run --all` compiles as users do.
    flags += " --xla_backend_optimization_level=0"
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + flags


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Compiled programs are kept for this run only, and not in the home of who runs the tests."""
    os.environ["COMPJAX_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def quick_jit():
    """`jax.jit` that compiles in half the time, for what runs once."""
    import jax

    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator: the same numbers in every run."""
    return np.random.default_rng(0)


# Signals whose descriptors are known beforehand: clicks, tones, chords. All at 24 kHz.


def _decaying(samples: int, half_life: float) -> np.ndarray:
    return 0.5 ** (np.arange(samples) / SAMPLE_RATE / half_life)


@pytest.fixture
def clicks(rng):
    """make(times, seconds, half_life): bursts of noise that begin at the times and die away, half in 3 ms."""

    def make(times, seconds: float = 4.0, half_life: float = 0.003) -> np.ndarray:
        audio = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
        for time in times:
            start = int(round(time * SAMPLE_RATE))
            length = min(int(7 * half_life * SAMPLE_RATE), len(audio) - start)
            audio[start : start + length] += rng.standard_normal(length) * _decaying(length, half_life)
        return audio

    return make


@pytest.fixture
def tone():
    """make(pitch, seconds, partials, cents): a steady harmonic tone whose partials fall as 1 / number."""

    def make(pitch: float, seconds: float = 2.0, partials: int = 8, cents: float = 0.0) -> np.ndarray:
        time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        frequency = midi_to_hz(pitch + cents / 100.0)
        numbers = [n for n in range(1, partials + 1) if n * frequency < SAMPLE_RATE / 2]
        return sum(np.sin(2 * np.pi * n * frequency * time + n * pitch) / n for n in numbers).astype(
            np.float32
        )

    return make


@pytest.fixture
def chord(tone):
    """make(pitches, seconds, partials): tones together."""
    return lambda pitches, seconds=2.0, partials=8: sum(tone(p, seconds, partials) for p in pitches)


@pytest.fixture
def melody(tone):
    """make(times, pitches, seconds, partials): struck tones of up to half a second that die away."""

    def make(times, pitches, seconds: float = 4.0, partials: int = 8) -> np.ndarray:
        audio = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
        for time, pitch in zip(times, pitches, strict=True):
            start = int(round(time * SAMPLE_RATE))
            note = tone(pitch, 0.5, partials)[: len(audio) - start]
            audio[start : start + len(note)] += note * _decaying(len(note), 0.1)
        return audio

    return make
