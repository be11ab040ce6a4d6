"""Critics of latents: the adversarial one of the original, and the masking agent's style discriminator."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.config import DiscriminatorConfig
from compjax.models.composing.layers import Dropout, leaky_relu
from compjax.models.critics.time_convolution import over_time

Array = jax.Array


def _conv(channels: int, kernel: int, stride: int, padding: int, dtype: DTypeLike, name=None) -> nn.Conv:
    """A strided convolution over time."""
    how = {"padding": padding, "dtype": dtype, "conv_general_dilated": over_time}
    return nn.Conv(channels, (kernel,), (stride,), **how, name=name)


class LatentDiscriminator(nn.Module):
    """Strided convolutions over time, mean over time, two dense layers."""

    config: DiscriminatorConfig = DiscriminatorConfig()
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, latents: Array, train: bool = False) -> Array:
        """Logits `[B, 1]` that `latents` `[B, T, D]` are real."""
        dropout = Dropout(self.config.dropout)
        x = latents
        for i, (channels, kernel, stride) in enumerate(self.config.convolutions):
            conv = _conv(channels, kernel, stride, kernel // 2, self.dtype, name=f"conv{i}")
            x = dropout(leaky_relu(conv(x)), not train)
        x = jnp.mean(x.astype(jnp.float32), axis=1)
        x = dropout(leaky_relu(nn.Dense(self.config.hidden, name="hidden")(x)), not train)
        return nn.Dense(1, name="output")(x)


class StyleDiscriminator(nn.Module):
    """Whether latents are real, and whether two of them share a style; the masking agent's critic."""

    channels: tuple[int, ...] = (64, 128, 256)
    kernel: int = 4
    stride: int = 2
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.convolutions = [
            _conv(channels, self.kernel, self.stride, 1, self.dtype) for channels in self.channels
        ]
        self.classifier = nn.Dense(1)
        self.style_matcher = nn.Dense(1)

    def embed(self, latents: Array) -> Array:
        """`[B, T, D]` to `[B, channels[-1]]`, averaged over time."""
        x = latents
        for conv in self.convolutions:
            x = leaky_relu(conv(x))
        return jnp.mean(x.astype(jnp.float32), axis=1)

    def __call__(self, latents: Array, reference: Array) -> tuple[Array, Array]:
        """Logits `[B, 1]` that `latents` are real, and `[B, 1]` that their style is the `reference`'s."""
        mine, theirs = self.embed(latents), self.embed(reference)
        return self.classifier(mine), self.style_matcher(jnp.concatenate([mine, theirs], axis=-1))
