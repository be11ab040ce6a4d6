"""What the process is doing right now, and how its time was spent: read by the watchdog and the goodput."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping

import psutil

NAMES = ("start", "restore", "compile", "data", "step", "validate", "save", "report", "finish")


@dataclasses.dataclass(frozen=True)
class Moment:
    """A phase, the step it belongs to, and when (monotonic) it last made progress."""

    name: str
    step: int
    since: float


class Phases:
    """Exactly one phase is on at any time; a phase inside another takes over until it ends.

    The time since the process was created counts as `start` until another phase begins.
    """

    def __init__(self) -> None:
        age = time.time() - psutil.Process().create_time()
        self._seconds = dict.fromkeys(NAMES, 0.0)
        self._counted = time.monotonic() - age
        self.begun = time.time() - age
        self.step = 0
        self.now = Moment("start", 0, time.monotonic())

    def _switch(self, name: str) -> None:
        now = time.monotonic()
        self._seconds[self.now.name] += now - self._counted
        self._counted = now
        self.now = Moment(name, self.step, now)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """The phase `name`, one of NAMES, until the block ends."""
        if name not in self._seconds:
            raise ValueError(f"unknown phase {name!r}; known are {', '.join(NAMES)}")
        outer = self.now.name
        self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def touch(self) -> None:
        """Progress within a phase: its time limit begins anew."""
        self.now = dataclasses.replace(self.now, step=self.step, since=time.monotonic())

    def seconds(self) -> Mapping[str, float]:
        """Seconds by phase since the process was created, the present one included."""
        counted = dict(self._seconds)
        counted[self.now.name] += time.monotonic() - self._counted
        return counted
