"""A clip as it is heard: the codec's latents and the pitch spectrum, after a little silence.

A sound is a hit because it was quiet before, so a clip that begins with one is heard after `LEAD_IN` frames
of silence. Only this room knows of them: what it says of a clip is in the clip's own time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from compjax.audio.time_map import TimeMap, frames_along
from compjax.audio.transforms.pitch_spectrum import STRIDE, pitch_spectrum
from compjax.audio.tuning import tuning_of
from compjax.constants import FRAME_RATE, HOP_LENGTH
from compjax.side_by_side import side_by_side

LEAD_IN = 16
"""Frames of silence before a clip as it is heard."""

LEAD_SECONDS = LEAD_IN / FRAME_RATE


@dataclasses.dataclass(frozen=True)
class Sound:
    """A clip at the reference level, after `LEAD_IN` frames of silence.

    Attributes:
        latents: `[LEAD_IN + T, D]`, the codec's.
        spectrum: `[ceil((LEAD_IN + T) / 4), 300]`, see `compjax.audio.transforms.pitch_spectrum`.
    """

    latents: np.ndarray
    spectrum: np.ndarray

    @property
    def clip_latents(self) -> np.ndarray:
        """The latents of the clip alone, `[T, D]`."""
        return self.latents[LEAD_IN:]

    @property
    def silence(self) -> np.ndarray:
        """A frame of silent latents, `[1, D]`."""
        return self.latents[:1]

    def along(self, time_map: TimeMap, frames: int) -> Sound:
        """The sound as it is read along another clip of `frames` latent frames."""
        latents = frames_along(self.latents, time_map, frames, LEAD_IN)
        lead, rate = LEAD_IN // STRIDE, FRAME_RATE / STRIDE
        return Sound(latents, frames_along(self.spectrum, time_map, -(-frames // STRIDE), lead, rate))


def analyse(audio: np.ndarray, gain: float, encode: Callable[[np.ndarray], np.ndarray]) -> Sound:
    """Latents and pitch spectrum of a clip.

    Args:
        audio: `[S]` at 24 kHz.
        gain: what brings it to the reference level.
        encode: the codec's, `[S]` of any length to `[T, D]`.
    """
    padded = np.pad(audio, (LEAD_IN * HOP_LENGTH, -audio.size % HOP_LENGTH))
    padded *= np.float32(gain)
    return Sound(*side_by_side(lambda: encode(padded), lambda: pitch_spectrum(padded, tuning_of(audio))))
