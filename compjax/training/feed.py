"""Batches on their way from the pipeline to the devices, in a thread that the loop can stop waiting for."""

from __future__ import annotations

import dataclasses
import queue
import threading
import zlib
from collections.abc import Callable, Mapping

import jax
import numpy as np

from compjax.data.batches.pipeline import Pipeline
from compjax.training.sharding import to_global
from compjax.training.task import SAMPLE_IDS, GlobalBatch

AHEAD = 2
"""Batches that are ready on the devices."""
INTERVAL = 0.1
"""Seconds between two looks at whether to go on waiting."""
PATIENCE = 2.0
"""Seconds to wait for the thread at the end; one that is stuck in the pipeline is left behind."""


@dataclasses.dataclass(frozen=True)
class Fed:
    """A step's batch: all hosts' on the devices, this host's as it was made, its samples and checksum."""

    batch: GlobalBatch
    local: Mapping[str, np.ndarray]
    sample_ids: tuple[int, ...]
    checksum: str


def checksum(batch: Mapping[str, np.ndarray]) -> str:
    """CRC-32 of a batch's names and values."""
    value = 0
    for name in sorted(batch):
        value = zlib.crc32(np.ascontiguousarray(batch[name]).tobytes(), zlib.crc32(name.encode(), value))
    return f"{value:08x}"


class Feed:
    """The batches of the steps after `start`, in order.

    Args:
        traced: whether to compute checksums.
    """

    def __init__(self, pipeline: Pipeline, mesh: jax.sharding.Mesh, start: int, traced: bool) -> None:
        self._pipeline, self._mesh, self._traced = pipeline, mesh, traced
        self._ready: queue.Queue[Fed | BaseException] = queue.Queue(maxsize=AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._fill, args=(start,), name="feed", daemon=True)
        self._thread.start()

    def _fill(self, start: int) -> None:
        try:
            for batch in self._pipeline.iterate(start):
                self._put(self._fed(batch))
                if self._stop.is_set():
                    return
        except BaseException as error:  # handed to the loop, which raises it
            self._put(error)

    def _fed(self, batch: Mapping[str, np.ndarray]) -> Fed:
        ids = tuple(int(i) for i in batch.get(SAMPLE_IDS, ()))
        local = {name: values for name, values in batch.items() if name != SAMPLE_IDS}
        return Fed(to_global(local, self._mesh), local, ids, checksum(batch) if self._traced else "")

    def _put(self, item: Fed | BaseException) -> None:
        while not self._stop.is_set():
            try:
                return self._ready.put(item, timeout=INTERVAL)
            except queue.Full:
                continue

    def next(self, while_waiting: Callable[[], None]) -> Fed:
        """The next batch; `while_waiting` is called again and again, and may raise to give up.

        Raises:
            UserError, or whatever else the pipeline raised.
        """
        while True:
            while_waiting()
            try:
                item = self._ready.get(timeout=INTERVAL)
                break
            except queue.Empty:
                continue
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        """End the thread and the pipeline."""
        self._stop.set()
        self._thread.join(PATIENCE)
        if not self._thread.is_alive():  # else it is inside the pipeline, which cannot be closed from here
            self._pipeline.close()
