"""Batches made ahead of the step that needs them, by a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

POLL_SECONDS = 0.1


class Ahead(Iterator[Any]):
    """`make(start)`, `make(start + 1)`, ... in order, `depth` of them kept ready.

    What `make` raises is raised to whoever iterates. `close` may be called from any thread, and twice:
    iterating then ends. It calls `interrupt`, which shall end a `make` that is waiting, and `clean_up`
    once nothing is being made. The thread goes by `name` (watchdog.MAKERS).
    """

    def __init__(
        self,
        make: Callable[[int], Any],
        start: int,
        depth: int,
        interrupt: Callable[[], None] = lambda: None,
        clean_up: Callable[[], None] = lambda: None,
        name: str = "batches",
    ) -> None:
        self._make, self._interrupt, self._clean_up = make, interrupt, clean_up
        self._ready: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(maxsize=depth)
        self._stop, self._lock, self._closed = threading.Event(), threading.Lock(), False
        self._thread = threading.Thread(target=self._fill, args=(start,), daemon=True, name=name)
        self._thread.start()

    def _fill(self, step: int) -> None:
        try:
            while not self._stop.is_set():
                self._put((self._make(step), None))
                step += 1
        except BaseException as error:  # handed to the consumer, who raises it
            self._put((None, error))

    def _put(self, item: tuple[Any, BaseException | None]) -> None:
        while not self._stop.is_set():
            try:
                return self._ready.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue

    def __next__(self) -> Any:
        return self.get()

    def get(self, while_waiting: Callable[[], None] = lambda: None) -> Any:
        """The next; `while_waiting` is called again and again, and may raise to give up."""
        while not self._stop.is_set():
            while_waiting()
            try:
                item, error = self._ready.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            return item
        raise StopIteration

    def close(self, patience: float | None = None) -> None:
        """End the thread; waits until what it is making is made, at most `patience` seconds.

        A thread that is stuck in what it makes is left behind, and nothing is cleaned up under it.
        """
        self._stop.set()
        self._interrupt()
        self._thread.join(patience)
        if self._thread.is_alive():
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                self._clean_up()
