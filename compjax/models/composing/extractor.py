"""From a clip's latents to its rhythm, harmony and timbre components."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.config import ExtractorConfig
from compjax.models.composing.layers import NORM_EPSILON, leaky_relu, same_conv
from compjax.music.factors import FACTORS

Array = jax.Array

BATCH_MOMENTUM = 0.9
"""Share of the running statistics kept at each step; PyTorch's momentum of 0.1 said the other way round."""


class MultiScaleExtractor(nn.Module):
    """Three convolutional branches that look at short, medium and long stretches of time."""

    config: ExtractorConfig = ExtractorConfig()
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, clip: Array | tuple[Array, Array, Array], train: bool = False) -> Array:
        """A clip to components `[B, T, 3, channels]`, ordered rhythm, harmony, timbre.

        Args:
            clip: latents `[B, T, D]` that every branch looks at, or for each what it is to look at.
            train: batch statistics are updated.
        """
        given = clip if isinstance(clip, tuple) else (clip,) * len(FACTORS)
        branches = [
            self._branch(seen, factor, kernels, train)
            for seen, factor, kernels in zip(given, FACTORS, self.config.kernels, strict=True)
        ]
        return jnp.stack(branches, axis=2)

    def _branch(self, latents: Array, factor: str, kernels: tuple[int, int], train: bool) -> Array:
        config = self.config
        x = leaky_relu(same_conv(config.hidden, kernels[0], self.dtype, f"{factor}_conv1")(latents))
        x = leaky_relu(same_conv(config.channels, kernels[1], self.dtype, f"{factor}_conv2")(x))
        if config.skip:
            x = x + same_conv(config.channels, 1, self.dtype, f"{factor}_skip")(latents)
        return self._normalise(x, f"{factor}_norm", train)

    def _normalise(self, x: Array, name: str, train: bool) -> Array:
        if self.config.norm == "layer":
            return nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32, name=name)(x)
        return nn.BatchNorm(
            not train, momentum=BATCH_MOMENTUM, epsilon=NORM_EPSILON, dtype=jnp.float32, name=name
        )(x)
