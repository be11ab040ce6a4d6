"""Refining stages after an agent: each sees the composition, the stages before it and a context."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.config import CascadeConfig, EncoderConfig
from compjax.models.composing.layers import NORM_EPSILON, SpectralDense, TransformerEncoder

Array = jax.Array

MIN_GAIN, MAX_GAIN = 0.7, 1.5
"""Range of the gain that brings a stage to the level of its sources."""


def rms(x: Array) -> Array:
    """Root mean square of each example, `[B, T, D]` to `[B, 1, 1]`; at least 1e-8."""
    return jnp.maximum(jnp.sqrt(jnp.mean(jnp.square(x), axis=(1, 2), keepdims=True)), 1e-8)


def to_level(x: Array, composition: Array, target: Array) -> Array:
    """Scales `x` `[B, T, D]` to the level between composition and target, within the range of the gain."""
    wanted = jnp.sqrt((jnp.square(rms(composition)) + jnp.square(rms(target))) / 2)
    return x * jnp.clip(wanted / rms(x), MIN_GAIN, MAX_GAIN)


class CascadeStage(nn.Module):
    """Positions, norm, transformer, norm, spectrally normalised projection."""

    config: EncoderConfig
    latent_size: int
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.input_norm = nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32)
        self.encoder = TransformerEncoder(self.config, self.dtype)
        self.post_norm = nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32)
        self.output_proj = SpectralDense(self.latent_size)

    def __call__(self, streams: list[Array], train: bool = False) -> Array:
        """What to add, `[B, T, latent_size]`, having seen several `[B, T, latent_size]`."""
        x = self.encoder.add_positions(jnp.concatenate(streams, axis=-1), train)
        x = self.encoder(self.input_norm(x), train)
        return self.output_proj(self.post_norm(x), train)


class Cascade(nn.Module):
    """The stages in order."""

    config: CascadeConfig = CascadeConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        config = self.config
        self.stages = [
            CascadeStage(config.encoder(k), config.latent_size, self.dtype) for k in range(config.stages)
        ]
        if config.context == "gated":
            self.context_projection = nn.Dense(config.latent_size, dtype=self.dtype)

    def __call__(
        self, composition: Array, target: Array, gated: Array | None = None, train: bool = False
    ) -> Array:
        """Refines a composition.

        Args:
            composition: `[B, T, latent_size]`, the agent's latents.
            target: `[B, T, latent_size]`; unused by stages that see gated components and match no
                level.
            gated: `[B, T, 6, C]` components after the gates; needed where `context` is `gated`.
            train: dropout and the power iteration are on.

        Returns:
            `[B, T, latent_size]`.
        """
        context = self._context(target, gated)
        outputs: list[Array] = []
        for stage in self.stages:
            streams = [composition, *outputs, context]
            refined = stage(streams, train) + self._residual(streams)
            outputs.append(to_level(refined, composition, target) if self.config.match_level else refined)
        return outputs[-1]

    def _context(self, target: Array, gated: Array | None) -> Array:
        if self.config.context == "target":
            return target
        if gated is None:
            raise ValueError("this cascade's context is the gated components; none were given")
        return self.context_projection(gated.reshape(*gated.shape[:2], -1))

    def _residual(self, streams: list[Array]) -> Array:
        if self.config.residual == "average":
            return sum(streams) / len(streams)
        return streams[-2]
