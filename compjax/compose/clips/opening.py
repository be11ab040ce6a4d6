"""A clip on its way in: read, checked, its level measured."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy as np

from compjax.audio import loudness, waveform
from compjax.audio.mending import conditioning
from compjax.audio.original import Original
from compjax.audio.sound_files import HIGHEST_RATE, LOWEST_RATE, MAX_CHANNELS
from compjax.compose.clips.align import audible_span
from compjax.constants import HOP_LENGTH, MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import shown
from compjax.hearing.grid import hear
from compjax.music.groove import Groove
from compjax.music.time.grid import KNOWN, NO_GRID, Grid, regular
from compjax.music.time.meter import HEARD, GridSettings

ClipSource = str | os.PathLike | np.ndarray | Groove
"""A path, or samples `[S]`, `[S, channels]` or `[channels, S]`, or a groove, heard as plain strokes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Clip:
    """Sound as it came, but for what had to be mended: see `audio/mending/conditioning.py`.

    Attributes:
        name: its file's name, or what it is.
        audio: `[S]` float32, 24 kHz.
        gain: what brings the audible part of it to the reference level.
        seconds: its length, also where only its beginning is kept.
        groove: what it was made of, where it was no sound.
        remarks: sentences on what was mended.
        grid: its beats and bars, once they are known.
        original: where it came from; None where it was no sound.
        mended: what it was made louder by, because it was too loud or next to nothing.
    """

    name: str
    audio: np.ndarray
    gain: float
    seconds: float
    groove: Groove | None = None
    remarks: tuple[str, ...] = ()
    grid: Grid = NO_GRID
    original: Original | None = None
    mended: float = 1.0

    def gridded(self, settings: GridSettings = HEARD) -> Clip:
        """The same with its grid: that of its groove, or heard, but for what is set."""
        groove = self.groove
        if groove is None or not groove.tempo:
            return dataclasses.replace(self, grid=hear(self.audio, settings, self.gain))
        meter, tempo = settings.meter or groove.meter, settings.bpm or groove.tempo
        first = groove.first_beat if settings.downbeat is None else settings.downbeat
        return dataclasses.replace(self, grid=regular(tempo, meter, first, self.seconds, KNOWN))

    @property
    def frames(self) -> int:
        """Latent frames, one for every hop begun."""
        return -(-self.audio.size // HOP_LENGTH)

    @property
    def length(self) -> float:
        """Its length in seconds as it came, to the sample of its own rate."""
        if self.original is None:
            return self.audio.size / SAMPLE_RATE
        own = self.original.frames / self.original.rate
        return own if round(own * SAMPLE_RATE) == self.audio.size else self.audio.size / SAMPLE_RATE

    def loudness(self) -> float:
        """Loudness of its sound in LKFS, of left and right where it has both."""
        own = loudness.sounding_loudness(self.audio)
        if self.original is None or (self.original.rate <= SAMPLE_RATE and self.original.recorded == 1):
            return own
        whole = self.original.loudness() + 20.0 * float(np.log10(self.mended))
        return whole if np.isfinite(whole) else own

    def beginning(self, seconds: float) -> Clip:
        """The same with its first `seconds` of sound only; a copy, so that the whole is not held on to."""
        return dataclasses.replace(self, audio=self.audio[: round(seconds * SAMPLE_RATE)].copy())


def open_clip(source: ClipSource, role: str, sample_rate: int | None = None) -> Clip:
    """Read or check a clip.

    Args:
        source: a path, or samples: finite floats, full scale at 1, or the whole numbers of WAV files.
        role: "input" or "target", for messages.
        sample_rate: Hz of an array; a file knows its own.

    Raises:
        UserError: if it cannot be read, is too short or too long, not finite, or silent.
    """
    name, recording = _read(source, role, sample_rate)
    audio, remarks = conditioning.without_offset(recording.audio)
    if loudness.level(audio) < loudness.SILENCE_RMS:
        said = f" ({'; '.join(remarks)})" if remarks else ""
        raise UserError(f"the {_called(source, role)} is silent{said}; give a clip with sound in it")
    peak = float(np.abs(audio).max())
    audio, more = conditioning.within_range(audio, _audible(audio))
    mended = float(np.abs(audio).max()) / peak
    gain = loudness.REFERENCE_RMS / loudness.level(_audible(audio))
    said = tuple(f"{name}: {remark}." for remark in (*recording.remarks, *remarks, *more))
    groove = source if isinstance(source, Groove) else None
    seconds, original = audio.size / SAMPLE_RATE, recording.original
    return Clip(name, audio, gain, seconds, groove, said, original=original, mended=mended)


def _audible(audio: np.ndarray) -> np.ndarray:
    """The part of audio `[S]` that sounds."""
    start, end = audible_span(audio)
    return audio[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]


def _read(source: ClipSource, role: str, sample_rate: int | None) -> tuple[str, waveform.Waveform]:
    """What a clip is called, and its sound."""
    if isinstance(source, str | bytes | os.PathLike):
        return _file_name(source), waveform.read_recording(source)
    if isinstance(source, Groove):
        return "groove", waveform.Waveform(source.audio())
    return role, _checked(np.asarray(source), role, sample_rate)


def _file_name(path: str | bytes | os.PathLike) -> str:
    return shown(pathlib.Path(os.fsdecode(path)).name)


def _called(source: ClipSource, role: str) -> str:
    """What a clip is called in a message."""
    if isinstance(source, str | bytes | os.PathLike):
        return f"{role} {_file_name(source)}"
    return "groove" if isinstance(source, Groove) else role


def _checked(samples: np.ndarray, role: str, sample_rate: int | None) -> waveform.Waveform:
    """Samples `[S]`, or those of channels, as mono at 24 kHz; the longer axis is time."""
    rate = _rate(sample_rate, role)
    kind = f"{samples.dtype} {samples.shape}"
    samples = _as_floats(samples)
    if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
        allowed = "floats (or int16, int32, uint8 as WAV files hold them) [S] or [S, channels]"
        raise UserError(f"the {role} must be {allowed}, not {kind}")
    channels = samples[:, None] if samples.ndim == 1 else samples
    channels = channels.T if channels.shape[0] < channels.shape[1] else channels
    if not 1 <= channels.shape[1] <= MAX_CHANNELS:
        raise UserError(f"the {role} has no samples or too many channels: it is {kind}")
    seconds = len(channels) / rate
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise UserError(
            f"the {role} is {seconds:.3f} seconds long; {MIN_SECONDS} to {MAX_SECONDS:.0f} are allowed"
        )
    return waveform.mono(channels, rate, f"the {role}")


def _as_floats(samples: np.ndarray) -> np.ndarray:
    """Whole numbers of a WAV file's kinds with full scale at 1; anything else as it is."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / np.float32(128.0)
    if samples.dtype in (np.int16, np.int32):
        return (samples / (np.iinfo(samples.dtype).max + 1.0)).astype(np.float32)
    return samples


def _rate(sample_rate: int | None, role: str) -> int:
    """The sampling rate of an array, in whole Hz."""
    if sample_rate is None:
        raise UserError(f"the {role} is an array: give its sample_rate too")
    try:
        rate = float(sample_rate)
    except (TypeError, ValueError):
        rate = 0.0
    if not LOWEST_RATE <= rate <= HIGHEST_RATE or rate != int(rate):
        known = f"a whole number of Hz from {LOWEST_RATE} to {HIGHEST_RATE}"
        raise UserError(f"the sample_rate of the {role} must be {known}, not {sample_rate!r}")
    return int(rate)
