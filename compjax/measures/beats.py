"""Tempo by autocorrelation with a prior, beats by dynamic programming (Ellis, J. New Music Research 2007)."""

import dataclasses

import numpy as np

from compjax.audio.transforms import fourier
from compjax.measures import onsets

SECONDS_PER_MINUTE = 60.0


@dataclasses.dataclass(frozen=True)
class BeatConfig:
    """Tempo range and prior (beats per minute), and how firmly the beat is held."""

    min_tempo: float = 40.0
    max_tempo: float = 240.0
    prior_tempo: float = 120.0
    prior_octaves: float = 0.9
    """Standard deviation of the log-normal prior (Ellis's tau_0 and sigma_tau)."""
    tightness: float = 100.0
    """Weight of a regular beat against strong onsets (Ellis's alpha)."""
    min_onsets: int = 4
    """With fewer onsets a beat is not trusted."""


@dataclasses.dataclass(frozen=True)
class Beats:
    """Beat times in seconds `[N]`, tempo in beats per minute (0: there is none), confidence in [0, 1]."""

    times: np.ndarray
    tempo: float
    confidence: float


DEFAULT = BeatConfig()
NO_BEATS = Beats(np.zeros(0), 0.0, 0.0)


def autocorrelation(envelope: np.ndarray) -> np.ndarray:
    """Autocorrelation `[T]` of the centred envelope, each lag divided by its number of terms; 1 at lag 0."""
    centred = envelope - envelope.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(fourier.rfft(centred, size)) ** 2
    correlation = fourier.irfft(power, size)[: len(centred)] / np.arange(len(centred), 0, -1)
    return correlation / max(correlation[0], 1e-12)


def estimate_tempo(envelope: np.ndarray, rate: float, config: BeatConfig = DEFAULT) -> tuple[float, float]:
    """Tempo in beats per minute and its confidence in [0, 1]; (0, 0) where nothing repeats.

    The confidence is the autocorrelation at the beat's period. Only periods that fit at least twice are
    looked at.
    """
    shortest = int(np.ceil(SECONDS_PER_MINUTE * rate / config.max_tempo))
    longest = min(int(SECONDS_PER_MINUTE * rate / config.min_tempo), len(envelope) // 2)
    if longest <= shortest + 2 or envelope.std() < 1e-6:
        return 0.0, 0.0
    correlation = autocorrelation(smoothed(envelope, 1.5))
    lags = np.arange(shortest, longest + 1)
    octaves = np.log2(SECONDS_PER_MINUTE * rate / lags / config.prior_tempo)
    weighted = correlation[lags] * np.exp(-0.5 * (octaves / config.prior_octaves) ** 2)
    best = int(lags[np.argmax(weighted)])
    if correlation[best] <= 0.0:
        return 0.0, 0.0
    return SECONDS_PER_MINUTE * rate / _vertex(correlation, best), float(np.clip(correlation[best], 0.0, 1.0))


def _vertex(values: np.ndarray, index: int) -> float:
    """Abscissa of the parabola through a maximum and its neighbours."""
    if not 0 < index < len(values) - 1:
        return float(index)
    before, here, after = values[index - 1 : index + 2]
    curvature = before - 2.0 * here + after
    return (
        index + float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5))
        if curvature < 0
        else float(index)
    )


def smoothed(envelope: np.ndarray, frames: float) -> np.ndarray:
    """The envelope after a Gaussian of that standard deviation in frames, of the same length."""
    half = int(np.ceil(3 * frames))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / frames) ** 2)
    return np.convolve(np.pad(envelope, half), kernel / kernel.sum(), mode="valid")


def track(
    envelope: np.ndarray,
    rate: float = onsets.DEFAULT.stft.rate,
    config: BeatConfig = DEFAULT,
    latency: float = onsets.DEFAULT.latency,
    tempo: float | None = None,
) -> Beats:
    """Beats of an onset-strength envelope `[T]` at `rate` frames per second.

    `latency` seconds are added to the times; `tempo` is that of the beats where it is known. With fewer
    than `config.min_onsets` onsets there is no beat to be found: the confidence is 0.
    """
    found, confidence = estimate_tempo(envelope, rate, config)
    tempo = found if tempo is None else tempo
    struck = len(onsets.pick_peaks(envelope))
    if tempo == 0.0 or struck == 0:
        return NO_BEATS
    period = SECONDS_PER_MINUTE * rate / tempo
    local = smoothed(envelope / envelope.std(), max(1.0, period / 32.0))
    frames = _best_path(local, period, config.tightness)
    return Beats(
        np.maximum(0.0, (frames + 0.5) / rate + latency),
        tempo,
        confidence if struck >= config.min_onsets else 0.0,
    )


def _best_path(local: np.ndarray, period: float, tightness: float) -> np.ndarray:
    """Frames `[N]` of the beats: Ellis 2007, equations 5 to 7, then back from the best of the last period.

    No beat is nearer to the last than half a period: so many frames are decided at once.
    """
    lags = np.arange(max(1, int(round(period / 2))), int(round(2 * period)) + 1)[::-1]
    penalty = -tightness * np.log(lags / period) ** 2
    offset = int(lags[0])
    score = np.zeros(len(local) + offset)
    before = np.full(len(local), -1, np.int64)
    past = np.lib.stride_tricks.sliding_window_view(score, len(lags))
    for first in range(0, len(local), int(lags[-1])):
        frames = np.arange(first, min(first + int(lags[-1]), len(local)))
        options = past[frames] + penalty
        best = options.argmax(axis=1)
        gained = options[np.arange(frames.size), best]
        start_here = gained <= 0.0
        score[frames + offset] = local[frames] + np.where(start_here, 0.0, gained)
        before[frames] = np.where(start_here, -1, frames - lags[best])
    return _walk_back(score[offset:], before, period)


def _walk_back(score: np.ndarray, before: np.ndarray, period: float) -> np.ndarray:
    tail = len(score) - min(len(score), int(np.ceil(period)))
    frame = tail + int(np.argmax(score[tail:]))
    path = []
    while frame >= 0:
        path.append(frame)
        frame = int(before[frame])
    return np.asarray(path[::-1], np.float64)


def detect(audio: np.ndarray, config: BeatConfig = DEFAULT) -> Beats:
    """Beats of audio `[S]`."""
    return track(onsets.strength(audio), config=config)
