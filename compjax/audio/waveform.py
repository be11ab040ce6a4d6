"""Waveforms in and out of files: anything libsndfile reads becomes 24 kHz mono float32."""

from __future__ import annotations

import dataclasses
import io
import os
import pathlib
import re
from collections.abc import Iterator

import numpy as np
from absl import logging

from compjax.audio.loudness import limit_peaks
from compjax.constants import MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import atomic_path

LOWEST_RATE = 4_000
"""Lowest sampling rate of a file that can hold music, in Hz."""

_BLOCK_SECONDS = 1.0  # read at once, so that an hour of stereo needs no gigabyte
_MISSING_TOLERANCE = 0.02  # MP3 headers only estimate the length
_FORMATS = {".wav": "WAV", ".flac": "FLAC"}
_SUBTYPES = {16: "PCM_16", 24: "PCM_24"}
# libsndfile's log when a chunk's header promises more bytes than the file holds.
_SHORT_CHUNK = re.compile(r"^ *(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_STREAMED = 0x7FFF0000  # a recorder that did not know the length wrote its largest number


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


def read_info(path: str | os.PathLike) -> AudioInfo:
    """Header of a sound file, without reading its samples.

    Raises:
      UserError: if there is no such file, or it is not sound that libsndfile reads.
    """
    with _open(path) as file:
        return _info_of(file)


def read(path: str | os.PathLike, offset: float = 0.0, duration: float | None = None) -> np.ndarray:
    """Read a sound file as mono at 24 kHz.

    Channels are averaged; other sampling rates are resampled (soxr, high quality). The file is
    read in blocks: memory grows with the mono result only.

    Args:
      path: any file libsndfile reads, 0.5 seconds to an hour long.
      offset: where to start, in seconds.
      duration: how much to read, in seconds; None reads to the end.

    Returns:
      Samples `[S]`, float32, as loud as they are in the file. All zeros if the file is silent.

    Raises:
      UserError: if the file is missing, a folder, not sound, too short, too long, or holds NaN or
        infinite samples.
    """
    with _open(path) as file:
        info = _info_of(file)
        _check_length(path, info.seconds)
        _warn_if_cut_off(path, file.extra_info)
        start = min(round(offset * info.sample_rate), info.frames)
        count = info.frames - start
        if duration is not None:
            count = min(count, round(duration * info.sample_rate))
        if start:
            file.seek(start)
        audio = _resample_blocks(_mono_blocks(path, file, count), info.sample_rate, count)
    if duration is None and not start:
        _check_length(path, audio.size / SAMPLE_RATE)
    return audio


def write(path: str | os.PathLike, audio: np.ndarray, sample_rate: int = SAMPLE_RATE, bits: int = 16) -> None:
    """Write mono `audio` `[S]` as PCM, a WAV or FLAC file by the name's ending; whole or not at all.

    Peaks above full scale are limited softly rather than clipped.

    Args:
      path: a name that ends in .wav or .flac.
      audio: finite samples, full scale at 1.
      sample_rate: Hz.
      bits: 16 or 24.

    Raises:
      UserError: if the name has another ending or the file cannot be written.
      ValueError: if the samples are not `[S]` or not finite.
    """
    import soundfile

    suffix = pathlib.Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UserError(f"cannot write {os.fspath(path)}: its name must end in {' or '.join(_FORMATS)}")
    if audio.ndim != 1 or not np.all(np.isfinite(audio)):
        raise ValueError(f"audio to write must be finite and one-dimensional, not of shape {audio.shape}")
    # Through memory: libsndfile does not report a disk that fills up while it closes a file.
    buffer = io.BytesIO()
    soundfile.write(buffer, limit_peaks(audio), sample_rate, _SUBTYPES[bits], format=_FORMATS[suffix])
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def resample(audio: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample `audio` `[S]` (soxr, high quality); `round(S * to_rate / from_rate)` samples, float32."""
    if from_rate == to_rate:
        return np.asarray(audio, np.float32)
    import soxr

    out = soxr.resample(np.asarray(audio, np.float32), from_rate, to_rate)
    return _fit(out, round(audio.size * to_rate / from_rate))


def _open(path: str | os.PathLike):
    """A `soundfile.SoundFile`, or a UserError that says what is wrong with `path`."""
    name = os.fspath(path)
    if not os.path.exists(path):
        raise UserError(f"{name}: no such file")
    if not os.path.isfile(path):
        raise UserError(f"{name}: not a file; give the name of one sound file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{name}: permission to read it is denied")
    import soundfile

    try:
        return soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless .raw files
        known = "not a WAV, FLAC, OGG or MP3 file that can be read"
        what = known if os.path.getsize(path) else "the file is empty"
        raise UserError(f"{name}: {what}; convert or export it again as WAV") from error


def _info_of(file) -> AudioInfo:
    info = AudioInfo(file.frames, file.samplerate, file.channels, file.format, file.subtype)
    if info.channels < 1 or info.sample_rate < LOWEST_RATE:
        raise UserError(
            f"{file.name}: {info.channels} channels at {info.sample_rate} Hz is not music; "
            f"at least one channel at {LOWEST_RATE} Hz is needed"
        )
    return info


def _check_length(path: str | os.PathLike, seconds: float) -> None:
    name = os.fspath(path)
    if seconds == 0:
        raise UserError(f"{name}: it holds no samples; record or export it again")
    if seconds < MIN_SECONDS:
        raise UserError(f"{name}: {seconds:.3f} seconds is too short; at least {MIN_SECONDS} are needed")
    if seconds > MAX_SECONDS:
        limit = MAX_SECONDS / 60
        raise UserError(f"{name}: {seconds / 60:.1f} minutes is too long; cut it to {limit:.0f} at most")


def _warn_if_cut_off(path: str | os.PathLike, log: str) -> None:
    """Warn if libsndfile's log shows a chunk that ends before its header says."""
    match = _SHORT_CHUNK.search(log)
    if match and int(match[2]) < int(match[1]) < _STREAMED:
        share = int(match[2]) / int(match[1])
        logging.warning("%s is cut off: only %.0f %% of what its header promises is there", path, 100 * share)


def _mono_blocks(path: str | os.PathLike, file, count: int) -> Iterator[np.ndarray]:
    """The next `count` samples of `file`, channels averaged, in blocks `[n]` of float32."""
    import soundfile

    done = 0
    while done < count:
        wanted = min(round(_BLOCK_SECONDS * file.samplerate), count - done)
        try:
            block = file.read(wanted, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:  # a damaged FLAC stops here
            break
        if not len(block):
            break
        _check_finite(path, block, done / file.samplerate)
        yield block.mean(axis=1, dtype=np.float64).astype(np.float32)
        done += len(block)
    if done < count * (1 - _MISSING_TOLERANCE):
        have, want = done / file.samplerate, count / file.samplerate
        logging.warning("%s is cut off or damaged: only %.2f of %.2f seconds are used", path, have, want)


def _check_finite(path: str | os.PathLike, block: np.ndarray, start: float) -> None:
    if np.isfinite(block).all():
        return
    where = f"{os.fspath(path)}: samples after {start:.0f} seconds"
    raise UserError(f"{where} are not numbers (NaN or infinite); export it again")


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
    """The first `size` samples of `audio` `[S]`, with zeros added where it is shorter."""
    return np.pad(audio[:size], (0, max(0, size - audio.size)))
