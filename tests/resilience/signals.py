"""Runs that are asked to stop, in every phase: B4."""

from __future__ import annotations

import pathlib
import time

from tests.resilience.harness import (
    FINISHED,
    PREEMPTED,
    Place,
    Row,
    agent_command,
    committed,
    expect,
    expect_same,
    last_step,
    resumed_at,
    start,
    start_pair,
    tiny_command,
    wait_for,
)
from tests.resilience.kills import LONG, STEPS, long_flags, reference, send


def stop_when(place: Place, name: str, changes: dict, ready, how: str = "once") -> tuple[float, pathlib.Path]:
    """Signal the tiny task once `ready(workdir, process)`, expect 42, go on; seconds until it ended."""
    workdir = place.workdir(f"term-{name}")
    process = start(place, tiny_command(workdir, changes), f"term-{name}")
    try:
        wait_for(lambda: ready(workdir, process), process)
        began = time.monotonic()
        send(process, how)
        status = process.wait(60)
        seconds = time.monotonic() - began
        expect(status == PREEMPTED, f"{name}: status {status}; {process.tail()}")
        done = last_step(workdir)
        expect(done == 0 or committed(workdir)[-1] == done, f"{name}: step {done} was lost; {process.tail()}")
        rest = start(place, tiny_command(workdir, without_delays(changes)), f"term-{name}")
        expect(rest.wait() == FINISHED, rest.tail())
        expect(resumed_at(rest) == done, f"{name}: went on from {resumed_at(rest)}, not {done}")
    finally:
        process.kill()
    return seconds, workdir


def without_delays(changes: dict) -> dict:
    """The same run without its faults, which are not part of what a run is compared by."""
    return {**changes, "faults": {}}


def _saving(workdir: pathlib.Path, _) -> bool:
    folder = workdir / "checkpoints"
    return folder.exists() and any("orbax-checkpoint-tmp" in path.name for path in folder.iterdir())


PHASES = {
    "start": ({}, lambda workdir, _: (workdir / "trainer.lock").exists(), "once"),
    "loader": ({"faults": {"slow": 3.0}}, lambda workdir, _: any(workdir.glob("events*")), "once"),
    "compile": ({"faults": {"slow_compile": 5.0}}, lambda workdir, _: any(workdir.glob("events*")), "twice"),
    "train": ({"faults": {"slow": 0.02}}, lambda workdir, _: last_step(workdir) >= 7, "once"),
    "data wait": (
        {"faults": {"slow": 2.0}, "num_steps": 4},
        lambda workdir, _: last_step(workdir) >= 1,
        "group",
    ),
    "evaluate": (
        {"faults": {"slow_validation": 10.0}},
        lambda workdir, _: last_step(workdir) >= 19 and _quiet(workdir),
        "twice",
    ),
    "save": ({"ballast": 10_000_000, "num_steps": 12, "validate_every": 12}, _saving, "interrupt"),
}


def _quiet(workdir: pathlib.Path) -> bool:
    """Whether nothing was done for half a second."""
    return time.time() - (workdir / "trace.jsonl").stat().st_mtime > 0.5


def sigterm(place: Place) -> Row:
    """B4: in every phase, once, twice, to the group; resumed to the same bits."""
    whole = place.workdir("tiny-reference")
    process = start(place, tiny_command(whole), "tiny-reference")
    expect(process.wait() == FINISHED, process.tail())
    words, slowest = [], 0.0
    for name, (changes, ready, how) in PHASES.items():
        seconds, workdir = stop_when(place, name.replace(" ", "-"), changes, ready, how)
        if set(changes) <= {"faults"}:
            expect_same(whole, workdir)
        words.append(f"{name} ({how}) {seconds:.1f} s")
        slowest = max(slowest, seconds)
    expect(slowest <= 20.0, f"took {slowest:.1f} s: {', '.join(words)}")
    return Row("B4 SIGTERM", ", ".join(PHASES), "status 42, resumed bit-identical: " + ", ".join(words))


def sigterm_agent(place: Place) -> Row:
    """B4 on the real task: at the start, in the compilation, while training."""
    whole, workdir, words = reference(place, STEPS), place.workdir("term-agent"), []
    ready = {
        "start": lambda: (workdir / "trainer.lock").exists(),
        "compile": lambda: any(workdir.glob("events*")),
        "train": lambda: last_step(workdir) >= 7,
        "later": lambda: last_step(workdir) >= 33,
    }
    for name, condition in ready.items():
        process = start(place, agent_command(place, workdir), "term-agent")
        wait_for(condition, process)
        began = time.monotonic()
        send(process, "twice")
        status = process.wait(60)
        expect(status == PREEMPTED, f"{name}: status {status}; {process.tail()}")
        words.append(f"{name} {time.monotonic() - began:.1f} s")
        expect(not last_step(workdir) or committed(workdir)[-1] == last_step(workdir), "steps were lost")
    process = start(place, agent_command(place, workdir), "term-agent")
    expect(process.wait() == FINISHED, process.tail())
    seen = expect_same(whole, workdir)
    return Row("B4 SIGTERM, agent", "twice at once in " + ", ".join(words), f"status 42 each; {seen}")


def sigterm_pair(place: Place) -> Row:
    """B4 with two processes: TERM to one of them, then to the other."""
    whole, workdir, words = reference(place, LONG, pair=True), place.workdir("term-pair"), []
    for target in (0, 1):
        done = last_step(workdir)
        processes = start_pair(place, agent_command(place, workdir, *long_flags()))
        try:
            wait_for(lambda done=done: last_step(workdir) >= done + 20, processes[0])
            began = time.monotonic()
            send(processes[target], "twice")
            statuses = [process.wait(60) for process in processes]
            words.append(f"{time.monotonic() - began:.1f} s")
            expect(statuses == [PREEMPTED] * 2, f"statuses {statuses}; {processes[0].tail()}")
            expect(committed(workdir)[-1] == last_step(workdir), "steps were lost")
        finally:
            for process in processes:
                process.kill()
    processes = start_pair(place, agent_command(place, workdir, *long_flags()))
    for process in processes:
        expect(process.wait() == FINISHED, process.tail())
    seen = expect_same(whole, workdir)
    return Row("B4 SIGTERM, two processes", "to process 0, then to process 1", f"{', '.join(words)}; {seen}")


def sigterm_large(place: Place, parameters: int = 40_000_000) -> Row:
    """B4: how long until 40 million parameters, their moments and their average are durable."""
    changes = {"ballast": parameters, "validate_every": 1000, "num_steps": 1000, "loop": {"save_every": 0}}
    workdir = place.workdir("term-large")
    process = start(place, tiny_command(workdir, changes), "term-large")
    try:
        wait_for(lambda: last_step(workdir) >= 3, process)
        began = time.monotonic()
        send(process, "once")
        wait_for(lambda: bool(committed(workdir)), process)
        durable = time.monotonic() - began
        status, gone = process.wait(120), time.monotonic() - began
    finally:
        process.kill()
    expect(status == PREEMPTED, process.tail())
    expect(durable <= 20.0, f"durable after {durable:.1f} s only")
    size = sum(path.stat().st_size for path in workdir.rglob("*") if path.is_file()) / 1e6
    seen = f"durable after {durable:.1f} s, process gone after {gone:.1f} s, {size:.0f} MB"
    return Row("B4 durable", f"SIGTERM with {parameters / 1e6:.0f} M parameters", seen)
