"""What a command is doing, and how long it will still take."""

from __future__ import annotations

import sys
import time


class ProgressBar:
    """What is being done, on stderr: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self, stream=None, width: int = 30, quiet_seconds: float = 1.0, line_seconds: float = 10.0):
        """Keep quiet for `quiet_seconds`; without a terminal, write a line every `line_seconds`."""
        self._before = ""
        self._stream = sys.stderr if stream is None else stream
        self._width = width
        self._on_terminal = self._stream.isatty()
        self._pause = 0.1 if self._on_terminal else line_seconds
        self._next = time.monotonic() + (quiet_seconds if self._on_terminal else line_seconds)
        self._shown, self._longest = False, 0

    def begin(self, said: str) -> None:
        """Put what is being done before the bar."""
        self._before = f"{said}  " if said else ""

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Say that `done` of `total` windows of a phase are finished."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause
        filled = round(self._width * done / max(total, 1))
        bar = "#" * filled + "." * (self._width - filled)
        text = f"{self._before}{phase:8} [{bar}] {100 * done // max(total, 1):3d} %"
        self._longest = max(self._longest, len(text))
        self._stream.write(f"\r{text:{self._longest}}" if self._on_terminal else f"{text}\n")
        self._stream.flush()
        self._shown = self._on_terminal

    def close(self) -> None:
        """Leave the terminal's line as it was."""
        if self._shown:
            self._stream.write("\r" + " " * self._longest + "\r")
            self._stream.flush()
        self._shown = False


class ManyTimes:
    """How many of many things of a kind are done, and how long the others will take."""

    def __init__(self, count: int, clock=time.monotonic):
        """Of `count` things; `clock` tells seconds."""
        self.count, self.done, self._clock, self._start = count, 0, clock, clock()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._start

    def finish_one(self) -> None:
        """One more is done."""
        self.done += 1

    def where(self) -> str:
        """Where it stands: "3 of 12, about 40 s left"; no time before the first is done."""
        place = f"{min(self.done + 1, self.count)} of {self.count}"
        if not self.done:
            return place
        return f"{place}, about {in_words(self.seconds / self.done * (self.count - self.done))} left"


def in_words(seconds: float) -> str:
    """A duration: 40 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
