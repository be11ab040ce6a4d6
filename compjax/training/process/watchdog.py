"""Ends a process that makes no progress, and says where it stood.

JAX's own heartbeats come from a C++ thread: a process that is stuck in Python keeps them up, and its peers
wait for it for ever.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping

from compjax.errors import UserError
from compjax.training.process import exits
from compjax.training.process.phases import NAMES, Phases

TIMEOUTS = {
    "start": 900.0,
    "restore": 1800.0,
    "compile": 3600.0,
    "data": 600.0,
    "step": 600.0,
    "validate": 600.0,
    "save": 1800.0,
    "report": 300.0,
    "finish": 300.0,
}
"""Seconds without progress that a phase may take."""

INTERVAL = 0.25
STDLIB = os.path.dirname(threading.__file__)
MAKERS = ("feed", "batches")
"""Threads that the main thread waits for in the phase `data`."""
LAST_RESORT = 600.0
"""Seconds after which a C thread ends the process (status 1) if this one cannot run for want of the GIL."""


def timeouts(changes: Mapping[str, float]) -> dict[str, float]:
    """The limits with those of a configuration; a UserError names a phase that does not exist."""
    unknown = set(changes) - set(NAMES)
    if unknown:
        raise UserError(f"timeouts: no phase {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return TIMEOUTS | {name: float(value) for name, value in changes.items()}


def _place(thread: int | None) -> str:
    """`file:line in function` of the innermost line of a thread that is no library's."""
    frame = innermost = sys._current_frames().get(thread)
    if frame is None:
        return "an unknown place"
    while frame is not None and _of_a_library(frame.f_code.co_filename):
        frame = frame.f_back
    code = (frame or innermost).f_code
    file = os.path.join(*code.co_filename.split(os.sep)[-3:])
    return f"{file}:{(frame or innermost).f_lineno} in {code.co_name}"


def _of_a_library(path: str) -> bool:
    """Whether a file is Python's, or a package's other than this one."""
    ours = f"{os.sep}compjax{os.sep}" in path
    return not ours and (path.startswith((STDLIB, "<")) or "site-packages" in path)


def where(phase: str) -> str:
    """Where the main thread stands and, while it waits for data, those that make them."""
    threads = {thread.name: thread.ident for thread in threading.enumerate()}
    makers = [name for name in MAKERS if name in threads] if phase == "data" else []
    parts = [_place(threading.main_thread().ident)]
    return "; ".join(parts + [f"thread {name} at {_place(threads[name])}" for name in makers])


class Watchdog:
    """A thread that compares the phase's age with its limit.

    Attributes:
        limits: seconds by phase; set once the configuration is known.
        folder: where `watchdog-<process>.txt` with all stacks goes; None: stderr alone.
    """

    def __init__(self, phases: Phases, describe: Callable[[], str], process: int) -> None:
        self._phases, self._describe, self._process = phases, describe, process
        self._stop = threading.Event()
        self.limits, self.folder = dict(TIMEOUTS), None
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        armed = time.monotonic()
        faulthandler.dump_traceback_later(LAST_RESORT, exit=True, file=sys.__stderr__)
        while not self._stop.wait(INTERVAL):
            if time.monotonic() - armed > LAST_RESORT / 10:
                armed = time.monotonic()
                faulthandler.dump_traceback_later(LAST_RESORT, exit=True, file=sys.__stderr__)
            moment = self._phases.now
            age = time.monotonic() - moment.since
            if age > self.limits[moment.name]:
                self._end(moment.name, moment.step, age)
        faulthandler.cancel_dump_traceback_later()

    def _end(self, name: str, step: int, age: float) -> None:
        """Say what is known, dump all stacks, end the process."""
        text = (
            f"compjax-train: {self._describe()}: no progress in phase '{name}' at step {step} "
            f"for {age:.0f} s (limit {self.limits[name]:g} s), at {where(name)}"
        )
        print(text, file=sys.stderr, flush=True)
        faulthandler.dump_traceback(file=sys.__stderr__, all_threads=True)
        if self.folder is not None:
            try:
                with open(os.path.join(self.folder, f"watchdog-{self._process}.txt"), "w") as file:
                    print(text, file=file, flush=True)
                    faulthandler.dump_traceback(file=file, all_threads=True)
            except OSError:
                pass  # the disk may be what it is stuck on
        sys.stderr.flush()
        os._exit(exits.STALLED)

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()
