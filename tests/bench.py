"""What composing costs: python -m tests.bench [--seconds=8].

Prints the command's first run (no compiled programs kept) and second run, a pair in a warm process with
the share of each phase, a further variation, and what a longer pair costs. Each figure also as a
multiple of a fixed piece of work done in the same run, so that machines can be compared. Run it on a
quiet machine.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).parents[1]
CLIPS = ROOT / "compjax" / "assets" / "demo"
INPUT, TARGET = CLIPS / "drums.flac", CLIPS / "piano.flac"
RUNS = 3
SWITCHES = {"rhythm": "input", "harmony": "target", "timbre": "target"}


def fixed_work() -> float:
    """Seconds of a fixed piece of work: FFTs and products of matrices, the best of three runs."""
    numbers = np.random.default_rng(0).standard_normal((256, 4096)).astype(np.float32)
    best = np.inf
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(20):
            spectra = np.abs(np.fft.rfft(numbers))
            spectra @ spectra.T
        best = min(best, time.perf_counter() - start)
    return best


def command(cache: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and the peak of memory (GB) of one run of compjax-compose."""
    code = (
        "import resource, sys; from compjax.cli import compose; status = compose.run(sys.argv);"
        "u = resource.getrusage(resource.RUSAGE_SELF);"
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 2**20); sys.exit(status)"
    )
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--input={INPUT}", f"--target={TARGET}", f"--output={folder}/out.wav"]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env=os.environ | {"COMPJAX_CACHE": cache, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        wall = time.perf_counter() - start
    processor, memory = done.stdout.splitlines()[-1].split()
    return wall, float(processor), float(memory)


def clip(path: pathlib.Path, seconds: float) -> np.ndarray:
    """The clip's sound at 24 kHz, repeated to a length."""
    from compjax.audio import waveform

    audio = waveform.read(path)
    return np.resize(audio, int(seconds * 24_000))


def warm(seconds: float) -> tuple[float, float, dict[str, float]]:
    """Seconds of a pair in a warm process, of a further variation, and of the pair's phases."""
    import compjax

    session = compjax.load()
    pair = [clip(path, seconds) for path in (INPUT, TARGET)]
    session.compose(*pair, sample_rate=24_000, **SWITCHES)
    best, further, phases = np.inf, np.inf, {}
    for _ in range(RUNS):
        start = time.perf_counter()
        made = session.compose_many(*pair, 2, sample_rate=24_000, **SWITCHES)
        first = next(made)
        once = time.perf_counter() - start
        next(made)
        further = min(further, time.perf_counter() - start - once)
        if once < best:
            best, phases = once, first.report["timings"]
    return best, further, phases


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the clips in a warm process")
    parser.add_argument("--long", type=float, default=60.0, help="length of the longer pair")
    options = parser.parse_args()
    unit = fixed_work()
    print(f"fixed piece of work: {unit:.3f} s; ratios are multiples of it")
    with tempfile.TemporaryDirectory() as cache:
        for name in ("first run of the command", *["second run of the command"] * RUNS):
            wall, processor, memory = command(cache)
            print(f"{name:34}{wall:7.2f} s{wall / unit:8.1f}   {processor:.2f} s processor, {memory:.2f} GB")
    for seconds in (options.seconds, options.long):
        best, further, phases = warm(seconds)
        named = ", ".join(f"{name} {value:.2f}" for name, value in phases.items())
        pair = f"warm pair of {seconds:g} s"
        print(f"{pair:34}{best:7.2f} s{best / unit:8.1f}   {seconds / best:.1f} times real time; {named}")
        print(f"{'a further variation of it':34}{further:7.2f} s{further / unit:8.1f}")
    print(f"memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
