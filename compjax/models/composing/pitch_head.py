"""The transformer's piano-roll head: one set of weights for all pitches.

A dense head learns every pitch by itself, and which notes a chord gives it must see in all keys and
octaves. Here each pitch is decided from its own relation to the chord (does its class sound, is it the
bass), from where it lies, from how many such pitches lie below it and in all, and from what the
transformer makes of the moment (added and multiplied, as in FiLM, Perez et al. 2018).
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.constants import NUM_PITCHES

Array = jax.Array

CLASSES = 12
STEPS_APART = 6  # semitones between the places that a pitch is told its distance from
MANY = 8.0  # tones: counts are divided by it
UNLIKELY = -3.0  # log odds of an onset before anything is learned


def heights() -> np.ndarray:
    """Where each pitch lies, `[64, 12]`: over the whole range, and around places half an octave apart."""
    pitch = np.arange(NUM_PITCHES)[:, None]
    around = np.clip((pitch - np.arange(STEPS_APART, NUM_PITCHES, STEPS_APART)) / STEPS_APART, -1.0, 1.0)
    return np.concatenate([2.0 * pitch / (NUM_PITCHES - 1) - 1.0, around], axis=1).astype(np.float32)


def counted(x: Array) -> Array:
    """`[..., 64, C]`, 0 or more, beside how much lies below, that as a share, the sum: `[..., 64, 4 C]`."""
    below = jnp.asarray(np.triu(np.ones((NUM_PITCHES, NUM_PITCHES), np.float32), 1))
    under = jnp.einsum("...pc,pq->...qc", x, below)
    total = jnp.broadcast_to(x.sum(axis=-2, keepdims=True), x.shape)
    return jnp.concatenate([x, under / MANY, under / (total + 0.1), total / MANY], axis=-1)


def small(scale: float) -> nn.initializers.Initializer:
    return nn.initializers.variance_scaling(scale, "fan_in", "normal")


class PitchHead(nn.Module):
    """Moments `[B, K, D]` and their chords `[B, K, 12 n]` to `[B, K, 64, 3]`: onset, velocity, length.

    Onsets and velocities are log odds; lengths are as `factor_frames.log_length` writes them.
    """

    width: int = 40
    layers: int = 2
    embedding: int = 16

    @nn.compact
    def __call__(self, moments: Array, chords: Array) -> Array:
        own = self.param("pitch", nn.initializers.normal(1.0), (NUM_PITCHES, self.embedding))
        place = jnp.concatenate([own, jnp.asarray(heights())], axis=-1)
        columns = chords.reshape(*chords.shape[:2], -1, CLASSES)[..., np.arange(NUM_PITCHES) % CLASSES]
        x = nn.Dense(self.width, name="chord")(jnp.moveaxis(columns, 2, -1))
        x += nn.Dense(self.width, name="place")(place)[None, None]
        x = nn.relu(x + nn.Dense(self.width, name="moment")(moments)[:, :, None])
        for layer in range(self.layers):
            turn = nn.Dense(2 * self.width, kernel_init=small(0.3), name=f"turn_{layer}")(moments)
            scale, shift = jnp.split(turn[:, :, None], 2, axis=-1)
            x = nn.relu(nn.Dense(self.width, name=f"count_{layer}")(counted(x)) * (1.0 + scale) + shift)
        out = nn.Dense(3, kernel_init=small(0.05), name="output")(x)
        return out + jnp.asarray([UNLIKELY, 0.0, 0.0])[None, None, None]
