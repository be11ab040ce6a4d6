"""Differences between two sounds in units of the ear, and in decibels by time and frequency.

Brightness is the spectral centroid on the ERB-rate scale, over sounding frames; decay the median fall of the
level between onsets. One step of brightness is taken as 5 % of the centroid's frequency, the order of what is
told apart of harmonic tones. One step of decay is a factor of 1.4 in the time constant (Tolonen and
Järveläinen, AES 109th Convention, 2000: plucked strings sound the same between 75 % and 140 %). Audio `[S]`
at 24 kHz.
"""

import dataclasses
import itertools

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.measures.spectra import StftConfig, filtered, stft, unit_mel_filters

BRIGHTNESS_STEP = 0.05
"""Share of the centroid's frequency."""

DECAY_STEP = 1.4
"""Ratio of two decays."""

MOST_STEPS = 50.0
"""More steps than this are no more different."""

SLOWEST = 3.0
"""Decibels a second: slower falls are none."""

RESOLUTIONS = ((512, 40), (1024, 64), (4096, 120))
"""Window in samples and mel bands of each spectrum that is compared."""

RANGE_DB = 60.0
"""What lies this far below a clip's strongest band is raised to there."""

SILENCE_DB, SILENT_DB = 35.0, -110.0
"""Frames this far below the clip's loudest (95th percentile), or below this level, are skipped."""


@dataclasses.dataclass(frozen=True)
class Hearing:
    """Centroid in Hz and decay in decibels a second (at least SLOWEST); not-a-number of silence."""

    centroid: float
    decay: float


def describe(audio: np.ndarray, onset_times: np.ndarray) -> Hearing:
    """Brightness and decay of audio `[S]` with its onsets in seconds."""
    config = StftConfig(size=1024, hop=240)
    power = np.abs(stft(audio, config)) ** 2
    level = 10.0 * np.log10(power.sum(axis=1) + 1e-12)
    if level.max(initial=SILENT_DB) <= SILENT_DB:
        return Hearing(float("nan"), float("nan"))
    sounding = level > max(np.percentile(level, 95) - SILENCE_DB, SILENT_DB)
    rate = erb_rate(np.arange(config.bins) * SAMPLE_RATE / config.size)
    centroids = power[sounding] @ rate / power[sounding].sum(axis=1)
    return Hearing(erb_hertz(float(np.median(centroids))), _decay(level, sounding, onset_times, config))


def erb_rate(hertz):
    """ERB-rate of frequencies (Glasberg and Moore 1990)."""
    return 21.4 * np.log10(1.0 + 0.00437 * hertz)


def erb_hertz(rate):
    """Frequencies of ERB-rates."""
    return (10.0 ** (rate / 21.4) - 1.0) / 0.00437


def _decay(level: np.ndarray, sounding: np.ndarray, onset_times: np.ndarray, config: StftConfig) -> float:
    """Median fall in decibels a second, from 80 ms after an onset to just before the next."""
    frames = np.round(onset_times * config.rate).astype(np.int64)
    falls = []
    for begin, following in itertools.pairwise([*frames, len(level)]):
        begin, end = begin + 8, following - 3
        heard = end - begin >= 8 and sounding[begin:end].all()
        if heard:
            falls.append((level[begin] - level[end - 1]) * config.rate / (end - 1 - begin))
    return float(max(np.median(falls), SLOWEST)) if falls else SLOWEST


def brightness_steps(one: Hearing, other: Hearing) -> float:
    """How many just noticeable steps of brightness lie between two sounds; MOST_STEPS if one is silent."""
    return _steps(one.centroid / other.centroid, 1.0 + BRIGHTNESS_STEP)


def decay_steps(one: Hearing, other: Hearing) -> float:
    """How many just noticeable steps of decay lie between two sounds; MOST_STEPS if one is silent."""
    return _steps(one.decay / other.decay, DECAY_STEP)


def _steps(ratio: float, step: float) -> float:
    return float(min(abs(np.log(ratio)) / np.log(step), MOST_STEPS)) if np.isfinite(ratio) else MOST_STEPS


def spectra(audio: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mel spectra in decibels, one a resolution, of a clip at the reference level."""
    found = []
    for size, bands in RESOLUTIONS:
        config = StftConfig(size=size, hop=size // 4)
        levels = 20.0 * np.log10(filtered(audio, config, unit_mel_filters(config, bands)) + 1e-6)
        found.append(np.maximum(levels, levels.max(initial=-120.0) - RANGE_DB))
    return tuple(found)


def spectral_distance(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> float:
    """Mean absolute difference in decibels of two clips' `spectra`, over the length of the shorter."""
    lengths = [min(len(a), len(b)) for a, b in zip(one, other, strict=True)]
    parts = zip(one, other, lengths, strict=True)
    return float(np.mean([np.abs(a[:count] - b[:count]).mean() for a, b, count in parts]))
