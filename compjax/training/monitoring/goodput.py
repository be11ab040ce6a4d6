"""How a run's time was spent, over all its restarts: `goodput.json`.

Seconds by phase come from `phases`; two more are found out at a restart: `lost`, steps done after the last
checkpoint and done again, and `down`, from the last report of one process to the creation of the next. All of
them together are the wall time since the first process was created.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping

from compjax.errors import UserError
from compjax.files import atomic_path
from compjax.training.process.phases import Phases

NAME = "goodput.json"
MIN_INTERVAL = 5.0
"""Seconds between two writings."""


class Goodput:
    """Adds this process's time to what `workdir/goodput.json` says of the ones before.

    Args:
        step: the step that this process begins after.
    """

    def __init__(self, workdir: str, phases: Phases, step: int) -> None:
        self._path, self._phases = os.path.join(workdir, NAME), phases
        self._first, self._written = step, 0.0
        before = _read(self._path)
        self._begun = float(before.get("begun", phases.begun))
        self._starts = int(before.get("starts", 0)) + 1
        self._before = {name: float(value) for name, value in before.get("seconds", {}).items()}
        self._steps_before = int(before.get("steps", 0))
        if before:
            self._book_restart(before, step)

    def _book_restart(self, before: Mapping, step: int) -> None:
        """What the earlier process did in vain, and the time when nothing ran."""
        repeated = max(0, int(before["last_step"]) - step)
        each = self._before.get("step", 0.0) / max(self._steps_before, 1)
        lost = min(repeated * each, self._before.get("step", 0.0))
        self._before["step"] = self._before.get("step", 0.0) - lost
        self._before["lost"] = self._before.get("lost", 0.0) + lost
        self._steps_before -= min(repeated, self._steps_before)
        down = max(0.0, self._phases.begun - float(before["written"]))
        self._before["down"] = self._before.get("down", 0.0) + down

    def summary(self, step: int) -> dict:
        """What the file holds at a step."""
        seconds = dict(self._before)
        for name, value in self._phases.seconds().items():
            seconds[name] = seconds.get(name, 0.0) + value
        now = time.time()
        wall = now - self._begun
        return {
            "begun": self._begun,
            "written": now,
            "wall_seconds": wall,
            "goodput": seconds["step"] / max(wall, 1e-9),
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
            "starts": self._starts,
            "last_step": step,
            "steps": self._steps_before + step - self._first,
        }

    def write(self, step: int, force: bool = False) -> float:
        """Write the file, not too often, and return the share of time spent in steps that count."""
        summary = self.summary(step)
        if force or time.monotonic() - self._written > MIN_INTERVAL:
            self._written = time.monotonic()
            try:
                with atomic_path(self._path) as path, open(path, "w") as file:
                    json.dump(summary, file, indent=1)
            except (OSError, UserError):
                pass  # a full disk is the checkpoints' to report; the next writing may succeed
        return summary["goodput"]


def _read(path: str) -> dict:
    """The file, or nothing where there is none that can be read."""
    try:
        with open(path) as file:
            found = json.load(file)
        return found if {"begun", "written", "seconds", "last_step"} <= set(found) else {}
    except (OSError, ValueError):
        return {}
