"""Steps that are not finite, processes that hang or leave something, runs that do not fit: B9 to B22."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import time

import psutil

from tests.resilience.harness import (
    BAD_DATA,
    FINISHED,
    NOT_FINITE,
    STALLED,
    Place,
    Process,
    Row,
    agent_command,
    committed,
    expect,
    last_step,
    meta,
    records,
    resumed_at,
    start,
    start_pair,
    tiny_command,
    wait_for,
)

LIMIT = 4.0
"""Seconds that a phase may take in the tests of the watchdog."""
MARGIN = 5.0


def not_finite(place: Place) -> Row:
    """B9: one batch with a NaN changes nothing; five in a row end the run, and the checkpoint is good."""
    workdir = place.workdir("nan")
    changes = {"num_steps": 12, "validate_every": 12, "loop": {"save_every": 1, "keep_latest": 20}}
    changes["faults"] = {"nan_steps": [7], "spike_step": 0}
    process = start(place, tiny_command(workdir, changes), "nan")
    expect(process.wait() == FINISHED, process.tail())
    finite = {record["step"]: float.fromhex(record["scalars"]["finite"]) for record in records(workdir)}
    expect([step for step, value in finite.items() if not value] == [7], f"finite: {finite}")
    before, after = (meta(workdir, step)["sums"] for step in (6, 7))
    changed = [path for path in before if before[path] != after[path]]
    expect(set(changed) <= {".step", ".bad_steps"}, f"step 7 changed {changed}")
    expect("step 7 was not finite" in process.text(), "the log does not name step 7")

    workdir = place.workdir("nan-row")
    changes["faults"] = {"nan_steps": [5, 7, 8, 9, 10, 11]}
    process = start(place, tiny_command(workdir, {**changes, "num_steps": 40}), "nan-row")
    status = process.wait()
    expect(status == NOT_FINITE, f"status {status}; {process.tail()}")
    found = json.loads((workdir / "diagnosis-0.json").read_text())["not_finite"]
    expect([seen["step"] for seen in found] == [7, 8, 9, 10, 11], f"diagnosis of {found}")
    ids = found[-1]["sample_ids"]
    expect(ids == list(range(80, 88)), f"sample ids {ids}")
    good = committed(workdir)[-1]
    rest = start(place, tiny_command(workdir, {**changes, "faults": {}}), "nan-row")
    expect(rest.wait() == FINISHED and resumed_at(rest) == good, rest.tail())
    seen = f"only the step's number changed, logged; status 70, diagnosis names samples {ids[0]} to {ids[-1]}"
    return Row("B9 not finite", "a NaN in batch 7; in batches 7 to 11", f"{seen}, checkpoint {good} good")


def spike(place: Place) -> Row:
    """B9: a loss far above its recent mean is logged with its samples."""
    workdir = place.workdir("spike")
    changes = {"num_steps": 60, "faults": {"spike_step": 50}}
    process = start(place, tiny_command(workdir, changes), "spike")
    expect(process.wait() == FINISHED, process.tail())
    lines = [line for line in process.text().splitlines() if "spike" in line and "samples" in line]
    expect(len(lines) >= 1 and "at step 50" in lines[0], f"{lines}")
    return Row("B9 spike", "targets of step 50 a thousand times too large", f"'{lines[0].split('] ')[-1]}'")


# Hanging ------------------------------------------------------------------------------------------------


def _stall(place: Place, name: str, faults: dict, phase: str) -> str:
    workdir = place.workdir(f"hang-{name}")
    changes = {"faults": faults, "loop": {"timeouts": {phase: LIMIT}}}
    process = start(place, tiny_command(workdir, changes), f"hang-{name}")
    wait_for(lambda: last_step(workdir) >= 20 or name == "data" and last_step(workdir) >= 8, process)
    began = time.monotonic()
    status = process.wait(60)
    seconds = time.monotonic() - began
    line = next((line for line in process.text().splitlines() if "no progress" in line), "")
    expect(status == STALLED and f"phase '{phase}'" in line, f"status {status}; {process.tail()}")
    expect(seconds <= LIMIT + MARGIN, f"{name}: {seconds:.1f} s")
    return f"{name} {seconds:.1f} s ({line.rsplit(' at ', 1)[1]})"


def hangs(place: Place) -> Row:
    """B10: a loader that does not answer, a validation that does not end."""
    words = [
        _stall(place, "data", {"hang_data": 10}, "data"),
        _stall(place, "validation", {"hang_validation": 20}, "validate"),
    ]
    return Row(
        "B10 hang", f"loader and validation hang, limit {LIMIT:.0f} s", "status 75: " + ", ".join(words)
    )


def hung_peer(place: Place) -> Row:
    """B10: one of two processes hangs in its loader; one of two is stopped as by a debugger."""
    limits = {"timeouts": {"data": LIMIT, "step": LIMIT}}
    workdir = place.workdir("hung-peer")
    changes = {"faults": {"hang_data": 10, "hang_process": 1}, "loop": limits}
    processes = start_pair(place, tiny_command(workdir, changes), devices=1)
    try:
        wait_for(lambda: last_step(workdir) >= 7, processes[0])
        began = time.monotonic()
        statuses = [process.wait(60) for process in processes]
        seconds = time.monotonic() - began
    finally:
        for process in processes:
            process.kill()
    expect(statuses == [STALLED] * 2, f"statuses {statuses}; {processes[0].tail()} {processes[1].tail()}")
    expect(seconds <= LIMIT + MARGIN, f"took {seconds:.1f} s")
    said = [line for process in processes for line in process.text().splitlines() if "process 1" in line]
    guilty = [line for line in said if "tiny.py" in line]
    expect(bool(guilty), f"nobody named the line: {said}")

    workdir = place.workdir("stopped-peer")
    processes = start_pair(
        place, tiny_command(workdir, {"faults": {"slow": 0.05}, "loop": limits}), devices=1
    )
    try:
        wait_for(lambda: last_step(workdir) >= 7, processes[0])
        os.kill(processes[1].pid, signal.SIGSTOP)
        began = time.monotonic()
        status = processes[0].wait(60)
        stopped = time.monotonic() - began
    finally:
        for process in processes:
            process.kill()
    expect(status == STALLED, f"status {status}; {processes[0].tail()}")
    expect(stopped <= LIMIT + MARGIN, f"took {stopped:.1f} s")
    expect("process 1 on" in processes[0].text(), processes[0].tail())
    place_named = re.search(r"thread feed at \S+ in \w+", guilty[0])
    expect(place_named is not None, guilty[0])
    seen = (
        f"both status 75 in {seconds:.1f} s, naming process 1, phase data, {place_named[0]}; {stopped:.1f} s"
    )
    return Row("B10 hung peer", f"one of two hangs in its loader, or is stopped; limit {LIMIT:.0f} s", seen)


# What is left behind ------------------------------------------------------------------------------------


def _descendants(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def _shared_memory() -> set[str]:
    folder = pathlib.Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def orphans(place: Place) -> Row:
    """B12: kill -9 of a trainer with loader processes; and an end in good order."""
    before, words = _shared_memory(), []
    for how in (signal.SIGKILL, signal.SIGTERM):
        workdir = place.workdir(f"orphans-{how.name}")
        flags = "--config.loop.workers=2", "--config.num_steps=100000"
        process = start(place, agent_command(place, workdir, *flags), "orphans")
        try:
            wait_for(lambda workdir=workdir: last_step(workdir) >= 5, process)
            children = _descendants(process)
            expect(len(children) >= 2, f"only {len(children)} loader processes")
            process.popen.send_signal(how)
            process.popen.wait(60)
            time.sleep(5.0)
        finally:
            process.kill()
        alive = [child for child in children if child.is_running() and child.status() != "zombie"]
        left = _shared_memory() - before
        expect(not alive and not left, f"after {how.name}: {alive} and {left} are left")
        words.append(f"{how.name}: {len(children)} children gone")
    return Row(
        "B12 orphans", "2 loader processes, 5 s after the end", f"{', '.join(words)}, no new shared memory"
    )


# Runs that do not fit -----------------------------------------------------------------------------------


def other_config(place: Place) -> Row:
    """B21: going on with another configuration, data or batch size is refused with the differences."""
    workdir = place.workdir("config")
    short = {"num_steps": 10}
    process = start(place, tiny_command(workdir, short), "config")
    expect(process.wait() == FINISHED, process.tail())
    changes = {**short, "learning_rate": 0.5, "batch_size": 16}
    process = start(place, tiny_command(workdir, changes), "config")
    status, text = process.wait(), process.text()
    wanted = ("learning_rate: 0.01 there, 0.5 here", "batch_size: 8 there, 16 here", "data: ")
    expect(status == BAD_DATA and all(word in text for word in wanted), f"status {status}; {process.tail()}")
    fields = text.rsplit("--allow_changed=", 1)[1].split()[0]
    command = tiny_command(workdir, {**changes, "num_steps": 12}) + [f"--allow_changed={fields}"]
    process = start(place, command, "config")
    expect(process.wait() == FINISHED and resumed_at(process) == 10, process.tail())
    seen = f"status 65, 3 lines of differences; goes on with --allow_changed={fields}"
    return Row("B21 other configuration", "other learning rate, batch size and so data", seen)


def two_trainers(place: Place) -> Row:
    """B22: the second trainer of a workdir refuses; the lock of a killed one is taken over."""
    workdir = place.workdir("lock")
    first = start(place, tiny_command(workdir, {"faults": {"slow": 3.0}}), "lock")
    try:
        wait_for(lambda: last_step(workdir) >= 1, first)
        second = start(place, tiny_command(workdir), "lock")
        status = second.wait()
        line = second.text().strip().splitlines()[-1]
        expect(status == BAD_DATA and f"process {first.pid}" in line, f"status {status}: {line}")
    finally:
        first.kill()
    third = start(place, tiny_command(workdir), "lock")
    expect(third.wait() == FINISHED, third.tail())
    expect(f"took over the lock of process {first.pid}" in third.text(), "the stale lock was not noticed")
    return Row(
        "B22 two trainers", "a second one; one after a kill -9", "status 65 naming host, pid, time; took over"
    )
