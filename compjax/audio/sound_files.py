"""Sound files: forms of those we write, and what those that we open say of themselves."""

from __future__ import annotations

import dataclasses
import os
import re

from compjax.audio.mending import sound_headers
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
    mended = sound_headers.mended(path)
    if mended is None:
        file = _opened(path, os.fsencode(path))
        return file, _cut_off(file.extra_info)
    file = _opened(path, mended.file)
    return file, list(mended.remarks) or _cut_off(file.extra_info)


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
