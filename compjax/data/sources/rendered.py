"""Examples of rendered factor swaps: from shards, or rendered as they are needed."""

from __future__ import annotations

import dataclasses
import functools
import glob
import os
import zipfile
from collections.abc import Mapping

import numpy as np

from compjax.constants import FRAME_RATE
from compjax.data.sources.example import FIELDS, SMALL_FIELDS, AugmentConfig, HostBatch, make_example
from compjax.data.sources.source import BrokenFile, ExampleConfig, SourceConfig, check_broken, fingerprint_of
from compjax.data.splits import DRAWN, SPLITS
from compjax.errors import UserError

OPEN_SHARDS = 512  # mapped at once in a process
SEED_STRIDE = 1_000_000_000  # examples of one seed; the next one's begin after them
STREAM_START = 500_000_000  # examples rendered on the fly are other ones than those of shards

UNKNOWN = "instrument"
"""What stands for a family of which is known only that it is no kit."""


def map_fields(path: str) -> dict[str, np.ndarray]:
    """Views `[N, ...]` of the fields of a shard, read from the disk as they are used.

    Raises:
        BrokenFile: if the file is no whole shard.
    """
    wanted = {f"{name}.npy": name for name in FIELDS + SMALL_FIELDS}
    try:
        data = np.memmap(path, np.uint8, "r")
        views = {}
        with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
            for member in archive.infolist():
                if member.filename in wanted:
                    views[wanted[member.filename]] = _view(data, file, member)
        missing = sorted(set(wanted.values()) - set(views))
        lengths = {len(view) for view in views.values()}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BrokenFile(path, f"no shard of rendered examples ({error}); render it again") from error
    if missing or len(lengths) != 1:
        raise BrokenFile(path, f"a shard without {', '.join(missing) or 'examples'}; render it again")
    return views


def _view(data: np.ndarray, file, member: zipfile.ZipInfo) -> np.ndarray:
    """The array of one stored (not compressed) member of an .npz file."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError("it is compressed")
    file.seek(member.header_offset + 26)
    name_length, extra_length = np.frombuffer(file.read(4), np.uint16)
    file.seek(member.header_offset + 30 + int(name_length) + int(extra_length))
    version = np.lib.format.read_magic(file)
    read_header = getattr(np.lib.format, f"read_array_header_{version[0]}_{version[1]}")
    shape, fortran, dtype = read_header(file)
    if fortran or dtype.hasobject:
        raise ValueError("its arrays are of another kind")
    start = file.tell()
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if start + size > len(data):
        raise ValueError("it is cut off")
    return data[start : start + size].view(dtype).reshape(shape)


@functools.lru_cache(maxsize=OPEN_SHARDS)
def open_fields(path: str) -> dict[str, np.ndarray]:
    """`map_fields`, kept open."""
    return map_fields(path)


@dataclasses.dataclass(frozen=True)
class ShardSource:
    """Examples of a folder of shards (see `sources.Source`)."""

    name: str
    paths: tuple[str, ...]
    starts: tuple[int, ...]  # first example of each shard, and one past the last
    frames: int
    augment: AugmentConfig | None
    files: int
    skipped: Mapping[str, str]
    fingerprint: str

    @classmethod
    def open(cls, config: SourceConfig, common: ExampleConfig) -> ShardSource:
        """The shards of `config.folder`; whole ones are counted, others skipped."""
        found = sorted(glob.glob(os.path.join(glob.escape(config.folder), "*.npz")))
        if not found:
            raise UserError(
                f"no shards (*.npz) in {config.folder}: "
                f"render some with compjax-render --output {config.folder}"
            )
        counts, skipped, frames = {}, {}, set()
        for path in found:
            try:
                fields = map_fields(path)
            except BrokenFile as error:
                skipped[path] = error.reason
                continue
            counts[path] = len(fields["switches"])
            frames.add(fields["latents_a"].shape[1])
        check_broken(config.folder, skipped, len(found))
        starts = (0, *np.cumsum(list(counts.values())).tolist())
        if len(frames) != 1 or not starts[-1]:
            lengths = ", ".join(f"{count / FRAME_RATE:g} s" for count in sorted(frames)) or "no examples"
            raise UserError(f"the shards in {config.folder} hold {lengths}; clips of one length are needed")
        listing = [(os.path.basename(path), os.path.getsize(path)) for path in counts]
        return cls(
            name=config.folder,
            paths=tuple(counts),
            starts=starts,
            frames=frames.pop(),
            augment=common.augment,
            files=len(found),
            skipped=skipped,
            fingerprint=fingerprint_of(["shards", common.augment, *listing]),
        )

    @property
    def count(self) -> int:
        """Examples in all."""
        return self.starts[-1]

    @property
    def broken(self) -> int:
        """Shards skipped."""
        return len(self.skipped)

    def place(self, row: int) -> tuple[str, int]:
        """Shard and example within it."""
        shard = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.paths[shard], row - self.starts[shard]

    def example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """See `Source`; an example with values that are not numbers makes its shard a broken one."""
        path, index = self.place(row)
        raw = {name: np.array(values[index]) for name, values in open_fields(path).items()}
        if not all(np.isfinite(raw[f"latents_{x}"]).all() for x in "abc"):
            raise BrokenFile(path, f"example {index} holds values that are not numbers; render it again")
        return make_example(raw, generator, self.augment)

    def describe(self, row: int) -> str:
        """See `Source`."""
        path, index = self.place(row)
        return f"{path}[{index}]"

    def family(self, row: int) -> str:
        """See `Source`; shards that were rendered before families were kept know only whether it is a kit."""
        from compjax.data.rendering.timbres import KITS

        path, index = self.place(row)
        with np.load(path) as shard:
            if "family" in shard and (known := str(shard["family"][index])):
                return known
            timbre = "ab"[int(shard["switches"][index][2])]
            return KITS if shard[f"is_kit_{timbre}"][index] else UNKNOWN


@dataclasses.dataclass(frozen=True)
class RenderedSource:
    """Factor swaps, each rendered when it is asked for (see `sources.Source`)."""

    name: str
    split: str
    seed: int
    frames: int
    augment: AugmentConfig | None
    fingerprint: str
    count: None = None
    files: int = 0
    skipped: Mapping[str, str] = dataclasses.field(default_factory=dict)
    broken: int = 0

    @classmethod
    def open(cls, config: SourceConfig, common: ExampleConfig) -> RenderedSource:
        """Checks that the split exists and that this machine can render.

        Raises:
            UserError: if FluidSynth or a soundfont is missing, or clips shall have another length.
        """
        from compjax.data.drawing import swaps
        from compjax.data.rendering import soundfont

        if config.split not in SPLITS:
            raise UserError(f"unknown split {config.split!r}; there are {', '.join(SPLITS)}")
        if common.seconds != swaps.CLIP_SECONDS:
            raise UserError(
                f"rendered clips last {swaps.CLIP_SECONDS:g} s, not {common.seconds:g}: set data.seconds to 0"
            )
        if config.split != DRAWN:
            soundfont.library()
        source = cls(
            name=f"rendered/{config.split}",
            split=config.split,
            seed=config.seed,
            frames=common.frames,
            augment=common.augment,
            fingerprint=fingerprint_of(["rendered", config.split, config.seed, common]),
        )
        source.raw(0)  # one pair, so that a missing soundfont is known before the first step
        return source

    def raw(self, row: int) -> dict[str, np.ndarray]:
        """The fields of a pair, as a shard has them."""
        from compjax.data.drawing import swaps
        from compjax.data.sources import shards

        return shards.example_of(swaps.draw_pair(self.first + row, self.split))

    @property
    def first(self) -> int:
        """Seed of the first pair."""
        return self.seed * SEED_STRIDE + STREAM_START

    def example(self, row: int, generator: np.random.Generator) -> HostBatch:
        """See `Source`."""
        return make_example(self.raw(row), generator, self.augment)

    def describe(self, row: int) -> str:
        """See `Source`."""
        return f"{self.split} pair {self.first + row}"

    def family(self, row: int) -> str:
        """See `Source`."""
        from compjax.data.drawing import swaps

        return swaps.family_of_swap(swaps.draw_pair(self.first + row, self.split))
