"""Brings what was rendered to the colour of the clip whose timbre it has, and to the codec's level.

The renderer knows instruments from training. Whatever it misses of an instrument that it never
heard is, for the most part, a smooth difference of the long-term spectrum, and that can be measured
on the clip at hand and mended. How loud it renders is free: its loss matches levels first.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS
from compjax.constants import BANDS_PER_OCTAVE, LATENT_MEAN, LATENT_STD, LOG_FLOOR, SILENT_LATENT


@dataclasses.dataclass(frozen=True)
class EqualiserConfig:
    """How a colour is measured and how far it is followed.

    Attributes:
        octaves: width over which spectra are smoothed; finer detail is notes, not colour.
        limit_db: most that a band is raised or lowered.
        strength: share of the difference that is mended.
    """

    octaves: float = 0.6
    limit_db: float = 20.0
    strength: float = 1.0


def _power(latents: np.ndarray) -> np.ndarray:
    """Power of every band and frame, `[T, 128]` float64; a full-scale sine has 1."""
    return np.exp(2.0 * (latents * LATENT_STD + LATENT_MEAN).astype(np.float64))


def colour(latents: np.ndarray, config: EqualiserConfig = EqualiserConfig()) -> np.ndarray:
    """Smoothed long-term spectrum of latents `[T, 128]`, `[128]` in natural log of power, mean 0."""
    power = _power(latents).mean(axis=0)
    spread = config.octaves * BANDS_PER_OCTAVE / 2.0
    distance = np.arange(len(power))[:, None] - np.arange(len(power))[None, :]
    kernel = np.exp(-0.5 * (distance / spread) ** 2)
    smooth = np.log(kernel @ power / kernel.sum(axis=1) + LOG_FLOOR**2)
    return smooth - smooth.mean()


def equalise(
    latents: np.ndarray, wanted: np.ndarray, config: EqualiserConfig = EqualiserConfig()
) -> np.ndarray:
    """Latents `[T, 128]` whose colour is moved to `wanted` `[128]`; what is silent stays silent."""
    limit = config.limit_db * np.log(10.0) / 10.0
    gain = np.clip(config.strength * (wanted - colour(latents, config)), -limit, limit)
    above = np.clip((latents - SILENT_LATENT) / 0.5, 0.0, 1.0)
    return (latents + above * gain * 0.5 / LATENT_STD).astype(np.float32)


def levelled(latents: np.ndarray, level: float = REFERENCE_RMS) -> np.ndarray:
    """Latents `[T, 128]` of about the RMS `level`, the one that the codec was trained at.

    The level is that of all bands' powers together, which is within a few decibels of the sound's. The gain
    acts on the sound above the floor: silence stays silence.
    """
    floor = LOG_FLOOR**2
    power = np.maximum(_power(latents) - floor, 0.0)
    own = np.sqrt(power.sum(axis=1).mean())
    if own < LOG_FLOOR:
        return latents
    louder = power * (level / own) ** 2 + floor
    return ((0.5 * np.log(louder) - LATENT_MEAN) / LATENT_STD).astype(np.float32)
