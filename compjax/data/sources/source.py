"""Where examples come from: one interface for rendered swaps, shards, paired files and any music.

A source makes example `row` of its `count`; the same row, generator and files give the same arrays
anywhere. Sources are handed to worker processes by pickling, so they hold names and not open files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from compjax.constants import FRAME_RATE
from compjax.data.sources.example import AugmentConfig, Batch
from compjax.errors import UserError

BROKEN_SHARE = 0.01
"""Share of a source's files that may be broken; more is an error."""


class BrokenFile(Exception):
    """A file of a source cannot be used; its place is taken by the next row."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason


class Source(Protocol):
    """Examples by number.

    Attributes:
        name: for messages.
        count: different examples, each of which an epoch has once; None: endless, in order.
        files: files that the examples are made of; 0 where there are none.
        skipped: files found unusable when the source was opened, and why, by name.
        broken: how many of them are damaged rather than only too short.
        frames: of every clip, 75 to the second.
        fingerprint: 16 hexadecimal digits that change with the files and settings.
    """

    name: str
    count: int | None
    frames: int
    files: int
    skipped: Mapping[str, str]
    broken: int
    fingerprint: str

    def example(self, row: int, generator: np.random.Generator) -> Batch:
        """Example `row`, its random part from `generator`; raises BrokenFile."""
        ...

    def describe(self, row: int) -> str:
        """What row is made of, for people."""
        ...


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One source of a configuration.

    Attributes:
        kind: `rendered` (factor swaps rendered on the fly), `shards` (factor swaps rendered before),
            `pairs` (a folder of paired files), `music` (a folder of any music).
        folder: of all but `rendered`.
        weight: share of the examples, relative to the other sources'.
        split: seeds, soundfonts and programs of `rendered`: train, dev or test.
        seed: of `rendered`: another one gives other pairs.
        unpaired: of `music`: share of examples that are two different clips without an arrangement.
        part: of `pairs` and `music`: `all`, or the files of `train` or of `dev`, a tenth.
    """

    kind: str
    folder: str = ""
    weight: float = 1.0
    split: str = "train"
    seed: int = 0
    unpaired: float = 0.2
    part: str = "all"


@dataclasses.dataclass(frozen=True)
class ExampleConfig:
    """What all sources of a pipeline have in common.

    Attributes:
        seconds: length of a clip; rendered swaps have the length that they were rendered at.
        augment: random equaliser and noise floor; None: none.
    """

    seconds: float = 4.0
    augment: AugmentConfig | None = AugmentConfig()

    @property
    def frames(self) -> int:
        """Latent frames of a clip."""
        return round(self.seconds * FRAME_RATE)


KINDS = ("rendered", "shards", "pairs", "music")
PARTS = ("all", "train", "dev")
DEV_SHARE = 10
"""One file in so many is held out for `dev`."""


def fingerprint_of(parts: Iterable[Any]) -> str:
    """16 hexadecimal digits of the texts of `parts`, in order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:16]


def check_broken(name: str, broken: Mapping[str, str], files: int, others: int = 0) -> None:
    """A UserError that names a few files if more than `BROKEN_SHARE` of a source's files are broken.

    `others` were found broken before.
    """
    count = len(broken) + others
    if count <= BROKEN_SHARE * files:
        return
    some = "; ".join(f"{path}: {reason}" for path, reason in sorted(broken.items())[:3])
    raise UserError(
        f"{name}: {count} of {files} files cannot be used, more than {BROKEN_SHARE:.0%}: "
        f"remove or replace them ({some})"
    )


def names_of_part(names: Sequence[str], part: str) -> set[str]:
    """Which of a folder's `names` belong to a part, drawn by the names alone: `dev` has at least one.

    A single name belongs to both: what there is is better than nothing.

    Raises:
        UserError: for an unknown part.
    """
    if part not in PARTS:
        raise UserError(f"unknown part {part!r} of a folder; there are {', '.join(PARTS)}")
    if part == "all" or len(names) < 2:
        return set(names)
    ordered = sorted(names, key=lambda name: (zlib.crc32(name.encode()), name))
    held_out = -(-len(names) // DEV_SHARE)
    return set(ordered[:held_out] if part == "dev" else ordered[held_out:])


def guess_kind(folder: str) -> str:
    """Which kind of source a folder is, by the names of its files."""
    place = pathlib.Path(folder)
    if not place.is_dir():
        raise UserError(
            f"{folder}: no such folder of training data; render one with compjax-render --output {folder}"
        )
    if any(place.glob("*.npz")):
        return "shards"
    if any(place.rglob("*_input.*")):
        return "pairs"
    return "music"


def parse_sources(value: Any) -> tuple[SourceConfig, ...]:
    """The sources of a configuration: a folder's name, or settings by kind.

    One of weight 0 is left out, and so is one without a folder if it needs one.

    Raises:
        UserError: for an unknown kind or setting, or if no source is left.
    """
    if isinstance(value, str):
        return (SourceConfig(guess_kind(value), value),)
    known = {field.name for field in dataclasses.fields(SourceConfig)} - {"kind"}
    found = []
    for kind, settings in dict(value).items():
        if kind not in KINDS:
            raise UserError(f"unknown kind of data {kind!r}; there are {', '.join(KINDS)}")
        if unknown := sorted(set(settings) - known):
            raise UserError(f"unknown settings {unknown} of the data {kind!r}; there are {sorted(known)}")
        config = SourceConfig(kind, **settings)
        if config.weight < 0:
            raise UserError(f"the weight of the data {kind!r} is {config.weight}; give 0 or more")
        if config.weight > 0 and (config.folder or kind == "rendered"):
            found.append(config)
    if not found:
        places = " or ".join(f"data.train.{kind}.folder" for kind in dict(value)) or "data.train"
        raise UserError(f"no training data: set {places}, and a weight above 0")
    return tuple(found)


def open_source(config: SourceConfig, common: ExampleConfig) -> Source:
    """The source that a configuration describes, its folder read and checked.

    Raises:
        UserError: if there is nothing usable, or too much that is broken.
    """
    if config.kind == "rendered":
        from compjax.data.sources.rendered import RenderedSource

        return RenderedSource.open(config, common)
    if config.kind == "shards":
        from compjax.data.sources.rendered import ShardSource

        return ShardSource.open(config, common)
    if config.kind == "pairs":
        from compjax.data.sources.pairs import PairSource

        return PairSource.open(config, common)
    from compjax.data.sources.music import MusicSource

    return MusicSource.open(config, common)
