"""Spectral distances between two waveforms, differentiable, in JAX.

The multi-resolution STFT loss is that of Yamamoto et al., "Parallel WaveGAN" (2020): spectral
convergence plus the mean difference of log magnitudes, at three resolutions.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from compjax.audio import stft
from compjax.constants import SAMPLE_RATE

RESOLUTIONS = (512, 1024, 2048)  # samples of the FFT; the hop is a quarter
LOG_FLOOR = 1e-5
MEL_FFT = 1024
MEL_HOP = 256
MEL_BANDS = 80
MEL_TOP = 8000.0  # Hz


def spectral_convergence(estimate: jax.Array, truth: jax.Array) -> jax.Array:
    """Norm of the difference of two magnitude spectrograms over the norm of the true one, a scalar."""
    return jnp.linalg.norm(jnp.ravel(estimate - truth)) / (jnp.linalg.norm(jnp.ravel(truth)) + LOG_FLOOR)


def log_difference(estimate: jax.Array, truth: jax.Array) -> jax.Array:
    """Mean absolute difference of log(magnitude + 1e-5), a scalar."""
    return jnp.mean(jnp.abs(jnp.log(estimate + LOG_FLOOR) - jnp.log(truth + LOG_FLOOR)))


def multi_resolution_stft_loss(
    estimate: jax.Array, truth: jax.Array, resolutions: tuple[int, ...] = RESOLUTIONS
) -> jax.Array:
    """Spectral convergence plus log difference, averaged over `resolutions`; audio `[..., S]`, a scalar."""
    total = 0.0
    for size in resolutions:
        first, second = (stft.magnitude(audio, size, size // 4, jnp) for audio in (estimate, truth))
        total += spectral_convergence(first, second) + log_difference(first, second)
    return total / len(resolutions)


@functools.lru_cache(maxsize=4)
def mel_filters(size: int = MEL_FFT, bands: int = MEL_BANDS, top: float = MEL_TOP) -> np.ndarray:
    """Triangles of unit height, evenly spaced in mel (HTK), 0 to `top` Hz: `[size // 2 + 1, bands]`."""
    edges = np.linspace(0.0, 2595.0 * np.log10(1.0 + top / 700.0), bands + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = np.arange(size // 2 + 1)[:, None] * SAMPLE_RATE / size
    rising = (bins - hertz[None, :-2]) / np.diff(hertz)[None, :-1]
    falling = (hertz[None, 2:] - bins) / np.diff(hertz)[None, 1:]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def mel_magnitudes(audio: jax.Array) -> jax.Array:
    """Mel-weighted STFT magnitudes `[..., T, 80]` of audio `[..., S]`."""
    return stft.magnitude(audio, MEL_FFT, MEL_HOP, jnp) @ mel_filters()


def mel_loss(estimate: jax.Array, truth: jax.Array) -> jax.Array:
    """Mean absolute difference of log(mel + 1e-5) of two waveforms `[..., S]`, a scalar."""
    return log_difference(mel_magnitudes(estimate), mel_magnitudes(truth))
