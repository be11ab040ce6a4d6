"""Spectral distances between two waveforms, differentiable, in JAX.

The multi-resolution STFT loss is that of Yamamoto et al., "Parallel WaveGAN" (2020): spectral
convergence plus the mean difference of log magnitudes, at three resolutions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compjax.audio.transforms import stft
from compjax.audio.transforms.mel import mel_filters

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


def mel_magnitudes(audio: jax.Array) -> jax.Array:
    """Mel-weighted STFT magnitudes `[..., T, 80]` of audio `[..., S]`."""
    return stft.magnitude(audio, MEL_FFT, MEL_HOP, jnp) @ mel_filters(MEL_FFT, MEL_BANDS, MEL_TOP)


def mel_loss(estimate: jax.Array, truth: jax.Array) -> jax.Array:
    """Mean absolute difference of log(mel + 1e-5) of two waveforms `[..., S]`, a scalar."""
    return log_difference(mel_magnitudes(estimate), mel_magnitudes(truth))
