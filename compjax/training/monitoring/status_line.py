"""How far a run is: one line that is kept up to date on a terminal, nothing of the kind in a log."""

from __future__ import annotations

import sys
import time

from absl import logging

REFRESH_SECONDS = 0.25
CLEAR = "\r\x1b[K"
"""Back to the line's beginning, and empty it."""


def duration(seconds: float) -> str:
    """Seconds in words of two units at most: `45 s`, `3 min 05 s`, `2 h 10 min`, `4 d 03 h`."""
    whole = int(round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


class RemainingTime:
    """Time to the last step, from the pace since the first step, which compiles and is left out."""

    def __init__(self, last: int, clock=time.monotonic) -> None:
        self._last, self._clock = last, clock
        self._begun: tuple[int, float] | None = None

    def remaining(self, number: int) -> float | None:
        """Seconds left after step `number`; None at the first call."""
        now = self._clock()
        if self._begun is None:
            self._begun = (number, now)
            return None
        done, elapsed = number - self._begun[0], now - self._begun[1]
        return elapsed / done * max(self._last - number, 0) if done > 0 else None


class ProgressLine:
    """The last line of a terminal; log records that come in between are written above it."""

    def __init__(self, stream=None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self.live = bool(getattr(self._stream, "isatty", lambda: False)())
        self._shown, self._next = False, 0.0
        if self.live:
            logging.get_absl_handler().addFilter(self._make_way)

    def show(self, text: str) -> None:
        """Put `text` there, unless it was changed a moment ago or the stream is no terminal."""
        if self.live and time.monotonic() >= self._next:
            self._next = time.monotonic() + REFRESH_SECONDS
            self._stream.write(f"{CLEAR}{text}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Empty the line."""
        if self._shown:
            self._stream.write(CLEAR)
            self._stream.flush()
        self._shown = False

    def close(self) -> None:
        """Empty the line and leave the log alone from now on."""
        self.clear()
        if self.live:
            logging.get_absl_handler().removeFilter(self._make_way)
        self.live = False

    def _make_way(self, record) -> bool:
        del record
        self.clear()
        return True
