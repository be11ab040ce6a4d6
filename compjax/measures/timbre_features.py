"""What is described of a sound before the timbre space: spectrum, partials, noise, attacks, decays, tremor.

Audio `[S]` at 24 kHz at any level; the result is `[FEATURES]`, in units of some decibels each. Register and
density of onsets are among them on purpose: they are no timbre, but the space can take off what they predict.
"""

import dataclasses
import functools
import itertools

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.measures import chroma, partials
from compjax.measures.spectra import StftConfig, filtered, stft, unit_mel_filters


@dataclasses.dataclass(frozen=True)
class FeatureConfig:
    """Spectra and statistics; times in seconds, levels in decibels."""

    stft: StftConfig = StftConfig(size=1024, hop=240)
    bands: int = 40
    wide: tuple[int, ...] = (0, 10, 22, 40)
    """Mel bands between which low, middle and high are followed in time (to about 0.7, 2.5 and 11 kHz)."""
    range_db: float = 45.0
    silence_db: float = 35.0
    """Frames this far below the clip's loudest (95th percentile) are skipped."""
    shape: int = 15
    moments: int = 8
    """Cosine coefficients of the mean spectrum, and of what attacks and late parts differ by."""
    attack: float = 0.05
    late: float = 0.25
    """Where a note's attack ends and its late part begins."""
    curve: tuple[int, ...] = (-3, -1, 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
    """Frames from an onset at which the level is read, until the next onset."""
    noise_edges: tuple[float, ...] = (60.0, 300.0, 800.0, 2000.0, 5000.0, 11000.0)
    """Hz between which spectral flatness is measured."""


DEFAULT = FeatureConfig()

FINE = StftConfig(size=4096, hop=2048)
"""The spectrum in which flatness is measured: partials of a semitone apart are two."""


@functools.cache
def cosine_transform(bands: int, coefficients: int) -> np.ndarray:
    """Orthonormal DCT-II without its constant: `[bands, coefficients]`, columns c1 upwards."""
    phase = np.pi * (np.arange(bands) + 0.5)[:, None] * np.arange(1, coefficients + 1)[None, :] / bands
    return np.sqrt(2.0 / bands) * np.cos(phase)


def describe(
    audio: np.ndarray, onset_times: np.ndarray, pitch: chroma.PitchContent, config: FeatureConfig = DEFAULT
) -> np.ndarray | None:
    """Features of audio `[S]` with its onsets in seconds and its pitch content; None of silence."""
    bands = filtered(audio, config.stft, unit_mel_filters(config.stft, config.bands))
    level = np.sqrt(np.mean(bands**2, axis=1))
    if level.max(initial=0.0) < 1e-7:
        return None
    since = _since_onset(len(level), onset_times, config)
    sounding = level > np.percentile(level, 95) * 10.0 ** (-config.silence_db / 20.0)
    heard = partials.describe(pitch)
    groups = [
        *_spectrum(bands, level, sounding, since, config),
        heard.levels[1:],
        np.array([heard.pitch, heard.low, heard.high]) / 10.0,
        _flatness(audio, config) / 3.0,
        *_movement(bands, sounding, since, onset_times, config),
    ]
    return np.concatenate([np.ravel(group) for group in groups])


def _frames(onset_times: np.ndarray, config: FeatureConfig) -> np.ndarray:
    return np.round(onset_times * config.stft.rate).astype(np.int64)


def _since_onset(count: int, onset_times: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """Seconds `[count]` since the last onset; infinite before the first and just before the next."""
    since = np.full(count, np.inf)
    begins = np.maximum(_frames(onset_times, config) - 1, 0)
    for begin, end in itertools.pairwise([*begins, count]):
        end = max(begin, end - 1)
        since[begin:end] = np.arange(end - begin) / config.stft.rate
    return since


def _spectrum(bands, level, sounding, since, config: FeatureConfig) -> list[np.ndarray]:
    """Cosine coefficients of the mean log spectrum, and how attacks and late parts differ from the rest."""
    floor = np.maximum(bands.max(axis=1, keepdims=True) * 10.0 ** (-config.range_db / 20.0), 1e-6)
    decibels = 20.0 * np.log10(np.maximum(bands, floor)) - 20.0 * np.log10(level[:, None] + 1e-7)

    def mean(frames: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        return level[frames] @ decibels[frames] / level[frames].sum() if frames.sum() >= 3 else otherwise

    whole = mean(sounding, np.zeros(config.bands))
    body = mean(sounding & (since >= config.attack) & (since < config.late), whole)
    attack = mean(sounding & (since < config.attack), whole)
    late = mean(sounding & (since >= config.late) & np.isfinite(since), body)
    return [
        whole @ cosine_transform(config.bands, config.shape),
        (attack - body) @ cosine_transform(config.bands, config.moments),
        (late - body) @ cosine_transform(config.bands, config.moments),
    ]


def _flatness(audio: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """Spectral flatness by band in decibels (0: noise), each frame weighted by its energy there."""
    power = np.abs(stft(audio, FINE)) ** 2 + 1e-12
    loudness = 10.0 * np.log10(power.sum(axis=1))
    power = power[loudness > np.percentile(loudness, 95) - config.silence_db]
    edges = np.searchsorted(np.arange(FINE.bins) * SAMPLE_RATE / FINE.size, config.noise_edges)
    found = []
    for begin, end in zip(edges[:-1], edges[1:], strict=True):
        band = power[:, begin:end]
        ratio = 10.0 * np.log10(band).mean(axis=1) - 10.0 * np.log10(band.mean(axis=1))
        found.append(np.average(ratio, weights=band.sum(axis=1)))
    return np.array(found)


def _movement(bands, sounding, since, onset_times, config: FeatureConfig) -> list[np.ndarray]:
    """How levels move: curves from onsets on, slopes between them, tremor, and how dense onsets are."""
    pairs = [*zip(config.wide[:-1], config.wide[1:], strict=True), (0, config.bands)]
    levels = np.stack([10.0 * np.log10(np.mean(bands[:, a:b] ** 2, axis=1) + 1e-9) for a, b in pairs], axis=1)
    levels = np.maximum(levels, levels.max(axis=0) - 50.0)
    steps = np.diff(onset_times)
    density = [np.log1p(len(onset_times) * config.stft.rate / len(bands))]
    density += [np.log10(max(np.median(steps), 0.01)) if len(steps) > 1 else 0.0]
    return [
        np.clip(_curves(levels, _frames(onset_times, config), config), -40.0, 3.0) / 6.0,
        _slopes(levels, sounding, since, config) / 20.0,
        np.array([_tremor(levels[:, -1], sounding & (since > 0.15)), *density]),
    ]


def _curves(levels: np.ndarray, begins: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """Median level `[len(curve), 4]` from onset to onset, relative to the strongest of the first 120 ms."""
    steps, found = np.asarray(config.curve), []
    for begin, following in itertools.pairwise([*begins, len(levels)]):
        end = min(following - 2, len(levels))
        frames = begin + steps
        valid = (frames >= 0) & (frames < end)
        peak = levels[begin : max(min(end, begin + 12), begin + 1)]
        if len(peak):
            values = levels[np.clip(frames, 0, len(levels) - 1)] - peak.max(axis=0)
            found.append(np.where(valid[:, None], values, np.nan))
    curve = np.zeros((len(steps), levels.shape[1]))
    for place in range(len(steps)):
        values = np.array([one[place] for one in found if not np.isnan(one[place, 0])])
        last = curve[place - 1] if place else np.full(levels.shape[1], -20.0)
        curve[place] = np.median(values, axis=0) if len(values) else last if found else 0.0
    return curve


def _slopes(levels: np.ndarray, sounding: np.ndarray, since: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """Percentiles `[5, 4]` of the levels' slopes in decibels a second, away from onsets."""
    lag = 5
    slopes = (levels[lag:] - levels[:-lag]) * config.stft.rate / lag
    both = sounding[lag:] & sounding[:-lag]
    away = both & (since[lag:] > 0.1)
    chosen = slopes[away if away.sum() >= 10 else sounding[lag:]]
    chosen = chosen if len(chosen) else np.zeros((1, levels.shape[1]))
    return np.clip(np.percentile(chosen, [10, 25, 50, 75, 90], axis=0), -150.0, 150.0)


def _tremor(level: np.ndarray, steady: np.ndarray) -> float:
    """Deviation in decibels of the level from its mean over a quarter of a second, in steady frames."""
    if len(level) < 25 or steady.sum() <= 20:
        return 0.5
    return float((level - np.convolve(level, np.ones(25) / 25, "same"))[steady].std())
