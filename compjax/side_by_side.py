"""Independent pieces of work side by side, a thread each.

NumPy's transforms, soxr and XLA let go of the interpreter while they compute, so two pieces take two cores.
Every piece computes what it would alone, so what comes of it does not depend on the number of cores.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

from compjax import progress


def side_by_side(first: Callable[[], Any], *others: Callable[[], Any]) -> tuple:
    """What each of the pieces returns.

    None may change what another reads. The first goes on in this thread and alone tells how far it has come.

    Raises:
        Exception: the first piece's that failed, in their order, once all are over.
    """
    pieces = [_Piece(other) for other in others]
    try:
        found = first()
    finally:
        for piece in pieces:
            piece.thread.join()
    return found, *(piece.result() for piece in pieces)


class _Piece:
    """A piece of work in a thread of its own, begun at once."""

    def __init__(self, work: Callable[[], Any]):
        self._work, self._found, self._error = work, None, None
        context = contextvars.copy_context()
        self.thread = threading.Thread(target=context.run, args=(self._run,), name="side by side")
        self.thread.start()

    def _run(self) -> None:
        try:
            with progress.told_to(None):
                self._found = self._work()
        except BaseException as error:  # it is raised where it is waited for
            self._error = error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._found
