"""What composing costs: python -m tests.bench [--seconds=8].

Prints the command's first run (no compiled programs kept) and second run, a pair in a warm process with
the share of each phase, a further variation, an edit in the page, and what a longer pair costs. Each figure
also as a multiple of a fixed piece of work done in the same run, so that machines can be compared, and in
processor seconds, which say more where a machine is busy. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

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


@dataclasses.dataclass(frozen=True)
class Cost:
    """Wall and processor seconds; a process that works side by side has more of the second."""

    wall: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], Any]) -> tuple[Cost, Any]:
        """What a piece of work costs, and what it gives."""
        wall, processor = time.perf_counter(), time.process_time()
        made = work()
        return cls(time.perf_counter() - wall, time.process_time() - processor), made

    def said(self, name: str, unit: float, more: str = "") -> str:
        """A line of the table."""
        return f"{name:34}{self.wall:7.2f} s{self.wall / unit:8.1f}   {self.processor:.2f} s processor{more}"


def quickest(costs: list[Cost]) -> Cost:
    """The least of each."""
    return Cost(min(cost.wall for cost in costs), min(cost.processor for cost in costs))


def warm(seconds: float) -> tuple[Cost, Cost, Cost, dict[str, float]]:
    """What a pair costs in a warm process, a further variation, and a note edited in the page.

    And the wall seconds of the pair's phases.
    """
    import compjax
    from compjax.web.results import result_of

    session = compjax.load()
    pair = [clip(path, seconds) for path in (INPUT, TARGET)]
    first = session.compose(*pair, sample_rate=24_000, **SWITCHES)
    opened, notes = session.open_pair(*pair, sample_rate=24_000, **SWITCHES), list(first.notes)
    once, further, edits = [], [], []
    for run in range(RUNS):
        made = session.compose_many(*pair, 2, sample_rate=24_000, **SWITCHES)
        cost, first = Cost.of(lambda made=made: next(made))
        once.append(cost)
        further.append(Cost.of(lambda made=made: next(made))[0])
        notes[0] = dataclasses.replace(notes[0], pitch=notes[0].pitch + 1, reason=None)
        edited = functools.partial(opened.compose, run, notes=tuple(notes), **SWITCHES)
        edits.append(Cost.of(lambda edited=edited: result_of(edited(), opened.heard_hits()))[0])
    return quickest(once), quickest(further), quickest(edits), first.report["timings"]


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
        pair, further, edited, phases = warm(seconds)
        named = ", ".join(f"{name} {value:.2f}" for name, value in phases.items())
        faster = f", {seconds / pair.wall:.1f} times real time; wall: {named}"
        print(pair.said(f"warm pair of {seconds:g} s", unit, faster))
        print(further.said("a further variation of it", unit))
        print(edited.said("a note of it edited in the page", unit))
    print(f"memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
