"""Batches on their way from the pipeline to the devices, in a thread that the loop can stop waiting for."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterator, Mapping

import jax
import numpy as np

from compjax.data.batches.ahead import Ahead
from compjax.data.batches.pipeline import Pipeline
from compjax.training.sharding import to_global
from compjax.training.task import SAMPLE_IDS, GlobalBatch

AHEAD = 2
"""Batches that are ready on the devices."""
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
        self._pipeline, self._mesh, self._traced, self._start = pipeline, mesh, traced, start
        self._batches: Iterator[Mapping[str, np.ndarray]] | None = None
        self._ready = Ahead(self._fed, start, AHEAD, clean_up=pipeline.close, name="feed")

    def _fed(self, step: int) -> Fed:
        """The next batch, made in the thread, so that what the pipeline raises is the loop's to raise."""
        if self._batches is None:
            self._batches = self._pipeline.iterate(self._start)
        batch = next(self._batches)
        ids = tuple(int(i) for i in batch.get(SAMPLE_IDS, ()))
        local = {name: values for name, values in batch.items() if name != SAMPLE_IDS}
        return Fed(to_global(local, self._mesh), local, ids, checksum(batch) if self._traced else "")

    def next(self, while_waiting: Callable[[], None]) -> Fed:
        """The next batch; `while_waiting` is called again and again, and may raise to give up.

        Raises:
            UserError, or whatever else the pipeline raised.
        """
        return self._ready.get(while_waiting)

    def close(self) -> None:
        """End the thread and, unless the thread is stuck in it, the pipeline."""
        self._ready.close(PATIENCE)
