"""What a failed restore leaves behind, kept off the terminal.

Orbax reads all arrays of a checkpoint at once. When one is damaged, the reads of the others are left without
an event loop: TensorStore's threads and Python's collector then print pages about each, after the one
line that says what is wrong.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from collections.abc import Callable, Iterator

from absl import logging

PATIENCE = 0.3
"""Seconds in which TensorStore's threads end what they have begun."""


def _settle() -> None:
    gc.collect()  # coroutines that nobody waits for any more
    time.sleep(PATIENCE)


@contextlib.contextmanager
def hushed() -> Iterator[Callable[[], None]]:
    """Errors that nobody can catch go to the finest level of the log; gives what to call after a failure."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda lost: logging.debug("left behind: %r in %r", lost.exc_value, lost.object)
    try:
        yield _settle
    finally:
        sys.unraisablehook = before
