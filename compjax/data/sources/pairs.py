"""A folder of paired recordings: `pair_0000_input.wav`, `pair_0000_target.wav`, `pair_0000_arrangement.wav`.

The arrangement may be missing: then the example has no ground truth, and losses on single factors
take its place. A pair's files begin at the same time and are cropped together.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.data.rendering import analysis
from compjax.data.sources.example import (
    RHYTHM_OF_INPUT,
    AugmentConfig,
    HostBatch,
    augment_clips,
    unlabelled_example,
)
from compjax.data.sources.folder import (
    SUFFIXES,
    Listing,
    list_folder,
    read_crop,
    segment_start,
    segments_of,
    sound_names,
)
from compjax.data.sources.source import (
    RECORDED,
    ExampleConfig,
    SourceConfig,
    check_broken,
    fingerprint_of,
    names_of_part,
)
from compjax.errors import UserError

ROLES = ("input", "target", "arrangement")
NAME = re.compile(
    rf"(?P<pair>.+)_(?P<role>{'|'.join(ROLES)})(?P<suffix>{'|'.join(map(re.escape, SUFFIXES))})", re.I
)


@dataclasses.dataclass(frozen=True)
class RecordedPair:
    """Paths by role; `arrangement` may be missing. Seconds are those of the shortest."""

    name: str
    paths: Mapping[str, str]
    seconds: float


def group_pairs(listing: Listing, names: Sequence[str]) -> tuple[list[RecordedPair], dict[str, str]]:
    """The pairs all of whose files are usable, by name; and what misses its partner, with the reason."""
    usable = {file.name: file for file in listing.files}
    grouped: dict[str, dict[str, str]] = {}
    for name in names:
        found = NAME.fullmatch(name)
        grouped.setdefault(found["pair"], {})[found["role"].lower()] = name
    pairs, missing = [], {}
    for pair, members in sorted(grouped.items()):
        absent = [role for role in ROLES[:2] if role not in members]
        if absent:
            missing[listing.path(f"{pair}_*")] = f"the pair has no {' and no '.join(absent)}"
        elif all(name in usable for name in members.values()):
            shortest = min(usable[name].seconds for name in members.values())
            paths = {role: listing.path(name) for role, name in members.items()}
            pairs.append(RecordedPair(pair, paths, shortest))
    return pairs, missing


@dataclasses.dataclass(frozen=True)
class PairSource:
    """Examples of a folder of pairs (see `sources.Source`)."""

    name: str
    pairs: tuple[RecordedPair, ...]
    starts: tuple[int, ...]  # first segment of each pair, and one past the last
    seconds: float
    frames: int
    augment: AugmentConfig | None
    files: int
    skipped: Mapping[str, str]
    broken: int
    fingerprint: str

    @classmethod
    def open(cls, config: SourceConfig, common: ExampleConfig) -> PairSource:
        """The pairs of `config.folder`; one with a file that is broken, missing or too short is left out."""
        names = [name for name in sound_names(config.folder) if NAME.fullmatch(name)]
        if not names:
            raise UserError(
                f"{config.folder} holds no pairs; name them pair_0000_input.wav, pair_0000_target.wav"
            )
        listing = list_folder(config.folder, common.seconds, names)
        pairs, missing = group_pairs(listing, names)
        broken = {**listing.broken, **missing}
        check_broken(config.folder, broken, listing.total)
        if not pairs:
            raise UserError(
                f"{config.folder}: none of its pairs lasts {common.seconds:g} seconds; set data.seconds"
            )
        chosen = names_of_part([pair.name for pair in pairs], config.part)
        pairs = [pair for pair in pairs if pair.name in chosen]
        sizes = ((path, os.path.getsize(path)) for pair in pairs for path in pair.paths.values())
        return cls(
            name=config.folder,
            pairs=tuple(pairs),
            starts=segments_of([pair.seconds for pair in pairs], common.seconds),
            seconds=common.seconds,
            frames=common.frames,
            augment=common.augment,
            files=listing.total,
            skipped={**broken, **listing.short},
            broken=len(broken),
            fingerprint=fingerprint_of(
                ["pairs", common, *((os.path.relpath(path, config.folder), size) for path, size in sizes)]
            ),
        )

    @property
    def count(self) -> int:
        """Segments in all."""
        return self.starts[-1]

    def pair_of(self, row: int) -> RecordedPair:
        """The pair of a segment."""
        return self.pairs[int(np.searchsorted(self.starts, row, side="right")) - 1]

    def example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """See `Source`."""
        pair = self.pair_of(row)
        start = segment_start(self.starts, row, pair.seconds, self.seconds, generator)
        clips = {
            role: analysis.features(normalize_rms(read_crop(path, start, self.seconds)))
            for role, path in pair.paths.items()
        }
        has_arrangement = "arrangement" in clips
        arrangement = clips.get("arrangement", clips["target"]).latents
        made = augment_clips((clips["input"], clips["target"], arrangement), 1, generator, self.augment)
        return unlabelled_example(made, RHYTHM_OF_INPUT, has_arrangement=has_arrangement, has_gates=True)

    def describe(self, row: int) -> str:
        """See `Source`."""
        return os.path.join(self.name, self.pair_of(row).name)

    def family(self, row: int) -> str:
        """See `Source`."""
        return RECORDED
