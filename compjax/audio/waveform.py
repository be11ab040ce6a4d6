"""Waveforms in and out of files: anything libsndfile reads becomes 24 kHz mono float32."""

from __future__ import annotations

import dataclasses
import io
import math
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np
from absl import logging

from compjax.audio import downmix
from compjax.audio.loudness import limit_peaks
from compjax.audio.original import Original
from compjax.audio.sound_files import BIT_DEPTHS, NO_FLOATS, UNKNOWN_FRAMES, AudioInfo, info_of, open_sound
from compjax.audio.tags import Tags, tagged
from compjax.constants import MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import atomic_path, shown

_BLOCK_SECONDS = 1.0  # read at once, so that an hour of stereo needs no gigabyte
_MISSING_TOLERANCE = 0.02  # MP3 headers only estimate the length
_FORMATS = {".wav": "WAV", ".flac": "FLAC"}


@dataclasses.dataclass(frozen=True, eq=False)
class Waveform:
    """What a sound file holds.

    Attributes:
        audio: `[S]` float32, mono at 24 kHz, as loud as it is in the file.
        remarks: sentences on what was missing or mended, without the file's name.
        original: what it was read from.
    """

    audio: np.ndarray
    remarks: tuple[str, ...] = ()
    original: Original | None = None


def read_info(path: str | os.PathLike) -> AudioInfo:
    """Header of a sound file, without reading its samples; a length that it does not know is counted.

    Raises:
      UserError: if there is no such file, or it is not sound that libsndfile reads.
    """
    file, _ = open_sound(path)
    with file:
        info = info_of(path, file)
        if info.frames >= UNKNOWN_FRAMES:
            most = round((MAX_SECONDS + 1.0) * info.sample_rate)
            counted = sum(map(len, _blocks(file, most)))
            info = dataclasses.replace(info, frames=counted)
        return info


def read(path: str | os.PathLike, offset: float = 0.0, duration: float | None = None) -> np.ndarray:
    """The sound of `read_recording`, `[S]`; its remarks are logged as warnings."""
    recording = read_recording(path, offset, duration)
    for remark in recording.remarks:
        logging.warning("%s: %s", shown(path), remark)
    return recording.audio


def read_recording(path: str | os.PathLike, offset: float = 0.0, duration: float | None = None) -> Waveform:
    """Read a sound file as mono at 24 kHz.

    Channels are averaged, unless they cancel: then some are turned over first (`downmix`). Other sampling
    rates are resampled (soxr, high quality). The file is read in blocks: memory grows with the mono
    result only.

    Args:
      path: any file libsndfile reads, 0.5 seconds to an hour long.
      offset: where to start, in seconds.
      duration: how much to read, in seconds; None reads to the end.

    Returns:
      Samples as loud as they are in the file (all zeros if it is silent), and what was missing or mended.

    Raises:
      UserError: if the file is missing, a folder, not sound, too short, too long, or more than a few of
        its samples are NaN or infinite.
    """
    info = read_info(path)
    _check_length(path, info.seconds)
    start = min(round(offset * info.sample_rate), info.frames)
    count = info.frames - start
    if duration is not None:
        count = min(count, round(duration * info.sample_rate))
    mix, remarks = downmix.average(info.channels), []
    if info.channels > 1 or info.subtype in ("FLOAT", "DOUBLE"):
        mix = downmix.surveyed(
            lambda: _part(path, start, count), info.channels, info.sample_rate, shown(path)
        )
    blocks = _told_short(_part(path, start, count, remarks), info.sample_rate, count, remarks)
    audio = _resample_blocks(mix.mixed(blocks), info.sample_rate, count)
    if duration is None and not start:
        _check_length(path, audio.size / SAMPLE_RATE)

    def part(first: int, wanted: int) -> Iterator[np.ndarray]:
        return _part(path, start + first, min(wanted, count - first))

    return Waveform(audio, (*remarks, *mix.remarks), Original(info.sample_rate, count, mix, part))


def mono(samples: np.ndarray, sample_rate: int, name: str = "the sound") -> Waveform:
    """Samples `[S, channels]` at any rate, as a file of them would be read; `name` is for messages."""
    size = round(_BLOCK_SECONDS * sample_rate)

    def part(first: int, count: int) -> Iterator[np.ndarray]:
        last = min(first + count, len(samples))
        return (samples[begin : min(begin + size, last)] for begin in range(first, last, size))

    mix = downmix.surveyed(lambda: part(0, len(samples)), samples.shape[1], sample_rate, name)
    audio = _resample_blocks(mix.mixed(part(0, len(samples))), sample_rate, len(samples))
    return Waveform(audio, mix.remarks, Original(sample_rate, len(samples), mix, part))


def write(
    path: str | os.PathLike,
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    bit_depth: str = "16",
    tags: Tags | None = None,
) -> None:
    """Write `audio` `[S]` or `[S, 2]`, a WAV or FLAC file by the name's ending; whole or not at all.

    Peaks above full scale are limited softly rather than clipped.

    Args:
      path: a name that ends in .wav or .flac.
      audio: finite samples, full scale at 1.
      sample_rate: Hz.
      bit_depth: one of `BIT_DEPTHS`; FLAC has no "32f".
      tags: what the file says of itself.

    Raises:
      UserError: if the name has another ending or the file cannot be written.
      ValueError: if the samples are not of that shape or not finite.
    """
    import soundfile

    suffix = pathlib.Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UserError(f"cannot write {shown(path)}: its name must end in {' or '.join(_FORMATS)}")
    if audio.ndim > 2 or (audio.ndim == 2 and audio.shape[1] != 2) or not np.all(np.isfinite(audio)):
        raise ValueError(f"audio to write must be finite, [S] or [S, 2], not of shape {audio.shape}")
    if bit_depth == "32f" and suffix in NO_FLOATS:
        raise UserError(f"cannot write {shown(path)}: FLAC holds no floats; take 24 bits, or a WAV file")
    # Through memory: libsndfile does not report a disk that fills up while it closes a file.
    buffer = io.BytesIO()
    form = {"subtype": BIT_DEPTHS[bit_depth], "format": _FORMATS[suffix]}
    soundfile.write(buffer, limit_peaks(audio), sample_rate, **form)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer() if tags is None else tagged(buffer.getvalue(), tags))


def resample(audio: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample `audio` `[S]` or `[S, C]` (soxr, high quality); `round(S * to_rate / from_rate)` samples."""
    if from_rate == to_rate:
        return np.asarray(audio, np.float32)
    import soxr

    out = soxr.resample(np.asarray(audio, np.float32), from_rate, to_rate)
    return _fit(out, round(len(audio) * to_rate / from_rate))


def _check_length(path: str | os.PathLike, seconds: float) -> None:
    name = shown(path)
    if seconds == 0:
        raise UserError(f"{name}: it holds no samples; record or export it again")
    if seconds < MIN_SECONDS:
        short = math.floor(1000 * seconds) / 1000  # 0.4999 is not 0.500, which would do
        raise UserError(f"{name}: {short:.3f} seconds is too short; at least {MIN_SECONDS} are needed")
    if seconds > MAX_SECONDS:
        limit = MAX_SECONDS / 60
        raise UserError(f"{name}: {seconds / 60:.1f} minutes is too long; cut it to {limit:.0f} at most")


def _part(
    path: str | os.PathLike, start: int, count: int, remarks: list[str] | None = None
) -> Iterator[np.ndarray]:
    """Blocks `[n, C]` of `count` samples from `start` on; what `open_sound` says is added to `remarks`."""
    file, said = open_sound(path)
    if remarks is not None:
        remarks += said
    with file:
        if start and file.frames >= UNKNOWN_FRAMES:
            for _ in _blocks(file, start):
                pass
        elif start:
            file.seek(start)
        yield from _blocks(file, count)


def _blocks(file, count: int) -> Iterator[np.ndarray]:
    """The next `count` samples of `file`, or as many as there are, in blocks `[n, C]` of float64."""
    import soundfile

    done = 0
    while done < count:
        wanted = min(round(_BLOCK_SECONDS * file.samplerate), count - done)
        try:
            block = file.read(wanted, dtype="float64", always_2d=True)
        except soundfile.SoundFileError:  # a damaged FLAC stops here
            return
        if not len(block):
            return
        yield block
        done += len(block)


def _told_short(
    blocks: Iterable[np.ndarray], rate: int, count: int, remarks: list[str]
) -> Iterator[np.ndarray]:
    """The blocks; if they hold fewer than `count` samples, that is added to `remarks`."""
    done = 0
    for block in blocks:
        done += len(block)
        yield block
    if done < count * (1 - _MISSING_TOLERANCE):
        remarks.append(
            f"it is cut off or damaged: only {done / rate:.2f} of {count / rate:.2f} seconds are used"
        )


def _resample_blocks(blocks: Iterator[np.ndarray], rate: int, count: int) -> np.ndarray:
    """Blocks `[n]` at `rate` Hz, `count` samples in all or fewer, joined at 24 kHz, `[S]`."""
    if rate != SAMPLE_RATE:
        import soxr

        stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    out = np.zeros(round(count * SAMPLE_RATE / rate) + 1, np.float32)  # once: an hour is 345 MB
    taken = made = 0
    last = False
    while not last:
        block = next(blocks, None)
        last = block is None
        block = np.zeros(0, np.float32) if last else block
        part = block if rate == SAMPLE_RATE else stream.resample_chunk(block, last=last)
        part = part[: out.size - made]
        out[made : made + part.size] = part
        taken, made = taken + block.size, made + part.size
    return out[: round(taken * SAMPLE_RATE / rate)]


def _fit(audio: np.ndarray, size: int) -> np.ndarray:
    """The first `size` samples of `audio` `[S]` or `[S, C]`, with zeros added where it is shorter."""
    return np.pad(audio[:size], [(0, max(0, size - len(audio))), *[(0, 0)] * (audio.ndim - 1)])
