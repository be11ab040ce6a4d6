"""Independent pieces of work side by side, a thread each.

NumPy's transforms, soxr and XLA let go of the interpreter while they compute, so two pieces take two cores.
Every piece computes what it would alone, so what comes of it does not depend on the number of cores.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
from collections.abc import Callable
from typing import Any

from compjax import progress


def side_by_side(first: Callable[[], Any], *others: Callable[[], Any]) -> tuple:
    """What each of the pieces returns.

    None may change what another reads. The first goes on in this thread and alone tells how far it has come.

    Raises:
        Exception: the first piece's that failed, in their order, once all are over.
    """
    with concurrent.futures.ThreadPoolExecutor(max(len(others), 1), "side by side") as pool:
        pieces = [pool.submit(contextvars.copy_context().run, _unheard, other) for other in others]
        return first(), *(piece.result() for piece in pieces)


def _unheard(work: Callable[[], Any]) -> Any:
    with progress.told_to(None):
        return work()
