"""How far long work has come, told to whoever asked, without threading a callback through every call."""

from __future__ import annotations

import contextlib
import contextvars
import time
from collections.abc import Callable, Iterator

Told = Callable[[str, int, int], None]
"""Called with the phase, the windows done and the windows in all."""

_listener: contextvars.ContextVar[Told | None] = contextvars.ContextVar("listener", default=None)
_phase: contextvars.ContextVar[str] = contextvars.ContextVar("phase", default="")


@contextlib.contextmanager
def told_to(listener: Told | None) -> Iterator[None]:
    """Inside the block, `advance` calls `listener`; None keeps quiet."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def phase(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Inside the block, work counts as `name`; its wall time is added to `seconds[name]`."""
    token = _phase.set(name)
    start = time.perf_counter()
    advance(0, 1)
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start
        _phase.reset(token)


def advance(done: int, total: int) -> None:
    """Say that `done` of `total` windows of the present phase are finished."""
    listener = _listener.get()
    if listener is not None:
        listener(_phase.get(), done, total)
