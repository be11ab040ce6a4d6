"""Onset strength and onset times: spectral flux with maximum filter (SuperFlux, Böck and Widmer, DAFx 2013).

Audio `[S]` at 24 kHz; envelope `[T]` at 100 Hz, non-negative, in units of mean log-magnitude rise per band.
"""

import dataclasses

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.measures.spectra import StftConfig, filtered, frame_times, log_filters


@dataclasses.dataclass(frozen=True)
class OnsetConfig:
    """Descriptor and peak picker; times in seconds."""

    stft: StftConfig = StftConfig(size=1024, hop=240)
    compression: float = 300.0
    """Magnitudes m enter as log(1 + compression * m): an amplitude of 0.003 is the knee."""
    lag: int = 2
    """Frames between the two spectra that are compared."""
    latency: float = -0.001
    """Added to the times of the flux's peaks, in seconds: clicks are found 2 ms early, tones 4 ms late."""
    local_maximum: float = 0.03
    """A peak is the largest value this far on both sides."""
    past_average: float = 0.10
    future_average: float = 0.03
    floor: float = 0.025
    """Smallest rise over the local average that counts, whatever the clip."""
    relative: float = 0.05
    """The same as a share of the clip's strongest rises (98th percentile of its peaks)."""
    spacing: float = 0.03
    """Onsets are at least this far apart."""


DEFAULT = OnsetConfig()


def strength(audio: np.ndarray, config: OnsetConfig = DEFAULT) -> np.ndarray:
    """Onset-strength envelope `[T]` at `config.stft.rate`."""
    return _rises(audio, config).mean(axis=1)


def strength_by_register(
    audio: np.ndarray, edges: tuple[float, ...] = (150.0, 2000.0), config: OnsetConfig = DEFAULT
) -> np.ndarray:
    """Onset strength `[T, len(edges) + 1]` by register, between `edges` in Hz; `strength` is its sum."""
    rises = _rises(audio, config)
    weights = log_filters(config.stft)
    hz = np.arange(config.stft.bins) @ weights * SAMPLE_RATE / config.stft.size  # of each filter
    cuts = np.searchsorted(hz, edges)
    parts = np.split(rises, cuts, axis=1)
    return np.stack([part.sum(axis=1) for part in parts], axis=1) / max(rises.shape[1], 1)


def _rises(audio: np.ndarray, config: OnsetConfig) -> np.ndarray:
    """Positive rises `[T, M]` of the bands of audio `[S]`."""
    spectrum = filtered(audio, config.stft, log_filters(config.stft))
    rises = rise(np.log1p(config.compression * spectrum), config.lag)
    beyond = -(-(config.stft.size - config.stft.hop) // (2 * config.stft.hop))
    rises[max(0, len(rises) - beyond) :] = 0.0  # those windows reach past the end: breaking off is no onset
    return rises


def rise(level: np.ndarray, lag: int) -> np.ndarray:
    """Positive rise `[T, M]` of log magnitudes `[T, M]` over the frame `lag` before, its bands widened.

    The maximum over three bands keeps vibrato and beating from looking like onsets.
    """
    if len(level) == 0:
        return np.zeros(level.shape)
    padded = np.pad(level, ((lag, 0), (1, 1)), mode="edge")[: len(level)]
    reference = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    rises = np.maximum(0.0, level - reference)
    rises[:lag] = np.maximum(0.0, level[:lag])  # silence precedes the clip: what sounds at once begins there
    return rises


def _windowed(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Neighbourhoods `[T, before + 1 + after]` of every value, edges repeated."""
    padded = np.pad(values, (before, after), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, before + 1 + after)


def pick_peaks(envelope: np.ndarray, config: OnsetConfig = DEFAULT) -> np.ndarray:
    """Frames `[N]` of the onsets: local maxima that rise above the local average (Böck et al. 2012)."""
    if len(envelope) == 0 or envelope.max() <= config.floor:
        return np.zeros(0, np.int64)
    frames = {name: int(round(getattr(config, name) * config.stft.rate)) for name in _SPANS}
    largest = _windowed(envelope, frames["local_maximum"], frames["local_maximum"]).max(axis=1)
    average = _windowed(envelope, frames["past_average"], frames["future_average"]).mean(axis=1)
    summits = envelope[(envelope == largest) & (envelope > config.floor)]
    threshold = max(config.floor, config.relative * np.percentile(summits, 98))
    candidates = np.flatnonzero((envelope == largest) & (envelope >= average + threshold))
    return _spaced(candidates, frames["spacing"])


_SPANS = ("local_maximum", "past_average", "future_average", "spacing")


def _spaced(candidates: np.ndarray, spacing: int) -> np.ndarray:
    """The candidates that are more than `spacing` frames after the last one kept."""
    kept: list[int] = []
    for candidate in candidates.tolist():
        if not kept or candidate - kept[-1] >= spacing:
            kept.append(candidate)
    return np.asarray(kept, np.int64)


def onset_times(envelope: np.ndarray, config: OnsetConfig = DEFAULT) -> np.ndarray:
    """Onset times `[N]` in seconds of an onset-strength envelope."""
    times = np.maximum(0.0, frame_times(len(envelope), config.stft) + config.latency)
    return times[pick_peaks(envelope, config)]


def detect(audio: np.ndarray, config: OnsetConfig = DEFAULT) -> np.ndarray:
    """Onset times `[N]` in seconds of audio `[S]`; none in silence."""
    return onset_times(strength(audio, config), config)
