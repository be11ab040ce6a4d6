"""Sound files: forms of those we write, headers of those we open, and headers that were never finished."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import struct
from collections.abc import Callable
from typing import BinaryIO

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import shown

OUTPUT_RATES = (24_000, 44_100, 48_000)
"""Sampling rates of the new clip in Hz."""

BIT_DEPTHS = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}
"""Depths of the samples in a file, and libsndfile's names of them."""

NO_FLOATS = (".flac",)
"""Endings of files that hold whole numbers only."""


SFZ_NAME = "instrument.sfz"
"""File of an instrument's folder that says what its samples are for."""

LOWEST_RATE = 4_000
"""Lowest sampling rate of a file that can hold music, in Hz."""

HIGHEST_RATE = 1_000_000
"""Highest sampling rate that is believed, in Hz."""

UNKNOWN_FRAMES = 2**40
"""From so many samples on, a header does not know how many there are: streamed FLAC."""

MAX_CHANNELS = 64
"""Most channels of a file; libsndfile reads 1024."""

# libsndfile's log when a chunk's header promises more bytes than the file holds.
_SHORT_CHUNK = re.compile(
    r"^ *(?:data|SSND|Data Size|Riff size|riff)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_WHOLE = 0.995  # of what is promised: less is said
_STREAMED = 0x7FFF0000  # a recorder that did not know the length wrote its largest number
_BEHIND = 0.1  # of the samples' bytes, at most so many of tags where both sizes of a WAV header agree
_MOST = 2**32 - 1  # the largest size of a chunk
_UNWRITTEN = bytes(12)  # what a recorder writes before it knows the header


@dataclasses.dataclass(frozen=True)
class SoundFormat:
    """Sampling rate in Hz, and 1 or 2 channels."""

    rate: int = SAMPLE_RATE
    channels: int = 1

    @property
    def is_heard(self) -> bool:
        """Whether it is the form in which clips are heard and measured."""
        return self == SoundFormat()

    def __str__(self) -> str:
        return f"{self.rate / 1000:g} kHz {('mono', 'stereo')[self.channels - 1]}"


@dataclasses.dataclass(frozen=True)
class AudioInfo:
    """What a sound file's header says."""

    frames: int  # samples of each channel
    sample_rate: int  # Hz
    channels: int
    container: str  # libsndfile's name of the format, such as WAV
    subtype: str  # libsndfile's name of the sample encoding, such as PCM_16

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.sample_rate


class MendedFile(io.RawIOBase):
    """A file of which some bytes are read as others; nothing is copied."""

    def __init__(self, path: str | os.PathLike, patches: dict[int, bytes]):
        """The file at `path`, with `patches` of bytes by place."""
        super().__init__()
        self._file, self._patches = open(path, "rb"), patches  # noqa: SIM115  # closed with this

    def readinto(self, buffer) -> int:
        """See `io.RawIOBase`."""
        place = self._file.tell()
        count = self._file.readinto(buffer)
        for begin, patch in self._patches.items():
            first, last = max(begin, place), min(begin + len(patch), place + count)
            if first < last:
                buffer[first - place : last - place] = patch[first - begin : last - begin]
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._file.tell()

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def close(self) -> None:
        """See `io.RawIOBase`."""
        self._file.close()
        super().close()


def open_sound(path: str | os.PathLike):
    """A `soundfile.SoundFile`, and what there is to say about it, as sentences without the file's name.

    The length of a file that does not know it is counted only by reading: see `UNKNOWN_FRAMES`.

    Raises:
      UserError: if there is no such file, or it is not sound that libsndfile reads.
    """
    name = shown(path)
    if not os.path.exists(path):
        raise UserError(f"{name}: no such file")
    if not os.path.isfile(path):
        raise UserError(f"{name}: not a file; give the name of one sound file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{name}: permission to read it is denied")
    patches = _unfinished(path)
    file = _opened(path, MendedFile(path, patches) if patches else os.fsencode(path))
    if patches:
        return file, ["its header was never finished (a recorder that lost power?); all there is was read"]
    return file, _cut_off(file.extra_info)


def _opened(path: str | os.PathLike, source):
    import soundfile

    try:
        file = soundfile.SoundFile(source)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless .raw files
        raise UserError(f"{shown(path)}: {_why_not(path)}; convert or export it again as WAV") from error
    if file.frames >= UNKNOWN_FRAMES:
        file.seekable = lambda: False  # libsndfile cannot seek to an end that it does not know
    return file


def _why_not(path: str | os.PathLike) -> str:
    """Why a file is no sound, in words."""
    if not os.path.getsize(path):
        return "the file is empty"
    with open(path, "rb") as file:
        begins = file.read(len(_UNWRITTEN))
    if begins == _UNWRITTEN and os.fspath(path)[-4:].lower() not in (".raw", b".raw"):
        return "its header was never finished (its first bytes are zero)"
    return "not a WAV, FLAC, OGG or MP3 file that can be read"


def info_of(path: str | os.PathLike, file) -> AudioInfo:
    """What the header of an open file says; UserError if that is no music."""
    info = AudioInfo(file.frames, file.samplerate, file.channels, file.format, file.subtype)
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE or not 1 <= info.channels <= MAX_CHANNELS:
        raise UserError(
            f"{shown(path)}: {info.channels} channels at {info.sample_rate} Hz is not music; "
            f"1 to {MAX_CHANNELS} channels at {LOWEST_RATE} to {HIGHEST_RATE} Hz are read"
        )
    return info


def _cut_off(log: str) -> list[str]:
    """What is missing, if libsndfile's log shows a chunk that ends before its header says."""
    match = _SHORT_CHUNK.search(log)
    share = int(match[2]) / max(int(match[1]), 1) if match else 1.0
    if share < _WHOLE and int(match[1]) < _STREAMED:
        return [f"it is cut off: only {100 * share:.0f} % of what its header promises is there"]
    return []


def _unfinished(path: str | os.PathLike) -> dict[int, bytes]:
    """Bytes that finish a header by place; none where it says what is there, or is of no such format.

    A recorder writes the sizes last, and may lose power before. See "Multimedia Programming Interface and
    Data Specifications 1.0" (WAV), EBU Tech 3306 (RF64), Apple's Core Audio Format, Sun's .au.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        begins = file.read(12)
        finish = _FORMATS.get(begins[:4] + begins[8:] if begins[8:] == b"WAVE" else begins[:4])
        return finish(file, size) if finish else {}


def _wav(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Without sizes the samples stand behind a chunk of no or too small a size, and no chunks follow it."""
    place, length = _chunk(file, b"data", size)
    left = size - place - 8
    if place < 0 or length >= left or _is_chain(file, place + 8 + length + length % 2, size):
        return {}
    file.seek(4)
    end = struct.unpack("<I", file.read(4))[0] + 8
    agree = 0 <= end - (place + 8 + length) <= 1
    if agree and left - length < _BEHIND * length:
        return {}
    words = (min(number, _MOST) for number in (size - 8, left))
    return dict(zip((4, place + 4), (struct.pack("<I", word) for word in words), strict=True))


def _rf64(file: BinaryIO, size: int) -> dict[int, bytes]:
    """The sizes of an RF64 file are in its first chunk, ds64."""
    sizes, _ = _chunk(file, b"ds64", size)
    place, _ = _chunk(file, b"data", size)
    form, _ = _chunk(file, b"fmt ", size)
    if min(sizes, place, form) < 0:
        return {}
    file.seek(sizes + 16)
    said = file.read(8)
    file.seek(form + 20)
    block = struct.unpack("<H", file.read(2))[0]
    if said != bytes(8) or not block:
        return {}
    left = size - place - 8
    return {sizes + 8: struct.pack("<QQQ", size - 8, left, left // block)}


def _caf(file: BinaryIO, size: int) -> dict[int, bytes]:
    """The last chunk of a CAF file may say -1, which libsndfile does not read, or more than there is."""
    place = 8
    while place + 12 <= size:
        file.seek(place)
        kind, length = struct.unpack(">4sq", file.read(12))
        left = size - place - 12
        if kind == b"data" and not 0 <= length <= left:
            return {place + 4: struct.pack(">q", left)}
        if length < 0:
            return {}
        place += 12 + length
    return {}


def _au(file: BinaryIO, size: int) -> dict[int, bytes]:
    """A size of 0 before samples: it is given as unknown."""
    file.seek(4)
    begin, length = struct.unpack(">II", file.read(8))
    return {8: struct.pack(">I", _MOST)} if not length and begin < size else {}


_FORMATS: dict[bytes, Callable[[BinaryIO, int], dict[int, bytes]]] = {
    b"RIFFWAVE": _wav,
    b"RF64WAVE": _rf64,
    b"caff": _caf,
    b".snd": _au,
}


def _chunk(file: BinaryIO, wanted: bytes, size: int) -> tuple[int, int]:
    """Place and length of the first chunk of a kind in a WAV file; -1 and 0 where there is none."""
    place = 12
    while place + 8 <= size:
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == wanted:
            return place, length
        place += 8 + length + length % 2
    return -1, 0


def _is_chain(file: BinaryIO, place: int, size: int) -> bool:
    """Whether chunks follow one another from `place` to the end of the file (or nearly)."""
    while place + 8 <= size:
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8))
        if not all(32 <= byte < 127 for byte in kind):
            return False
        place += 8 + length + length % 2
    return place <= size + 1
