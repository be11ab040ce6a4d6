"""Sound files of a folder: listed, measured by their headers, and read in crops.

A file that cannot be used is left out for the same reason every time: by its header when the folder
is opened, by its samples when a crop is read.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import pathlib
from collections.abc import Iterable

import numpy as np

from compjax.audio import waveform
from compjax.constants import SAMPLE_RATE
from compjax.data.sources.source import BrokenFile
from compjax.errors import UserError

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aif", ".aiff")
READERS = 8  # threads that read headers: a network's file system answers slowly
MISSING_TOLERANCE = 0.05  # of a crop that may be missing at its end; MP3 headers only estimate a length


@dataclasses.dataclass(frozen=True)
class SoundFile:
    """A file that can be opened: its name below the folder, its size in bytes, its length."""

    name: str
    size: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Listing:
    """The usable files of a folder, sorted by name; what is broken and what is too short, with reasons."""

    folder: str
    files: tuple[SoundFile, ...]
    broken: dict[str, str]
    short: dict[str, str]

    @property
    def total(self) -> int:
        """Files that were looked at."""
        return len(self.files) + len(self.broken) + len(self.short)

    def path(self, name: str) -> str:
        """Where a file lies."""
        return os.path.join(self.folder, name)


def sound_names(folder: str) -> list[str]:
    """Names of all sound files below a folder, sorted; hidden files and folders are passed over.

    Raises:
        UserError: if there is no such folder, or no sound in it.
    """
    place = pathlib.Path(folder)
    if not place.is_dir():
        raise UserError(f"{folder}: no such folder; give one with sound files")
    found = []
    for parent, folders, names in os.walk(place, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = pathlib.Path(parent, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and path.is_file():
                found.append(str(path.relative_to(place)))
    if not found:
        raise UserError(f"{folder} holds no sound files ({', '.join(SUFFIXES)}); give another folder")
    return sorted(found)


def measure(folder: str, name: str) -> SoundFile | str:
    """A file by its header, or why it cannot be used."""
    path = os.path.join(folder, name)
    try:
        seconds = waveform.read_info(path).seconds
        return SoundFile(name, os.path.getsize(path), seconds)
    except UserError as error:
        return str(error).removeprefix(f"{path}: ")
    except OSError as error:
        return error.strerror or str(error)


def list_folder(folder: str, shortest: float, names: Iterable[str] | None = None) -> Listing:
    """All sound files below a folder (or those of `names`), those of at least `shortest` seconds usable.

    Raises:
        UserError: if there is no such folder, or no sound in it.
    """
    names = sound_names(folder) if names is None else list(names)
    with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
        measured = list(pool.map(lambda name: measure(folder, name), names))
    broken, short, files = {}, {}, []
    for name, found in zip(names, measured, strict=True):
        if isinstance(found, str):
            broken[os.path.join(folder, name)] = found
        elif found.seconds < shortest:
            reason = f"{found.seconds:.2f} seconds is too short; {shortest:g} are needed"
            short[os.path.join(folder, name)] = reason
        else:
            files.append(found)
    return Listing(folder, tuple(files), broken, short)


def read_crop(path: str, start: float, seconds: float) -> np.ndarray:
    """Samples `[seconds * 24000]` float32 from `start` seconds on, mono, as loud as in the file.

    Raises:
        BrokenFile: if it cannot be read, ends before its header says, or holds NaN or infinite samples.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            first, count = round(start * file.samplerate), round(seconds * file.samplerate)
            file.seek(min(first, file.frames))
            block = file.read(count, dtype="float32", always_2d=True)
            rate = file.samplerate
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise BrokenFile(path, f"not sound that can be read ({error})") from error
    if len(block) < count * (1 - MISSING_TOLERANCE):
        raise BrokenFile(
            path, f"cut off: it ends {start + len(block) / rate:.2f} seconds after its beginning"
        )
    if not np.isfinite(block).all():
        raise BrokenFile(path, f"samples after {start:.0f} seconds are not numbers (NaN or infinite)")
    audio = waveform.resample(block.mean(axis=1), rate, SAMPLE_RATE)
    length = round(seconds * SAMPLE_RATE)
    return np.pad(audio[:length], (0, max(0, length - len(audio))))


def segments_of(seconds: Iterable[float], length: float) -> tuple[int, ...]:
    """First segment of each file, and one past the last: a file has one for each whole `length` in it."""
    counts = [max(1, int(one / length)) for one in seconds]
    return (0, *np.cumsum(counts).tolist())


def segment_start(
    starts: tuple[int, ...], row: int, seconds: float, length: float, generator: np.random.Generator
) -> float:
    """Where the crop of segment `row` begins in its file of `seconds`: in the segment, or half of it away."""
    file = int(np.searchsorted(starts, row, side="right")) - 1
    at = (row - starts[file] + generator.uniform(-0.5, 0.5)) * length
    return float(np.clip(at, 0.0, max(0.0, seconds - length)))
