"""Makes this host's part of any step's batch, replacing examples whose file turns out to be broken."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Iterator

import numpy as np

from compjax.data.batches.mixture import Mixture
from compjax.data.sources.example import HostBatch
from compjax.data.sources.source import BrokenFile, Source
from compjax.errors import UserError

ALONE = threading.Lock()
"""The number of BLAS threads is the process's: of two makers at once, one would end the other's limit."""

SAMPLE_IDS = "sample_ids"
ROW_BITS = 40  # of a sample id; the source's number is above them
MAX_TRIES = 100  # rows in a row that may be broken


@functools.lru_cache(maxsize=1)
def _thread_pools():
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products by one thread: with more, their last bits depend on the machine's number of cores."""
    with ALONE, _thread_pools().limit(limits=1, user_api="blas"):
        yield


@dataclasses.dataclass(frozen=True)
class MadeBatch:
    """A batch, and the broken files that were met in making it: reasons by name, for each source."""

    batch: HostBatch
    broken: tuple[dict[str, str], ...]


@dataclasses.dataclass(frozen=True)
class BatchMaker:
    """A pure function of the step: what it needs is here, and can be pickled.

    Attributes:
        batch_size: examples of all hosts together.
        process_index, process_count: of this host, which makes its `batch_size / process_count` in a row.
    """

    sources: tuple[Source, ...]
    mixture: Mixture
    batch_size: int
    process_index: int = 0
    process_count: int = 1

    @property
    def local_size(self) -> int:
        """Examples of this host."""
        return self.batch_size // self.process_count

    def make(self, step: int) -> MadeBatch:
        """This host's part of the batch of `step`, counted from 0."""
        broken: tuple[dict[str, str], ...] = tuple({} for _ in self.sources)
        first = step * self.batch_size + self.process_index * self.local_size
        with one_thread():
            made = [self._example(position, broken) for position in range(first, first + self.local_size)]
        batch = {name: np.stack([example[name] for example in made]) for name in made[0]}
        return MadeBatch(batch, broken)

    def _example(self, position: int, broken: tuple[dict[str, str], ...]) -> HostBatch:
        index, number = self.mixture.locate(position)
        source = self.sources[index]
        for attempt in range(MAX_TRIES):
            row = self.mixture.row(index, number + attempt)
            generator = np.random.default_rng([self.mixture.seed, 1, position, attempt])
            try:
                example = source.example(row, generator)
            except BrokenFile as error:
                broken[index][error.path] = error.reason
                continue
            return {**example, SAMPLE_IDS: np.int64((index << ROW_BITS) + row)}
        reason = "; ".join(f"{path}: {why}" for path, why in list(broken[index].items())[:3])
        raise UserError(f"{source.name}: {MAX_TRIES} examples in a row cannot be used ({reason})")

    def describe(self, sample_id: int) -> str:
        """What the example of this id is made of."""
        return self.sources[sample_id >> ROW_BITS].describe(sample_id & ((1 << ROW_BITS) - 1))

    def family(self, sample_id: int) -> str:
        """The family of instruments of the example of this id."""
        return self.sources[sample_id >> ROW_BITS].family(sample_id & ((1 << ROW_BITS) - 1))
