"""What a failed restore leaves behind, kept off the terminal.

Orbax reads all arrays of a checkpoint at once. When one is damaged, the reads of the others are left without
an event loop: TensorStore's threads and Python's collector then print pages about each, after the one
line that says what is wrong, the last of them when the process ends.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from absl import logging

READER = "orbax"
"""Package whose lost reads are left behind."""


def _code(lost: Any) -> CodeType | None:
    """The code of a coroutine, or of anything that runs one."""
    return getattr(lost, "cr_code", None)


def hush() -> None:
    """Send errors of Orbax's lost reads to the finest level of the log from now on; others go as before."""
    before = sys.unraisablehook
    if getattr(before, "hushes", None) == READER:
        return

    def hook(lost: Any) -> None:
        code = _code(lost.object)
        outside = lost.object is None and "Event loop is closed" in str(lost.exc_value)
        if outside or (code is not None and f"/{READER}/" in code.co_filename):
            logging.debug("left behind: %r in %r", lost.exc_value, lost.object)
        else:
            before(lost)

    hook.hushes = READER
    sys.unraisablehook = hook
