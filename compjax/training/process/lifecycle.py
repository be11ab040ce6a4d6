"""One owner of a run's process: its phases, signals, watchdog, peers and the lock of its workdir."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from compjax.errors import EXIT_CODE, UserError
from compjax.training.process import peers, watchdog
from compjax.training.process.interrupt import Interrupt, Stop, leave
from compjax.training.process.lock import WorkdirLock
from compjax.training.process.phases import Phases

EXPLANATION = 3.0
"""Seconds in which a peer's death is noticed after a collective operation has failed."""
FAREWELL = 1.0
"""Seconds that a process stays when it ends early, so that the others can still learn why from process 0."""


class Lifecycle:
    """From the first line of a run to its last; a context manager.

    Attributes:
        phase: `with lifecycle.phase("save"):` says what the process is doing.
        peers: the processes of the run.

    Args:
        workdir: locked by process 0 until the end.
        mode: `RunOptions.distributed`.

    Raises:
        UserError: if the workdir is taken or cannot be written, or the peers do not come.
    """

    def __init__(self, workdir: str, mode: str) -> None:
        self.phase = Phases()
        self._interrupt = Interrupt()
        self.peers: peers.Alone | peers.Peers = peers.Alone()
        self._watchdog, self._lock = None, None
        try:
            if peers.join(mode):
                self._interrupt.install()
                self.peers = peers.Peers(self.phase, self._asked_by_peer)
                self._interrupt.respond = self._ask_peers
            self._watchdog = watchdog.Watchdog(self.phase, self._describe, self.peers.index)
            if self.peers.index == 0:
                self._lock = WorkdirLock(workdir)
        except BaseException:
            self.close()
            raise
        self._watchdog.folder = workdir

    def __enter__(self) -> Lifecycle:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        del trace
        if error is not None and self.peers.count > 1:
            self._give_up(error)
        self.close()

    def _give_up(self, error: BaseException) -> None:
        """End one process of several, which would wait for each other's orderly end; the others are told."""
        if isinstance(error, UserError):
            print(f"compjax-train: {error}", file=sys.stderr)
        else:
            traceback.print_exception(error)
        self.peers.tell_failure(str(error) or type(error).__name__)
        time.sleep(FAREWELL)
        leave(EXIT_CODE if isinstance(error, UserError) else 1)

    def limit(self, timeouts: Mapping[str, float]) -> None:
        """Change the watchdog's limits."""
        self._watchdog.limits = watchdog.timeouts(timeouts)

    def _describe(self) -> str:
        others = self.peers.others()
        return self.peers.describe() + (f" [{others}]" if others else "")

    def _ask_peers(self) -> None:
        self.peers.propose_stop()

    def _asked_by_peer(self) -> None:
        if not self._interrupt.armed and self.peers.index == 0:
            time.sleep(FAREWELL)
        self._interrupt.stand_down()

    @property
    def interrupted(self) -> bool:
        """Whether this process was asked to stop."""
        return self._interrupt.raised

    def arm(self) -> None:
        """From now on there is something to save; all processes pass here together."""
        self.peers.exchange("arm", "")
        self._interrupt.arm()

    def poll(self) -> None:
        """Progress; to be called before each unit of work, a step or a validation batch.

        Raises:
            Stop: if the run is to save and end, at the same unit in all processes.
        """
        self.phase.touch()
        if self.peers.stopping(self._interrupt.raised):
            raise Stop

    def poll_waiting(self) -> None:
        """As `poll`, while this process alone waits for something; does not count as progress."""
        if self.peers.count == 1 and self._interrupt.raised:
            raise Stop

    def explain_peers(self) -> None:
        """After an error of a collective operation: end with a line if it is because a peer has died."""
        if self.peers.count > 1:
            time.sleep(EXPLANATION)  # the thread that looks after the peers ends the process meanwhile

    def close(self) -> None:
        """Give everything back."""
        self.peers.close()
        if self._watchdog is not None:
            self._watchdog.close()
        if self._lock is not None:
            self._lock.release()
        self._interrupt.close()
