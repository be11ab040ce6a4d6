"""A clip on its way in: read, checked, its level measured."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy as np

from compjax.audio import loudness, waveform
from compjax.compose.clips.align import audible_span
from compjax.constants import HOP_LENGTH, MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.groove import Groove

ClipSource = str | os.PathLike | np.ndarray | Groove
"""A path, or samples `[S]` or `[S, channels]`, or a groove, which is heard as plain strokes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Clip:
    """Sound as it came.

    Attributes:
        name: its file's name, or what it is.
        audio: `[S]` float32, 24 kHz.
        gain: what brings the audible part of it to the reference level.
        seconds: its length, also where only its beginning is kept.
        groove: what it was made of, where it was no sound.
    """

    name: str
    audio: np.ndarray
    gain: float
    seconds: float
    groove: Groove | None = None

    @property
    def frames(self) -> int:
        """Latent frames, one for every hop begun."""
        return -(-self.audio.size // HOP_LENGTH)

    def beginning(self, seconds: float) -> Clip:
        """The same with its first `seconds` of sound only; a copy, so that the whole is not held on to."""
        return dataclasses.replace(self, audio=self.audio[: round(seconds * SAMPLE_RATE)].copy())


def open_clip(source: ClipSource, role: str, sample_rate: int | None = None) -> Clip:
    """Read or check a clip.

    Args:
        source: a path, or samples of finite floats, full scale at 1.
        role: "input" or "target", for messages.
        sample_rate: Hz of an array; a file knows its own.

    Raises:
        UserError: if it cannot be read, is too short or too long, not finite, or silent.
    """
    name, audio = _read(source, role, sample_rate)
    if loudness.level(audio) < loudness.SILENCE_RMS:
        raise UserError(f"the {_called(source, role)} is silent; give a clip with sound in it")
    start, end = audible_span(audio)
    audible = audio[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    gain = loudness.REFERENCE_RMS / loudness.level(audible)
    return Clip(name, audio, gain, audio.size / SAMPLE_RATE, source if isinstance(source, Groove) else None)


def _read(source: ClipSource, role: str, sample_rate: int | None) -> tuple[str, np.ndarray]:
    """What a clip is called, and its sound `[S]`."""
    if isinstance(source, str | os.PathLike):
        return pathlib.Path(source).name, waveform.read(source)
    if isinstance(source, Groove):
        return "groove", source.audio()
    return role, _checked(np.asarray(source), role, sample_rate)


def _called(source: ClipSource, role: str) -> str:
    """What a clip is called in a message."""
    if isinstance(source, str | os.PathLike):
        return f"{role} {pathlib.Path(source).name}"
    return "groove" if isinstance(source, Groove) else role


def _checked(samples: np.ndarray, role: str, sample_rate: int | None) -> np.ndarray:
    """Samples `[S]` or `[S, channels]` as mono at 24 kHz."""
    if sample_rate is None:
        raise UserError(f"the {role} is an array: give its sample_rate too")
    if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
        raise UserError(
            f"the {role} must be floats [S] or [S, channels], not {samples.dtype} {samples.shape}"
        )
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    seconds = mono.size / sample_rate
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise UserError(
            f"the {role} is {seconds:.3f} seconds long; {MIN_SECONDS} to {MAX_SECONDS:.0f} are allowed"
        )
    if not np.all(np.isfinite(mono)):
        raise UserError(f"the {role} has samples that are not numbers (NaN or infinite)")
    return waveform.resample(mono.astype(np.float32), sample_rate, SAMPLE_RATE)
