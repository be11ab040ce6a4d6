"""Discriminators of waveforms: multi-period and multi-resolution.

After Kong et al., "HiFi-GAN" (2020) and Jang et al., "UnivNet" (2021), in the form Vocos uses
them; `width` sets the channels, so that a narrow pair trains on a CPU.
"""

from __future__ import annotations

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp

from compjax.audio.transforms import stft

PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = (512, 1024, 2048)  # samples of the FFT; the hop is a quarter
SLOPE = 0.1  # of the leaky ReLU
Scored = tuple[jax.Array, list[jax.Array]]


@dataclasses.dataclass(frozen=True)
class WaveformDiscriminatorConfig:
    """Which sub-discriminators there are, and how wide."""

    periods: tuple[int, ...] = PERIODS
    resolutions: tuple[int, ...] = RESOLUTIONS
    width: int = 32  # channels of the first layer; HiFi-GAN's and Vocos' own is 32
    period_growth: tuple[int, ...] = (1, 4, 16, 32, 32)  # channels of the layers over the first's
    resolution_strides: tuple[int, ...] = (1, 2, 2, 2, 1)  # of the layers, over frequency


class PeriodDiscriminator(nn.Module):
    """Judges the waveform folded to columns `period` samples apart; audio `[B, S]` to (score, features)."""

    period: int
    width: int
    growth: tuple[int, ...]

    @nn.compact
    def __call__(self, audio: jax.Array) -> Scored:
        batch, samples = audio.shape
        x = jnp.pad(audio, ((0, 0), (0, -samples % self.period)), mode="reflect")
        x = x.reshape(batch, -1, self.period, 1)
        features = []
        for i, factor in enumerate(self.growth):
            stride = 3 if i + 1 < len(self.growth) else 1
            x = nn.leaky_relu(nn.Conv(self.width * factor, (5, 1), (stride, 1))(x), SLOPE)
            features.append(x)
        return nn.Conv(1, (3, 1))(x), features


class ResolutionDiscriminator(nn.Module):
    """Judges compressed magnitudes at one FFT size; audio `[B, S]` to (score, features)."""

    size: int
    width: int
    strides: tuple[int, ...]

    @nn.compact
    def __call__(self, audio: jax.Array) -> Scored:
        x = jnp.log1p(10.0 * stft.magnitude(audio, self.size, self.size // 4, jnp))[..., None]
        features = []
        for i, stride in enumerate(self.strides):
            kernel = (3, 9) if i + 1 < len(self.strides) else (3, 3)
            x = nn.leaky_relu(nn.Conv(self.width, kernel, (1, stride))(x), SLOPE)
            features.append(x)
        return nn.Conv(1, (3, 3))(x), features


class WaveformDiscriminator(nn.Module):
    """All sub-discriminators: audio `[B, S]` to scores and features, one entry each."""

    config: WaveformDiscriminatorConfig

    @nn.compact
    def __call__(self, audio: jax.Array) -> tuple[list[jax.Array], list[list[jax.Array]]]:
        config = self.config
        judged = [PeriodDiscriminator(p, config.width, config.period_growth)(audio) for p in config.periods]
        judged += [
            ResolutionDiscriminator(r, config.width, config.resolution_strides)(audio)
            for r in config.resolutions
        ]
        return [score for score, _ in judged], [features for _, features in judged]
