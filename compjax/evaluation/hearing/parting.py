"""What sounds on and what is struck, parted: median filters over the spectrogram.

Tones are lines along time, strokes are lines along frequency (Fitzgerald, "Harmonic/percussive separation
using median filtering", DAFx 2010); masks are soft, of power 2.
"""

from __future__ import annotations

import numpy as np

from compjax.audio.transforms.stft import centered_istft, centered_stft

SIZE, HOP = 2048, 512
"""Samples at 24 kHz: 85 ms, every 21 ms."""

ALONG_TIME, ALONG_FREQUENCY = 15, 25
"""Frames (0.3 s) and frequencies (290 Hz) of the medians."""


def parted(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The harmonic and the percussive part `[S]` of audio `[S]` at 24 kHz; together they are the audio."""
    spectrum = centered_stft(np.pad(audio, (0, -audio.size % HOP)), SIZE, HOP)
    magnitude = np.abs(spectrum).astype(np.float32)
    tones = _median(magnitude, ALONG_TIME, 0) ** 2
    strokes = _median(magnitude, ALONG_FREQUENCY, 1) ** 2
    mask = tones / np.maximum(tones + strokes, np.float32(1e-20))
    harmonic = centered_istft(spectrum * mask, HOP)[: audio.size].astype(np.float32)
    return harmonic, audio - harmonic


def _median(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """The median of `size` neighbours along an axis, ends mirrored."""
    width = [(0, 0), (0, 0)]
    width[axis] = (size // 2, size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, width, "symmetric"), size, axis)
    return np.partition(windows, size // 2, axis=-1)[..., size // 2]
