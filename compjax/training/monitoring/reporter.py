"""What becomes of a step's scalars: fetched while the next step runs, judged, and shown."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Mapping

import jax
import numpy as np
from absl import logging

from compjax.training.feed import Fed
from compjax.training.monitoring.goodput import Goodput
from compjax.training.monitoring.guards import Guards, Seen
from compjax.training.monitoring.monitor import Monitor
from compjax.training.process.lifecycle import Lifecycle
from compjax.training.task import Cost, Scalars, Task, Validation

GATES = "gates/"


@dataclasses.dataclass(frozen=True)
class Pending:
    """A step whose scalars are still on the device."""

    number: int
    scalars: Scalars
    fed: Fed


class Reporter:
    """Guards, monitor, trace and goodput of a run that goes on after step `start`."""

    def __init__(self, task: Task, workdir: str, lifecycle: Lifecycle, guards: Guards, start: int) -> None:
        self._task, self._loop, self._guards = task, task.loop, guards
        self._phase, self._writes = lifecycle.phase, lifecycle.peers.index == 0
        self._goodput = Goodput(workdir, lifecycle.phase, start)
        config = dict(task.fingerprint["config"]) | {"num_steps": self._loop.num_steps}
        self._monitor = Monitor(workdir, start, config, self._writes)
        self._trace = Trace(workdir, lifecycle.peers.index) if self._loop.trace else None
        self._pending: Pending | None = None
        self._gates: list[Mapping[str, float]] = []
        self._warnings: list[str] = []
        self._reported: tuple[int, float, float] | None = None
        for line in task.pipeline.skipped:
            self._monitor.event(start, "skipped", line)

    def describe(self, cost: Cost) -> None:
        """What a step costs."""
        self._monitor.describe(cost)

    def begun(self, pending: Pending) -> None:
        """A step has begun: look at the one before while it runs.

        Raises:
            NotFinite: if that was one too many that was not.
        """
        before, self._pending = self._pending, pending
        self._look(before)
        if self._is_due(pending.number):
            self.drain()

    def drain(self) -> None:
        """Look at the last step begun, too; raises as `begun`."""
        pending, self._pending = self._pending, None
        self._look(pending)

    def validated(self, number: int, validation: Validation, parameters: Mapping) -> None:
        """Show a validation, and how the parameters (nested, NumPy) are spread."""
        with self._phase("report"):
            self._monitor.parameters(number, parameters)
            self._monitor.validation(number, validation)

    def event(self, number: int, name: str, text: str) -> None:
        """Show something out of the ordinary."""
        self._monitor.event(number, name, text)

    def warn(self, text: str) -> None:
        """Something that training survives; shown with the next step."""
        logging.warning("%s", text)
        self._warnings.append(text)

    def close(self, number: int) -> None:
        """Write what is waiting."""
        if self._writes:
            self._goodput.write(number, force=True)
        self._monitor.close()
        if self._trace is not None:
            self._trace.close()

    def _is_due(self, number: int) -> bool:
        return number % self._loop.log_every == 0 or number == self._loop.num_steps

    def _look(self, pending: Pending | None) -> None:
        """Fetch a step's scalars, judge and show them."""
        if pending is None:
            return
        with self._phase("step"):  # until the device is done with it
            values = {name: float(value) for name, value in jax.device_get(pending.scalars).items()}
        with self._phase("report"):
            fed, number = pending.fed, pending.number
            if self._trace is not None:
                self._trace.step(number, fed.checksum, values)
            self._monitor.step(number, values, self._rates(number))
            if event := self._guards.look(Seen(number, values, fed.local, fed.sample_ids)):
                self._monitor.event(number, *event)
            while self._warnings:
                self._monitor.event(number, "checkpoint", self._warnings.pop(0))
            self._epoch(number, values)

    def _epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Show the gates' means over an epoch."""
        gates = {name: value for name, value in values.items() if name.startswith(GATES)}
        if not gates:
            return
        self._gates.append(gates)
        length = self._loop.epoch_steps or self._task.pipeline.epoch_steps or self._loop.validate_every
        if number % length == 0:
            means = {name: float(np.mean([seen[name] for seen in self._gates])) for name in gates}
            self._monitor.epoch(number, means)
            self._gates = []

    def _rates(self, number: int) -> dict[str, float]:
        """How fast it goes, at every `log_every`-th step."""
        if not self._is_due(number):
            return {}
        now, waited = time.monotonic(), self._phase.seconds()["data"]
        before, self._reported = self._reported, (number, now, waited)
        rates = {
            "learning_rate": float(self._task.learning_rate(number)),
            "goodput": self._goodput.write(number) if self._writes else 0.0,
            "bad_steps": float(self._guards.bad),
            "spikes": float(self._guards.spikes),
        }
        if before is not None and number > before[0]:  # the first stretch holds the compilation
            each = max((now - before[1]) / (number - before[0]), 1e-9)
            clips = self._task.batch_size / each
            rates["step_seconds"], rates["clips_per_second"] = each, clips
            rates["audio_seconds_per_second"] = clips * self._task.clip_seconds
            rates["data_wait"] = (waited - before[2]) / max(now - before[1], 1e-9)
        return rates


TRACE_NAME = "trace.jsonl"


class Trace:
    """One line for every step: its number, its batch's checksum, its scalars as exact hexadecimal numbers.

    A resumed run appends; a step that was done twice stands there twice.
    """

    def __init__(self, workdir: str, process: int) -> None:
        name = TRACE_NAME if process == 0 else f"trace-{process}.jsonl"
        self._file = os.open(os.path.join(workdir, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def step(self, number: int, batch: str, scalars: Mapping[str, float]) -> None:
        """Append a step."""
        exact = {name: float(value).hex() for name, value in sorted(scalars.items())}
        line = json.dumps({"step": number, "batch": batch, "scalars": exact}) + "\n"
        with contextlib.suppress(OSError):  # a full disk is the checkpoints' to report
            os.write(self._file, line.encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
