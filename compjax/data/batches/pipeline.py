"""Batches for training: position is a pure function of the step, whatever hosts and workers there are.

Batches are made ahead of the training step, by a thread (no workers) or by worker processes that
never load JAX (`workers.py`). Nothing about the order depends on who makes a batch, so there is no
iterator state to save: a run resumes by asking for step n.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from absl import logging

from compjax.constants import FRAME_RATE
from compjax.data.batches.ahead import Ahead
from compjax.data.batches.maker import SAMPLE_IDS, BatchMaker
from compjax.data.batches.mixture import Mixture
from compjax.data.sources.example import AugmentConfig, HostBatch
from compjax.data.sources.opening import open_source, parse_sources
from compjax.data.sources.source import ExampleConfig, Source, SourceConfig, check_broken, fingerprint_of
from compjax.errors import UserError

AHEAD = 2  # batches kept ready
DEFAULT_SECONDS = 4.0


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """What is validated on: this host's part of whole batches, and each example's family of instruments.

    Batches hold no `sample_ids`: they are for a jitted function.
    """

    batches: tuple[HostBatch, ...]
    families: tuple[tuple[str, ...], ...]


class Pipeline(Protocol):
    """This host's part of the global batches.

    Attributes:
        fingerprint: changes with files, sizes, seed, weights and transforms.
        skipped: broken and too short files found so far, `name: reason`.
        epoch_steps: steps after which every example has been seen once; 0 where there is no end.
        seconds: length of a clip.
    """

    fingerprint: str
    skipped: tuple[str, ...]
    epoch_steps: int
    seconds: float

    def iterate(self, start_step: int) -> Iterator[HostBatch]:
        """Batches of the steps from `start_step` (counted from 0) on, with `sample_ids` int64 `[B]`."""
        ...

    def describe(self, sample_id: int) -> str:
        """What the example of a sample id is made of."""
        ...

    def close(self) -> None:
        """End threads and processes; may be called twice."""
        ...


class SourcePipeline:
    """The `Pipeline` of a batch maker."""

    def __init__(self, maker: BatchMaker, workers: int = 0) -> None:
        self._maker, self._workers = maker, workers
        self._feed: Ahead | None = None
        self._broken: tuple[dict[str, str], ...] = tuple({} for _ in maker.sources)
        mixture, sources = maker.mixture, maker.sources
        parts = [mixture.seed, mixture.weights, maker.batch_size, *(s.fingerprint for s in sources)]
        self.fingerprint = fingerprint_of(parts)
        self.seconds = sources[0].frames / FRAME_RATE
        counts = [source.count for source in sources]
        whole = [count / weight for count, weight in zip(counts, mixture.weights, strict=True) if count]
        steps = max(whole) * sum(mixture.weights) / maker.batch_size if len(whole) == len(counts) else 0
        self.epoch_steps = round(steps) or (1 if steps else 0)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that were left out, sorted."""
        found: dict[str, str] = {}
        for source, broken in zip(self._maker.sources, self._broken, strict=True):
            found |= {**source.skipped, **broken}
        return tuple(f"{path}: {reason}" for path, reason in sorted(found.items()))

    def describe(self, sample_id: int) -> str:
        """See `Pipeline`."""
        return self._maker.describe(int(sample_id))

    def iterate(self, start_step: int) -> Iterator[HostBatch]:
        """See `Pipeline`; an earlier iteration ends.

        Raises:
            UserError: when an example cannot be made, or too many files are broken.
        """
        self.close()
        if self._workers:
            from compjax.data.batches.workers import made_by_processes

            self._feed = made_by_processes(self._maker, start_step, self._workers)
        else:
            self._feed = Ahead(self._maker.make, start_step, AHEAD)
        return self._batches(self._feed)

    def _batches(self, feed: Ahead) -> Iterator[HostBatch]:
        for made in feed:
            self._note_broken(made.broken)
            yield made.batch

    def _note_broken(self, found: tuple[dict[str, str], ...]) -> None:
        """Keep and log what is new; a UserError if it is too much."""
        for source, known, new in zip(self._maker.sources, self._broken, found, strict=True):
            for path in sorted(set(new) - set(known)):
                logging.warning("skipped %s: %s", path, new[path])
                known[path] = new[path]
                check_broken(source.name, known, source.files, source.broken)

    def close(self) -> None:
        """See `Pipeline`."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None


def sources_of(config_data: Mapping[str, Any], split: str) -> tuple[SourceConfig, ...]:
    """The sources of `train` or `dev`; without `dev`, some of the files of `train` are held out for it.

    Raises:
        UserError: for settings that do not exist, or shards of which nothing can be held out.
    """
    if config_data.get("dev"):
        return parse_sources(config_data[split])
    found = []
    for config in parse_sources(config_data["train"]):
        if config.kind in ("pairs", "music"):
            config = dataclasses.replace(config, part=split)
        elif split == "dev" and config.kind == "shards":
            raise UserError(f"there is nothing to validate on beside {config.folder}: set data.dev")
        elif split == "dev":
            config = dataclasses.replace(config, split=split)
        found.append(config)
    return tuple(found)


def open_sources(
    configs: Iterable[SourceConfig], seconds: float, augment: bool
) -> tuple[tuple[Source, ...], tuple[float, ...]]:
    """The sources described and their weights; clips of `seconds`, 0: of the shards' length."""
    configs = sorted(configs, key=lambda config: config.kind != "shards")
    sources: list[Source] = []
    for config in configs:
        length = seconds or (sources[0].frames / FRAME_RATE if sources else DEFAULT_SECONDS)
        common = ExampleConfig(length, AugmentConfig() if augment else None)
        sources.append(open_source(config, common))
        if sources[-1].frames != (common.frames if seconds else sources[0].frames):
            wanted, found = common.frames / FRAME_RATE, sources[-1].frames / FRAME_RATE
            raise UserError(f"{sources[-1].name} has clips of {found:g} s, not {wanted:g}; set data.seconds")
    for source in sources:
        for path, reason in sorted(source.skipped.items()):
            logging.warning("skipped %s: %s", path, reason)
    return tuple(sources), tuple(config.weight for config in configs)


def check_shared_evenly(batch_size: int, process_count: int) -> None:
    """A UserError if hosts cannot share a batch."""
    if batch_size < 1 or batch_size % process_count:
        raise UserError(f"batch_size is {batch_size}; it must be a multiple of the {process_count} processes")


def open_pipeline(
    config_data: Mapping[str, Any],
    batch_size: int,
    seed: int,
    process_index: int = 0,
    process_count: int = 1,
    workers: int = 0,
) -> SourcePipeline:
    """The training batches of a configuration's `data`.

    Args:
        config_data: `train`, a folder or settings by kind of source (`sources.SourceConfig`); `dev`,
            likewise (empty: a tenth of the recordings of `train` is held out); `seconds` (0: the shards'
            length, 4 without shards); `augment` (default True).
        batch_size: examples of all hosts together.
        workers: processes on this host; 0 makes batches in a thread.

    Raises:
        UserError: if there is no usable data, or a setting is wrong.
    """
    check_shared_evenly(batch_size, process_count)
    seconds, augment = float(config_data.get("seconds", 0.0)), bool(config_data.get("augment", True))
    sources, weights = open_sources(sources_of(config_data, "train"), seconds, augment)
    mixture = Mixture(tuple(source.count for source in sources), weights, seed)
    return SourcePipeline(BatchMaker(sources, mixture, batch_size, process_index, process_count), workers)


def validation_batches(
    config_data: Mapping[str, Any], batch_size: int, process_index: int = 0, process_count: int = 1
) -> HeldOut:
    """The first `dev_examples` examples of `dev`, not augmented. Fewer than a batch are repeated."""
    check_shared_evenly(batch_size, process_count)
    seconds = float(config_data.get("seconds", 0.0))
    sources, weights = open_sources(sources_of(config_data, "dev"), seconds, False)
    mixture = Mixture(tuple(source.count for source in sources), weights, 0, shuffled=False)
    maker = BatchMaker(sources, mixture, batch_size, process_index, process_count)
    made = [
        maker.make(step).batch for step in range(max(1, config_data.get("dev_examples", 64) // batch_size))
    ]
    return HeldOut(
        tuple({name: value for name, value in batch.items() if name != SAMPLE_IDS} for batch in made),
        tuple(tuple(maker.family(int(one)) for one in batch[SAMPLE_IDS]) for batch in made),
    )
