"""A request to stop, which a loop asks for between steps."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupt:
    """Turns SIGTERM and SIGINT into a flag, so that a loop can save before it ends."""

    def __init__(self) -> None:
        self.raised = False
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._raise)

    def _raise(self, number: int, frame: Any) -> None:
        del number, frame
        self.raised = True
