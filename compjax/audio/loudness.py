"""Levels: root mean square, normalisation, and a limiter that does not clip."""

from __future__ import annotations

import numpy as np

from compjax.audio.windows import WindowConfig, over_windows
from compjax.constants import HOP_LENGTH, SAMPLE_RATE

REFERENCE_RMS = 0.1
"""Level that clips are brought to before encoding: -20 dB below full scale."""

SILENCE_RMS = 1e-5
"""Level under which a clip counts as silent: -100 dB below full scale."""

PEAK_CEILING = 0.98
"""Highest sample magnitude that is written to a file, of full scale."""

MAX_GAIN = 100.0
"""What is brought to a level is made at most this much louder: 40 dB. Agents choose their level freely."""

LIMITER_WINDOWS = WindowConfig(length=4500, context=16, fade=0)
"""Windows of the limiter, a minute each; it looks a tenth of a second around."""

_BLOCK = 64  # samples over which the limiter's gain is a straight line
_REACH = 8  # blocks before and after a peak over which the gain falls and recovers


def rms(audio: np.ndarray) -> float:
    """Root mean square over all samples of `audio`; 0 for an empty array."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if audio.size else 0.0


def level(audio: np.ndarray) -> float:
    """RMS of audio `[S]` at 24 kHz, taken a minute at a time: `rms` needs twice the memory of its clip."""
    minute = 60 * SAMPLE_RATE
    blocks = [audio[begin : begin + minute] for begin in range(0, audio.size, minute)]
    powers = [rms(block) ** 2 for block in blocks]
    return float(np.sqrt(np.average(powers, weights=[block.size for block in blocks])))


def is_silent(audio: np.ndarray) -> bool:
    """Whether the level is below `SILENCE_RMS`."""
    return rms(audio) < SILENCE_RMS


def normalize_rms(audio: np.ndarray, reference: float = REFERENCE_RMS) -> np.ndarray:
    """Scale `audio` `[..., S]` to the level `reference`; a silent clip is returned as zeros.

    The peaks may exceed 1: limit them before writing to a file.
    """
    if is_silent(audio):
        return np.zeros_like(audio, dtype=np.float32)
    return (audio * (reference / rms(audio))).astype(np.float32)


def limit_peaks(audio: np.ndarray, ceiling: float = PEAK_CEILING) -> np.ndarray:
    """Turn `audio` `[S]` down around its peaks so that no sample exceeds `ceiling`.

    A look-ahead limiter: the gain that each block of samples needs is held for `_REACH` blocks on
    both sides and smoothed over as many, so it falls before a peak and recovers after it without
    a corner. Audio below the ceiling is returned unchanged.
    """
    if not audio.size or np.max(np.abs(audio)) <= ceiling:
        return audio
    blocks = -(-audio.size // _BLOCK)
    padded = np.pad(audio, (0, blocks * _BLOCK - audio.size))
    peaks = np.abs(padded).reshape(blocks, _BLOCK).max(axis=1).astype(np.float64)
    edges = _smooth_gain(ceiling / np.maximum(peaks, ceiling))
    gain = np.interp(np.arange(audio.size), np.arange(blocks + 1) * _BLOCK, edges)
    return np.clip(audio * gain, -ceiling, ceiling).astype(np.float32)  # the clip is for rounding only


def _smooth_gain(needed: np.ndarray) -> np.ndarray:
    """Gains at the `[blocks + 1]` block edges, never above what the blocks beside them need."""
    width = 2 * _REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view
    # An edge's average spans 2 * _REACH + 1 edges, each the minimum over the blocks it can see:
    # every one of those minima includes both blocks beside the edge, and so does their average.
    lowest = windows(np.pad(needed, 2 * _REACH + 1, constant_values=1.0), width + 1).min(axis=1)
    return windows(lowest, width).mean(axis=1)


def at_level(audio: np.ndarray, wanted: float) -> np.ndarray:
    """`audio` `[S]` brought to the RMS `wanted`, its peaks limited; silence stays silence."""
    own = level(audio)
    if own < SILENCE_RMS:
        return np.zeros_like(audio)
    louder = audio * np.float32(min(wanted / own, MAX_GAIN))
    missing = -louder.size % HOP_LENGTH
    padded = np.pad(louder, (0, missing)) if missing else louder
    rate = {"rate_in": HOP_LENGTH, "rate_out": HOP_LENGTH}
    return over_windows(limit_peaks, [padded], LIMITER_WINDOWS, **rate)[: louder.size]
