"""Random crops of audio from folders, for training the codec. NumPy only; reads ahead in a thread."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np
from absl import logging

from compjax.audio import loudness, waveform
from compjax.constants import SAMPLE_RATE
from compjax.data.batches.ahead import Ahead
from compjax.data.sources.source import check_broken, fingerprint_of
from compjax.errors import UserError

AUDIO_SUFFIXES = (".npy", ".wav", ".flac", ".ogg", ".mp3", ".opus")
AHEAD = 4
START_BITS = 40
"""Of a sample id, which is the clip's number and, in these bits, the sample that the crop begins at."""


@dataclasses.dataclass(frozen=True)
class AudioFile:
    """One recording at 24 kHz mono and the gain that brings it to the reference loudness."""

    samples: np.ndarray  # [S] int16, possibly memory-mapped
    gain: float
    path: str = ""
    number: int = 0

    def crop(self, start: int, length: int) -> np.ndarray:
        """Samples `[length]` float32 from `start`, silent beyond the end."""
        part = np.asarray(self.samples[start : start + length], np.float32) * self.gain
        return np.pad(part, (0, length - part.shape[0]))


def audio_files(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """Every audio file below `folder`, sorted."""
    found = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not found:
        raise UserError(f"no audio found below {folder} (looked for {', '.join(AUDIO_SUFFIXES)})")
    return found


def open_clip(path: pathlib.Path, number: int = 0) -> AudioFile:
    """The recording at `path`; `.npy` files (int16, 24 kHz mono) are memory-mapped, others decoded.

    Raises:
        UserError: if it cannot be read or is empty.
    """
    if path.suffix == ".npy":
        try:
            samples = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} is no array of samples ({error})") from error
    else:
        samples = (np.clip(waveform.read(str(path)), -1.0, 1.0) * 32767).astype(np.int16)
    if samples.ndim != 1 or samples.dtype != np.int16 or samples.size == 0:
        raise UserError(f"{path} holds {samples.dtype}{list(samples.shape)}, not int16 samples [S]")
    probe = np.asarray(samples[:: max(1, samples.shape[0] // 400_000)], np.float32)
    rms = float(np.sqrt(np.mean(probe**2)))
    return AudioFile(samples, loudness.REFERENCE_RMS / max(rms, 1.0), str(path), number)


@dataclasses.dataclass(frozen=True)
class Folders:
    """The clips of each folder, and what of them could not be used: reasons by path."""

    groups: list[list[AudioFile]]
    skipped: dict[str, str]
    fingerprint: str


def open_folders(folders: tuple[str, ...]) -> Folders:
    """All clips below `folders`; broken files are left out.

    Raises:
        UserError: if a folder has no audio, or too much of it is broken.
    """
    groups, skipped, parts, number = [], {}, [], 0
    for folder in folders:
        paths, group, broken = audio_files(folder), [], {}
        for path in paths:
            parts += [path.relative_to(folder), path.stat().st_size]
            try:
                group.append(open_clip(path, number))
            except UserError as error:
                broken[str(path)] = str(error)
                logging.warning("skipped %s", error)
            number += 1
        check_broken(str(folder), broken, len(paths))
        groups.append(group)
        skipped |= broken
    return Folders(groups, skipped, fingerprint_of(parts))


def draw(
    groups: list[list[AudioFile]], rng: np.random.Generator, length: int, gain_range_db: float
) -> tuple[np.ndarray, int]:
    """A crop `[length]` and its sample id: folders equally likely, in them longer clips more often.

    The crop gets a random gain and sign.
    """
    clips = groups[rng.integers(len(groups))]
    weights = np.sqrt([clip.samples.shape[0] for clip in clips])
    clip = clips[rng.choice(len(clips), p=weights / weights.sum())]
    start = int(rng.integers(max(1, clip.samples.shape[0] - length)))
    gain = 10 ** (rng.uniform(-gain_range_db, gain_range_db) / 20) * rng.choice([-1.0, 1.0])
    return clip.crop(start, length) * np.float32(gain), (clip.number << START_BITS) + start


@dataclasses.dataclass(frozen=True)
class CropConfig:
    """How crops are drawn.

    Attributes:
        batch_size: crops of all hosts together.
        length: samples of a crop.
        gain_range_db: of the random gain, to either side.
    """

    seed: int
    batch_size: int
    length: int
    gain_range_db: float = 6.0


class CropPipeline:
    """The `data.pipeline.Pipeline` of crops: batch n depends on the seed and n alone.

    A batch has `crops` `[B, S]` float32 and `sample_ids` `[B]` int64, of this host.
    """

    epoch_steps = 0

    def __init__(self, folders: Folders, config: CropConfig, index: int = 0, count: int = 1) -> None:
        self._folders, self._config = folders, config
        local = config.batch_size // count
        self._rows = range(index * local, (index + 1) * local)
        self.fingerprint = fingerprint_of([folders.fingerprint, *dataclasses.astuple(config)])
        self.skipped = tuple(f"{path}: {why}" for path, why in sorted(folders.skipped.items()))
        self.seconds = config.length / SAMPLE_RATE
        self._ahead: Ahead | None = None

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """This host's crops of a step, counted from 0."""
        config, made = self._config, []
        for row in self._rows:
            rng = np.random.default_rng([config.seed, step, row])
            made.append(draw(self._folders.groups, rng, config.length, config.gain_range_db))
        crops, ids = zip(*made, strict=True)
        return {"crops": np.stack(crops), "sample_ids": np.array(ids, np.int64)}

    def iterate(self, start_step: int) -> Iterator[dict[str, np.ndarray]]:
        """Batches of the steps from `start_step` on, made ahead by a thread."""
        self._ahead = Ahead(self.batch, start_step, AHEAD)
        return self._ahead

    def describe(self, sample_id: int) -> str:
        """The file and the second that a crop is from."""
        number, start = sample_id >> START_BITS, sample_id & ((1 << START_BITS) - 1)
        clips = {clip.number: clip for group in self._folders.groups for clip in group}
        return f"{clips[number].path} from {start / SAMPLE_RATE:.2f} s"

    def close(self) -> None:
        """End the thread."""
        if self._ahead is not None:
            self._ahead.close()


def seconds(groups: list[list[AudioFile]]) -> float:
    """Length of all clips together."""
    return sum(clip.samples.shape[0] for clips in groups for clip in clips) / SAMPLE_RATE
