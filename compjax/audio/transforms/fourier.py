"""Fourier transforms of real signals, once for NumPy and once for JAX: pass the array module as `xp`.

For NumPy's arrays they are SciPy's, which takes several rows at a time and keeps single precision: in NumPy a
row of 1,024 samples in single precision takes four times as long, one of 16,384 more than twice.
"""

from __future__ import annotations

import numpy as np


def rfft(signal, size: int | None = None, axis: int = -1, xp=np):
    """Spectrum of real `signal` along an axis, made `size` long first; complex64 of float32."""
    return _module(xp).rfft(signal, size, axis=axis)


def irfft(spectrum, size: int | None = None, axis: int = -1, xp=np):
    """Real signal of `size` samples of which `spectrum` is along an axis; float32 of complex64."""
    return _module(xp).irfft(spectrum, size, axis=axis)


def fast_size(least: int) -> int:
    """The next length, `least` or more, that is transformed quickly: it has small factors only."""
    import scipy.fft

    return scipy.fft.next_fast_len(least, real=True)


def _module(xp):
    if xp is not np:
        return xp.fft
    import scipy.fft  # a quarter of a second, so not before something is transformed

    return scipy.fft
