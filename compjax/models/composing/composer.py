"""From gated components to composed latents and, where configured, a piano roll."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.constants import NEUTRAL_STYLE
from compjax.models.composing.config import ComposerConfig
from compjax.models.composing.layers import Dropout, TransformerEncoder, gelu
from compjax.models.outputs import PianoRoll

Array = jax.Array


class ComponentComposer(nn.Module):
    """Transformer over time. With a piano-roll head, what the head predicts is fed back to the latents."""

    config: ComposerConfig = ComposerConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        config = self.config
        self.component_projection = nn.Dense(config.encoder.size, dtype=self.dtype)
        self.encoder = TransformerEncoder(config.encoder, self.dtype)
        self.output_hidden = nn.Dense(config.output_hidden, dtype=self.dtype)
        self.output = nn.Dense(config.latent_size, dtype=jnp.float32)
        self.drop = Dropout(config.encoder.dropout)
        if config.style_size:
            self.style_projection = nn.Dense(config.encoder.size, dtype=self.dtype)
        if config.num_pitches:
            self.roll_head = nn.Dense(3 * config.num_pitches, dtype=jnp.float32)
            self.roll_feedback = nn.Dense(config.encoder.size, dtype=self.dtype)

    def __call__(
        self, gated: Array, style: Array | None = None, train: bool = False
    ) -> tuple[Array, PianoRoll | None]:
        """Composes from `gated` components `[B, T, 6, C]` and `style`, as the agent is given it.

        Returns:
            latents `[B, T, latent_size]`, and the piano roll or None where there is no head.
        """
        x = self.component_projection(gated.reshape(*gated.shape[:2], -1))
        x = self._add_style(x, style)
        x = self.encoder(self.encoder.add_positions(x, train), train)
        roll = None
        if self.config.num_pitches:
            x, roll = self._write_roll(x)
        hidden = self.drop(gelu(self.output_hidden(x)), deterministic=not train)
        return self.output(hidden), roll

    def _add_style(self, x: Array, style: Array | None) -> Array:
        if not self.config.style_size:
            if style is not None:
                raise ValueError("a style was given to a composer without a style input (style_size is 0)")
            return x
        batch, length, size = *x.shape[:2], self.config.style_size
        style = jnp.full((batch, size), NEUTRAL_STYLE) if style is None else style
        if style.shape not in ((batch, size), (batch, length, size)):
            wanted = f"[{batch}, {size}] or [{batch}, {length}, {size}]"
            raise ValueError(f"style has shape {list(style.shape)}; it must be {wanted}")
        projected = self.style_projection(style)
        return x + (projected if style.ndim == 3 else projected[:, None, :])

    def _write_roll(self, x: Array) -> tuple[Array, PianoRoll]:
        onsets, frames, velocities = jnp.split(self.roll_head(x), 3, axis=-1)
        roll = PianoRoll(onsets, frames, jax.nn.sigmoid(velocities))
        played = [jax.nn.sigmoid(onsets), jax.nn.sigmoid(frames), roll.velocities]
        return x + self.roll_feedback(jnp.concatenate(played, axis=-1)), roll
