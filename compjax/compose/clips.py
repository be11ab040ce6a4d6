"""A clip on its way in: read, checked, levelled, encoded."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Callable

import numpy as np

from compjax.audio import loudness, waveform
from compjax.audio.pitch_spectrum import pitch_spectrum
from compjax.audio.tuning import tuning_of
from compjax.compose.align import audible_span
from compjax.compose.composer import Sound
from compjax.constants import HOP_LENGTH, MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.groove import Groove

Source = str | os.PathLike | np.ndarray | Groove
"""A path, or samples `[S]` or `[S, channels]`, or a groove, which is heard as plain strokes."""


@dataclasses.dataclass(frozen=True)
class Clip:
    """Sound as it came, and the gain that brings what is audible of it to the reference level."""

    audio: np.ndarray  # [S] float32, 24 kHz
    gain: float

    @property
    def frames(self) -> int:
        """Latent frames, one for every hop begun."""
        return -(-self.audio.size // HOP_LENGTH)


def open_clip(source: Source, role: str, sample_rate: int | None = None) -> Clip:
    """Read or check a clip.

    Args:
        source: a path, or samples of finite floats, full scale at 1.
        role: "input" or "target", for messages.
        sample_rate: Hz of an array; a file knows its own.

    Raises:
        UserError: if it cannot be read, is too short or too long, not finite, or silent.
    """
    if isinstance(source, str | os.PathLike):
        audio, name = waveform.read(source), f"{role} {pathlib.Path(source).name}"
    elif isinstance(source, Groove):
        audio, name = source.audio(), "groove"
    else:
        audio, name = _checked(np.asarray(source), role, sample_rate), role
    if level(audio) < loudness.SILENCE_RMS:
        raise UserError(f"the {name} is silent; give a clip with sound in it")
    start, end = audible_span(audio)
    heard = audio[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    return Clip(audio, loudness.REFERENCE_RMS / level(heard))


def level(audio: np.ndarray) -> float:
    """RMS of audio `[S]`, taken a minute at a time: `loudness.rms` needs twice the memory of its clip."""
    minute = 60 * SAMPLE_RATE
    blocks = [audio[begin : begin + minute] for begin in range(0, audio.size, minute)]
    powers = [loudness.rms(block) ** 2 for block in blocks]
    return float(np.sqrt(np.average(powers, weights=[block.size for block in blocks])))


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


def encode(clip: Clip, encoder: Callable[[np.ndarray], np.ndarray], lead: int = 0) -> Sound:
    """Latents and pitch spectrum of a clip at the reference level, after `lead` frames of silence.

    `encoder` takes `[S]` of any length to `[T, D]`.
    """
    padded = np.pad(clip.audio, (lead * HOP_LENGTH, clip.frames * HOP_LENGTH - clip.audio.size))
    padded *= np.float32(clip.gain)
    return Sound(encoder(padded), pitch_spectrum(padded, tuning_of(clip.audio)))
