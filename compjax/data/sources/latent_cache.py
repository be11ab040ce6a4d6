"""Latents of a codec kept on disk, so that the codec does not run in every epoch.

A cache is a folder of shards (`shards.py`) whose `latents_*` are another codec's; everything else of the
examples is as it was rendered. Beside each shard lies its checksum, as `sha256sum` writes it, and
`cache.json` says what the latents are of: codec, its weights, the rendered audio. Shards are written whole
and before their checksums: whatever ends the work, the next run goes on and the same bytes come out.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import json
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

from compjax.data.splits import SPLITS
from compjax.errors import UserError
from compjax.files import atomic_path, sha256_of

DESCRIPTION = "cache.json"
CLIPS = ("a", "b", "c")
"""Input, target and arrangement, as a shard's fields name them."""

ROUNDING = 0.05
"""Difference of two analyses of the same audio that is put down to rounding; latents vary by 1."""

Audio = dict[str, np.ndarray]
"""The clips of an example by name, `[S]` float32 at 24 kHz each."""

LatentEncoder = Callable[[np.ndarray], np.ndarray]
"""Audio `[3, S]` to latents `[3, T, D]`."""


@dataclasses.dataclass(frozen=True)
class CacheKey:
    """What cached latents depend on.

    Attributes:
        codec: name of the codec.
        weights: SHA-256 of its weights file.
        audio: fingerprint of the audio, see `fingerprint`.
    """

    codec: str
    weights: str
    audio: str

    @property
    def name(self) -> str:
        """Name of the cache's folder."""
        return f"{self.codec}-{self.weights[:12]}-{self.audio[:12]}"


def rendered_shards(folder: str | os.PathLike) -> list[pathlib.Path]:
    """The shards of a folder of rendered examples, sorted; a UserError if there is none."""
    paths = [pathlib.Path(path) for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.npz")))]
    if not paths:
        raise UserError(f"no shards (*.npz) in {folder}: render some with compjax-render --output {folder}")
    return paths


def fingerprint(paths: list[pathlib.Path]) -> str:
    """64 hexadecimal digits that change with any byte of the rendered shards, or their order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def read_fields(path: pathlib.Path) -> dict[str, np.ndarray]:
    """All arrays of a shard; a UserError if it is damaged or none."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            fields = {name: stored[name] for name in stored.files}
        missing = {"seed", "switches", *(f"latents_{x}" for x in CLIPS)} - set(fields)
        if missing:
            raise ValueError(f"it has no {sorted(missing)[0]}")
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a shard of rendered examples ({error}): render it again") from error
    return fields


def render_pair(seed: int, split: str) -> Audio:
    """The three clips of a pair, rendered from its seed as `shards.example_of` does."""
    from compjax.data.drawing import swaps

    pair = swaps.draw_pair(seed, split)
    made = swaps.perform(pair.input), swaps.perform(pair.target)
    arranged = swaps.arrangement(pair, pair.switches, pair.style)
    return dict(zip(CLIPS, (made[0].audio, made[1].audio, arranged.audio), strict=True))


def split_of(path: pathlib.Path, fields: dict[str, np.ndarray]) -> str:
    """The split that a shard's seeds are of: the one whose audio has the latents of its first example.

    Raises:
        UserError: if none has; the shard was rendered by another version, or with other soundfonts.
    """
    from compjax.data.rendering import analysis

    for split in SPLITS:
        audio = render_pair(int(fields["seed"][0]), split)
        if all(_equal(fields[f"latents_{x}"][0], analysis.encode(audio[x])) for x in CLIPS):
            return split
    raise UserError(
        f"{path} was rendered by another version of compjax or with other soundfonts: "
        "its audio cannot be made again for another codec; render it again"
    )


def _equal(stored: np.ndarray, latents: np.ndarray) -> bool:
    """Whether they are of the same audio: equal but for the rounding of another machine."""
    return stored.shape == latents.shape and bool(np.abs(stored - latents).max() < ROUNDING)


def audio_of(path: pathlib.Path) -> Iterator[Audio]:
    """The audio of a rendered shard, example by example, rendered again from the seeds."""
    fields = read_fields(path)
    split = split_of(path, fields)
    for seed in fields["seed"]:
        yield render_pair(int(seed), split)


def encoded(path: pathlib.Path, encoder: LatentEncoder) -> dict[str, np.ndarray]:
    """The fields of a rendered shard with the latents of another codec, float16.

    Raises:
        UserError: if the audio cannot be rendered again, or latents do not fit float16.
    """
    fields = read_fields(path)
    latents = [encoder(np.stack([audio[x] for x in CLIPS])) for audio in audio_of(path)]
    with np.errstate(over="ignore"):
        stacked = np.stack(latents).astype(np.float16)  # [N, 3, T, D]
    if not np.isfinite(stacked).all():
        raise UserError(f"{path}: the codec gives latents that are not finite, or above 65,504")
    return fields | {f"latents_{x}": stacked[:, place] for place, x in enumerate(CLIPS)}


class LatentCache:
    """The cached latents of one folder of rendered shards."""

    def __init__(self, source: str | os.PathLike, root: str | os.PathLike, codec: str, weights: str):
        """Use `root`, where the cache is a folder of its own, named by its key.

        Args:
            source: folder of rendered shards.
            root: folder of caches; it is made if missing.
            codec: name of the codec.
            weights: SHA-256 of its weights file.

        Raises:
            UserError: if there are no shards, or the folder cannot be made or holds something else.
        """
        self.sources = rendered_shards(source)
        self.key = CacheKey(codec, weights, fingerprint(self.sources))
        self.folder = pathlib.Path(root) / self.key.name
        self._describe()

    def _describe(self) -> None:
        """Make the folder and write what is in it, or check it."""
        description, place = dataclasses.asdict(self.key), self.folder / DESCRIPTION
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else description
        except OSError as error:
            raise UserError(f"cannot keep latents in {self.folder}: {error.strerror or error}") from error
        except ValueError as error:
            raise UserError(f"{place} is damaged ({error}); delete {self.folder}") from error
        if found != description:
            raise UserError(f"{self.folder} holds latents of something else; delete it")
        if not place.exists():
            with atomic_path(place) as temporary:
                temporary.write_text(
                    json.dumps(description, indent=2, sort_keys=True) + "\n", encoding="utf-8"
                )

    def shard(self, index: int) -> pathlib.Path:
        """Where the latents of the source's shard `index` lie."""
        return self.folder / self.sources[index].name

    def checksum(self, index: int) -> pathlib.Path:
        """Where the shard's checksum lies."""
        return self.folder / f"{self.sources[index].name}.sha256"

    def is_done(self, index: int) -> bool:
        """Whether a shard is there and has the checksum that was written beside it."""
        try:
            said = self.checksum(index).read_text(encoding="ascii").split()[:1]
            return said == [sha256_of(self.shard(index))]
        except (OSError, ValueError):
            return False

    def missing(self) -> list[int]:
        """Shards that are not there, or not as they were written."""
        return [index for index in range(len(self.sources)) if not self.is_done(index)]

    def write(self, index: int, fields: dict[str, np.ndarray]) -> None:
        """Keep the fields of a shard, whole or not at all, and then its checksum."""
        with atomic_path(self.shard(index)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **fields)
        text = f"{sha256_of(self.shard(index))}  {self.sources[index].name}\n"
        with atomic_path(self.checksum(index)) as temporary:
            temporary.write_text(text, encoding="ascii")

    def fill(
        self,
        encoder: LatentEncoder,
        place: int = 0,
        places: int = 1,
        said: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Encode what is missing.

        Args:
            encoder: audio `[3, S]` to latents `[3, T, D]`.
            place: of `places` machines that share the work, this one: it begins with its own share and
                goes on with what the others have not done, so that it ends with a whole cache.
            said: called with the shards done and all.
        """
        mine = [i for i in self.missing() if i % places == place]
        rest = [i for i in range(len(self.sources)) if i % places != place]
        for index in (*mine, *rest):
            if index in mine or not self.is_done(index):
                self.write(index, encoded(self.sources[index], encoder))
            said(index, len(self.sources))
