"""Runs that are killed, asked to stop, and started again: B1 to B4, B11, B13, B18, B19."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import time

from tests.resilience.harness import (
    FINISHED,
    PREEMPTED,
    Place,
    Process,
    Row,
    agent_command,
    committed,
    expect,
    expect_same,
    last_step,
    records,
    resumed_at,
    start,
    start_pair,
    wait_for,
)

STEPS = 60
LONG = 120
"""Steps of the runs that are killed, so that there is time for it."""
SAVE_EVERY = 5


def long_flags(steps: int = LONG) -> tuple[str, ...]:
    """Flags of a run of `steps` that validates seldom."""
    return f"--config.num_steps={steps}", "--config.validate_every=100", "--config.loop.save_every=8"


def reference(place: Place, steps: int, pair: bool = False) -> pathlib.Path:
    """The workdir of an uninterrupted agent run of one process, or of a pair."""
    name = f"reference{steps}{'-pair' if pair else ''}"
    workdir = place.workdir(name)
    if not committed(workdir) or committed(workdir)[-1] != steps:
        flags = long_flags(steps) if steps != STEPS else ()
        command = agent_command(place, workdir, *flags)
        for process in start_pair(place, command) if pair else [start(place, command, name)]:
            expect(process.wait() == FINISHED, f"the reference failed: {process.tail()}")
    return workdir


def resume_equality(place: Place, seed: int = 0) -> Row:
    """B1: stop at five random steps, go on, compare with the run that was not stopped."""
    whole, workdir = reference(place, STEPS), place.workdir("resumed")
    stopped = []
    for number in sorted(random.Random(seed).sample(range(1, STEPS - 5), 5)):
        process = start(place, agent_command(place, workdir), "resumed")
        aim = max(number, last_step(workdir) + 1)
        wait_for(lambda aim=aim: last_step(workdir) >= aim, process)
        send(process, "once")
        expect(process.wait() == PREEMPTED, process.tail())
        stopped.append(last_step(workdir))
    process = start(place, agent_command(place, workdir), "resumed")
    expect(process.wait() == FINISHED, process.tail())
    seen = expect_same(whole, workdir)
    return Row("B1 resume equality", f"agent, {STEPS} steps, stopped after {stopped}", seen)


def same_seed(place: Place) -> Row:
    """B13: the same run again, with another hash seed."""
    whole, workdir = reference(place, STEPS), place.workdir("again")
    process = start(place, agent_command(place, workdir), "again", PYTHONHASHSEED="12345")
    expect(process.wait() == FINISHED, process.tail())
    return Row("B13 determinism", "agent, same seed, other PYTHONHASHSEED", expect_same(whole, workdir))


def lines(workdir: pathlib.Path) -> int:
    """Steps that were ever done in a workdir."""
    return sum(1 for _ in records(workdir))


class Killer:
    """Kills a run again and again at random times, and starts it again until it is done."""

    def __init__(self, place: Place, name: str, kills: int, pair: bool, seed: int) -> None:
        self._place, self._name, self._kills, self._pair = place, name, kills, pair
        self._random = random.Random(seed)
        self.killed = self.partial = self.repeated = 0
        self.slowest = 0.0
        self.words: list[str] = []

    def _start(self, workdir: pathlib.Path) -> list[Process]:
        command = agent_command(self._place, workdir, *long_flags())
        return start_pair(self._place, command) if self._pair else [start(self._place, command, self._name)]

    def run(self) -> list[pathlib.Path]:
        """All the workdirs that it took."""
        workdirs: list[pathlib.Path] = []
        while self.killed < self._kills:
            workdirs.append(self._place.workdir(f"{self._name}{len(workdirs)}"))
            self._one_run(workdirs[-1])
        return workdirs

    def _one_run(self, workdir: pathlib.Path) -> None:
        """One run to its end, killed while kills are left."""
        while True:
            before, done = committed(workdir), lines(workdir)
            processes = self._start(workdir)
            try:
                if self.killed < self._kills and self._kill(processes, workdir, done):
                    self._check_resume(processes[0], before)
                    continue
                for process in processes:
                    expect(process.wait() == FINISHED, process.tail())
                self._check_resume(processes[0], before)
                return
            finally:
                for process in processes:
                    process.kill()

    def _kill(self, processes: list[Process], workdir: pathlib.Path, done: int) -> bool:
        """Kill one at a random time after the first new step; whether it was still at work."""
        victim = self._random.choice(processes)
        aim = self._random.randint(1, max(2, (2 * LONG) // self._kills))
        resumed = committed(workdir)[-1] if committed(workdir) else 0
        target = done + min(aim, LONG - resumed)  # steps may be repeated, so they are counted, not numbered
        wait_for(lambda: lines(workdir) >= target, processes[0])
        time.sleep(self._random.uniform(0.0, 0.1))
        if victim.popen.poll() is not None:
            return False
        victim.kill()
        self.killed += 1
        began = time.monotonic()
        for process in processes:
            if process is not victim:
                status = process.wait(60)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.words.append("died" if "died" in process.text() else f"no word, status {status}")
        self.partial += any("tmp" in path.name for path in (workdir / "checkpoints").glob("*"))
        self.repeated += max(0, last_step(workdir) - (committed(workdir) or [0])[-1])
        return True

    @staticmethod
    def _check_resume(process: Process, before: list[int]) -> None:
        """A run that got as far as resuming must have taken the last committed checkpoint."""
        if before and "resumed at step" in process.text():
            found = resumed_at(process)
            expect(found == before[-1], f"went on from {found}, not from {before[-1]}: {process.tail()}")
        expect("set aside" not in process.text(), f"a checkpoint was bad: {process.tail()}")


def kills(place: Place, seed: int = 1) -> Row:
    """B2: kill -9 of one process."""
    whole = reference(place, LONG)
    killer = Killer(place, "killed", place.kills, False, seed)
    workdirs = killer.run()
    for workdir in workdirs:
        seen = expect_same(whole, workdir)
    seen += f"; {killer.partial} kills left a partial save, {killer.repeated} steps repeated in all"
    return Row("B2 kill -9", f"agent, {killer.killed} kills at random times, {len(workdirs)} runs", seen)


def pair_kills(place: Place, seed: int = 2) -> Row:
    """B3, B11: kill -9 of one of two processes; compared with two that nobody killed."""
    whole = reference(place, LONG, pair=True)
    killer = Killer(place, "pair", place.pair_kills, True, seed)
    workdirs = killer.run()
    for workdir in workdirs:
        seen = expect_same(whole, workdir)
    expect(killer.slowest <= 15.0, f"a survivor took {killer.slowest:.1f} s to end")
    named = sum(word == "died" for word in killer.words)
    seen += (
        f"; survivors ended within {killer.slowest:.1f} s, {named} of {len(killer.words)} named the dead peer"
    )
    return Row(
        "B3 two-process kills, B11",
        f"agent, 2 processes x 2 devices, {killer.killed} kills of a random process",
        seen,
    )


def send(process: Process, how: str) -> None:
    """SIGTERM: once, twice at once, to the whole group, or SIGINT."""
    if how == "interrupt":
        os.kill(process.pid, signal.SIGINT)
    elif how == "group":
        os.killpg(process.pid, signal.SIGTERM)
        os.kill(process.pid, signal.SIGTERM)
    else:
        for _ in range(2 if how == "twice" else 1):
            os.kill(process.pid, signal.SIGTERM)


def goodput(place: Place) -> Row:
    """B18: after all those kills the parts of the time still add up to the whole."""
    worst, runs = 0.0, 0
    for path in sorted(place.root.glob("*/goodput.json")):
        found = json.loads(path.read_text())
        share = abs(sum(found["seconds"].values()) - found["wall_seconds"]) / found["wall_seconds"]
        worst, runs = max(worst, share), runs + 1
    expect(runs > 0, "no run left a goodput.json")
    expect(worst <= 0.02, f"the parts differ from the whole by {worst:.1%}")
    return Row(
        "B18 goodput", f"{runs} runs, killed and resumed", f"parts sum to wall time within {worst:.2%}"
    )


def events(place: Place) -> Row:
    """B19: each step once and in order in TensorBoard's files, however often the run was killed."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folders = sorted(path for path in place.root.glob("killed*") if committed(path))
    expect(bool(folders), "no killed run")
    read = EventAccumulator(str(folders[0]), size_guidance={"scalars": 0})
    read.Reload()
    steps = [event.step for event in read.Scalars("train/novelty_hinge")]
    expect(steps == sorted(set(steps)), "steps repeat or go back")
    expect(steps[-1] == LONG, f"the last step is {steps[-1]}")
    files = len(list(folders[0].glob("events*")))
    return Row(
        "B19 TensorBoard", f"the killed run's {files} files", f"{len(steps)} steps, each once, in order"
    )
