"""The one owner of SIGTERM and SIGINT, in every phase of a run.

A Python handler runs only between two instructions of the main thread, which may be deep in a compilation.
The wake-up pipe is written by the C handler at once, and a thread of our own reads it: before there is
anything to save it ends the process, later the loop asks `raised` at every step.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from compjax.training.process import exits

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 5.0
"""Seconds after which another signal ends the process unsaved: schedulers send the first one twice."""


LINGER = 5.0
"""Seconds for other threads to end after the main one: after a failed save Orbax's wait for five minutes."""


class Stop(Exception):
    """The run is to save and end; raised where the loop asks."""


def leave(status: int) -> None:
    """End the process now, whatever its other threads do."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def end_promptly(status: int) -> None:
    """Once the main thread is through, wait `LINGER` at most for threads that keep the process alive."""

    def watch() -> None:
        while threading.main_thread().is_alive():
            time.sleep(0.2)
        time.sleep(LINGER)
        leave(status)

    threading.Thread(target=watch, name="end", daemon=True).start()


class Interrupt:
    """Turns signals into a flag; in the main thread only, elsewhere it never rises.

    Attributes:
        raised: whether a signal came.
        armed: whether there is something to save, so that the loop must see the flag.
        respond: called by the first signal, in a thread of its own.
    """

    def __init__(self) -> None:
        self.raised, self.armed = False, False
        self.respond: Callable[[], None] = self.stand_down
        self._first = 0.0
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(self._read, True)
        self._before: dict[int, object] = {}
        self.install()
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def install(self) -> None:
        """Take the signals; again after jax.distributed has started, which takes SIGTERM for itself."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            before = signal.signal(number, lambda *_: None)
            self._before.setdefault(number, before)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def _listen(self) -> None:
        while True:
            for number in os.read(self._read, 64):
                if number == 0:
                    return
                if number in SIGNALS:
                    self._receive(number)

    def _receive(self, number: int) -> None:
        now = time.monotonic()
        if self._first:
            if now - self._first > PATIENCE:
                print("compjax-train: second signal: ending without saving", file=sys.stderr)
                leave(128 + number)
            return
        self._first = now
        self.respond()

    def stand_down(self) -> None:
        """Raise the flag; before there is anything to save, end the process."""
        self.raised = True
        if self.armed:
            print("compjax-train: asked to stop: saving after this step", file=sys.stderr, flush=True)
        else:
            print("compjax-train: asked to stop before the first step: nothing to save", file=sys.stderr)
            leave(exits.PREEMPTED)

    def arm(self) -> None:
        """From now on there is something to save."""
        self.armed = True
        if self.raised:  # it came in between
            raise Stop

    def close(self) -> None:
        """Give the signals back."""
        if self._before:
            signal.set_wakeup_fd(-1)
            for number, handler in self._before.items():
                signal.signal(number, handler)
        os.write(self._write, b"\0")
        self._thread.join()
        os.close(self._read)
        os.close(self._write)
