"""Independent pieces of work side by side, a thread each.

NumPy's transforms, soxr and XLA let go of the interpreter while they compute, so two pieces take two cores.
Every piece computes what it would alone, so what comes of it does not depend on the number of cores.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextvars
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from compjax import progress

Item, Result = TypeVar("Item"), TypeVar("Result")


def side_by_side(first: Callable[[], Any], *others: Callable[[], Any]) -> tuple:
    """What each of the pieces returns.

    None may change what another reads. The first goes on in this thread and alone tells how far it has come.

    Raises:
        Exception: the first piece's that failed, in their order, once all are over.
    """
    with concurrent.futures.ThreadPoolExecutor(max(len(others), 1), "side by side") as pool:
        pieces = [pool.submit(contextvars.copy_context().run, _unheard, other) for other in others]
        return first(), *(piece.result() for piece in pieces)


def two_at_a_time(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `work` makes of each item, in their order; while one is used the next two are made.

    Raises:
        Exception: that of the first item that failed, where it would have come.
    """
    pending: collections.deque[concurrent.futures.Future] = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(2, "two at a time") as pool:
        for item in items:
            pending.append(
                pool.submit(contextvars.copy_context().run, _unheard, lambda item=item: work(item))
            )
            if len(pending) > 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _unheard(work: Callable[[], Any]) -> Any:
    with progress.told_to(None):
        return work()
