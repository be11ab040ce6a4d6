"""Timbre: statistics of mel-frequency cepstra over sounding frames (Davis and Mermelstein 1980).

Audio `[S]` at 24 kHz; a description is the mean and (halved) deviation of c1 to c13, `[26]`, in decibels.
The level (c0) is left out, silent frames are skipped and loud ones weigh more, so that rests are no timbre.
"""

import dataclasses
import functools

import numpy as np

from compjax.measures.spectra import StftConfig, filtered, mel_filters


@dataclasses.dataclass(frozen=True)
class TimbreConfig:
    """Spectrum and statistics."""

    stft: StftConfig = StftConfig(size=1024, hop=480)
    bands: int = 40
    coefficients: int = 13
    range_db: float = 40.0
    """Bands this far below their frame's strongest are noise: they are raised to that floor."""
    deviation_weight: float = 0.5
    """Deviations count half: they tell more of how notes decay, and so of rhythm, than the means do."""
    silence_db: float = 35.0
    """Frames this far below the clip's loudest (95th percentile) are skipped."""


DEFAULT = TimbreConfig()


@functools.cache
def cosine_transform(bands: int, coefficients: int) -> np.ndarray:
    """Orthonormal DCT-II without its constant: `[bands, coefficients]`, columns c1 upwards."""
    phase = np.pi * (np.arange(bands) + 0.5)[:, None] * np.arange(1, coefficients + 1)[None, :] / bands
    return np.sqrt(2.0 / bands) * np.cos(phase)


def describe(audio: np.ndarray, config: TimbreConfig = DEFAULT) -> np.ndarray:
    """Mean and weighted deviation of c1 to c13, `[26]`, in decibels; zeros for silence."""
    bands = filtered(audio, config.stft, mel_filters(config.stft, config.bands))
    level = np.sqrt(np.mean(bands**2, axis=1))
    if level.max(initial=0.0) < 1e-7:
        return np.zeros(2 * config.coefficients)
    sounding = level > np.percentile(level, 95) * 10.0 ** (-config.silence_db / 20.0)
    bands, weight = bands[sounding], level[sounding] / level[sounding].sum()
    floor = bands.max(axis=1, keepdims=True) * 10.0 ** (-config.range_db / 20.0)
    cepstra = 20.0 * np.log10(np.maximum(bands, floor)) @ cosine_transform(config.bands, config.coefficients)
    mean = weight @ cepstra
    deviation = np.sqrt(weight @ (cepstra - mean[None, :]) ** 2)
    return np.concatenate([mean, config.deviation_weight * deviation])


SAME = 1e-3
"""Decibels that are no difference: what rounding makes of one sound."""


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Euclidean distance of two descriptions, in decibels."""
    return float(np.linalg.norm(one - other))


def margin(output: np.ndarray, chosen: np.ndarray, other: np.ndarray) -> float:
    """How much nearer the output is to the chosen source than to the other, -1 to 1 (it is the chosen one).

    (d_other - d_chosen) / (d_other + d_chosen) of three descriptions; 0 where the sources do not differ.
    """
    to_chosen, to_other = distance(output, chosen), distance(output, other)
    total = to_chosen + to_other
    return (to_other - to_chosen) / total if total > SAME else 0.0
