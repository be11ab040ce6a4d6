"""How far each of the six components is let through, frame by frame."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.config import NUM_COMPONENTS, SelectorConfig
from compjax.models.composing.layers import leaky_relu

Array = jax.Array


class ComponentSelector(nn.Module):
    """Two 1 x 1 convolutions over the components of a frame."""

    config: SelectorConfig = SelectorConfig()
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, components: Array) -> tuple[Array, Array]:
        """Gates of `components` `[B, T, 6, C]`: gates `[B, T, 6]` in [0, 1], and their logits `[B, T, 6]`."""
        x = components.reshape(*components.shape[:2], -1)
        x = leaky_relu(nn.Dense(self.config.hidden, dtype=self.dtype, name="hidden")(x))
        logits = nn.Dense(NUM_COMPONENTS, dtype=jnp.float32, name="output")(x)
        if self.config.gate == "softmax":
            return jax.nn.softmax(logits, axis=-1), logits
        return jax.nn.sigmoid(logits), logits


def gates_per_frame(gates: Array, batch: int, length: int) -> Array:
    """The caller's gates `[B, 6]` or `[B, T, 6]` as `[B, T, 6]` float32.

    Raises:
        ValueError: if they have any other shape; nothing is broadcast over the batch.
    """
    if gates.shape == (batch, NUM_COMPONENTS):
        gates = jnp.broadcast_to(gates[:, None, :], (batch, length, NUM_COMPONENTS))
    if gates.shape != (batch, length, NUM_COMPONENTS):
        wanted = f"[{batch}, {NUM_COMPONENTS}] or [{batch}, {length}, {NUM_COMPONENTS}]"
        raise ValueError(f"gates have shape {list(gates.shape)}; they must be {wanted}")
    return gates.astype(jnp.float32)
