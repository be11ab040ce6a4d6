"""Where examples come from: one interface for rendered swaps, shards, paired files and any music.

A source makes example `row` of its `count`; the same row, generator and files give the same arrays
anywhere. Sources are handed to worker processes by pickling, so they hold names and not open files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from compjax.constants import FRAME_RATE
from compjax.data.sources.example import AugmentConfig, HostBatch
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

    def example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """Example `row`, its random part from `generator`; raises BrokenFile."""
        ...

    def describe(self, row: int) -> str:
        """What row is made of, for people."""
        ...

    def family(self, row: int) -> str:
        """The family of instruments that its arrangement is played on, or what stands for one."""
        ...


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One source of a configuration.

    Attributes:
        kind: `rendered` (factor swaps rendered on the fly), `shards` (factor swaps rendered before),
            `pairs` (a folder of paired files), `music` (a folder of any music).
        folder: of all but `rendered`.
        weight: share of the examples, relative to the other sources'.
        split: seeds, soundfonts and programs of `rendered`: train, dev or test; drawn needs none.
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


RECORDED = "recording"
"""What stands for a family where nobody knows the instrument."""

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
