"""The bundled codec's generator: a ConvNeXt network with an inverse-STFT head.

After Vocos (Siuzdak, "Vocos: closing the gap between time-domain and Fourier-based neural vocoders",
2023), with two priors that leave the network little to learn: its log magnitudes are a correction
to the bands interpolated onto the bins, and its phases are a correction to the phase that those
magnitudes and the bands' peaks imply (see `phase` and `frequency`). Vocos predicts phases outright; here
the network predicts their two derivatives, which unlike phases follow from the latents.
"""

from __future__ import annotations

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.audio.transforms import stft
from compjax.codec.vocos import bands, frequency, phase
from compjax.codec.vocos.config import KERNEL, VocosConfig
from compjax.constants import HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE

MAX_LOG_MAGNITUDE = 7.0  # a full-scale sine reads log(n_fft / 4) = 5.8


def bands_to_bins(config: VocosConfig) -> np.ndarray:
    """Linear interpolation, on the bands' own frequency axis, from bands to bins: `[128, bins]`."""
    centers = bands.center_frequencies(config.bands)
    hertz = np.arange(config.bins) * SAMPLE_RATE / config.n_fft
    place = np.interp(hertz, centers, np.arange(LATENT_SIZE))
    return np.maximum(0.0, 1.0 - np.abs(np.arange(LATENT_SIZE)[:, None] - place[None, :])).astype(np.float32)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, LayerNorm, two dense layers, scaled residual: `[B, T, dim]`."""

    dim: int
    ffn: int
    scale: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("depthwise", nn.initializers.normal(0.15), (KERNEL, self.dim))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.dim,))
        y = nn.LayerNorm()(depthwise(x, kernel) + bias[None, None, :])
        y = nn.Dense(self.dim)(nn.gelu(nn.Dense(self.ffn)(y)))
        gain = self.param("layer_scale", nn.initializers.constant(self.scale), (self.dim,))
        return x + y * gain[None, None, :]


def depthwise(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Each channel of `x` `[B, T, C]` with its own `kernel` `[k, C]`, 'same' padding.

    Shifted multiply-adds: XLA's grouped convolution is some thirty times slower on a CPU.
    """
    size, time = kernel.shape[0], x.shape[1]
    wide = jnp.pad(x, ((0, 0), (size // 2, size // 2), (0, 0)))
    return sum(wide[:, i : i + time] * kernel[i][None, None, :] for i in range(size))


class Spectrogram(NamedTuple):
    """What determines the inverse STFT's input; each `[B, T, bins]`, float32."""

    log_magnitude: jax.Array  # natural log
    advance: jax.Array  # radians by which the phase grows in one hop
    tilt: jax.Array  # radians by which the phase grows from bin to bin, counted from the window's middle


class Generator(nn.Module):
    """Latents `[B, T, 128]` to a `Spectrogram`: three priors and the network's corrections to them."""

    config: VocosConfig

    @nn.compact
    def __call__(self, latents: jax.Array) -> Spectrogram:
        config = self.config
        x = nn.LayerNorm()(nn.Conv(config.dim, (KERNEL,))(latents))
        for _ in range(config.layers):
            x = ConvNeXtBlock(config.dim, config.ffn, 1.0 / config.layers)(x)
        x = nn.LayerNorm()(x)
        correction, turn, lean = (
            nn.Dense(config.bins, kernel_init=nn.initializers.zeros_init(), name=name)(x)
            for name in ("magnitude", "advance", "tilt")
        )
        level = bands.to_log_magnitude(latents, config.bands)
        log_magnitude = level @ bands_to_bins(config) + np.float32(np.log(config.n_fft / 4)) + correction
        log_magnitude = jnp.minimum(log_magnitude, MAX_LOG_MAGNITUDE)
        fixed = jax.lax.stop_gradient(log_magnitude)
        hertz, clear = frequency.nearest_partial(level, config.bins, config.bands)
        advance = jnp.where(
            clear, frequency.advance_of(hertz), phase.time_gradient(fixed, HOP_LENGTH) + turn
        )  # a clear partial's frequency is known to a cent: nothing to correct
        return Spectrogram(log_magnitude, advance, phase.frequency_gradient(fixed, HOP_LENGTH) + lean)


def to_complex(spectrogram: Spectrogram) -> jax.Array:
    """Complex spectra `[B, T, bins]`, the phase integrated from its gradients."""
    angle = phase.integrate(*spectrogram)
    magnitude = jnp.exp(spectrogram.log_magnitude)
    return jax.lax.complex(magnitude * jnp.cos(angle), magnitude * jnp.sin(angle))


def decode(config: VocosConfig, params, latents: jax.Array) -> jax.Array:
    """Audio `[B, T * 320]` of latents `[B, T, 128]`."""
    spectrogram = Generator(config).apply({"params": params}, latents)
    spectrum = phase.refine(to_complex(spectrogram), HOP_LENGTH, config.refine_steps)
    return stft.centered_istft(spectrum, HOP_LENGTH, jnp)
