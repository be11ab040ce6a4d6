"""Mel filterbanks."""

from __future__ import annotations

import functools

import numpy as np

from compjax.constants import SAMPLE_RATE


@functools.lru_cache(maxsize=8)
def mel_filters(size: int, bands: int, top: float) -> np.ndarray:
    """Triangles of unit height, evenly spaced in mel (HTK), 0 to `top` Hz: `[size // 2 + 1, bands]` float32.

    For magnitudes of an FFT of `size` samples at 24 kHz.
    """
    edges = np.linspace(0.0, 2595.0 * np.log10(1.0 + top / 700.0), bands + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = np.arange(size // 2 + 1)[:, None] * SAMPLE_RATE / size
    rising = (bins - hertz[None, :-2]) / np.diff(hertz)[None, :-1]
    falling = (hertz[None, 2:] - bins) / np.diff(hertz)[None, 1:]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
