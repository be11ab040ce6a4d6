"""The transformer's piano-roll head: one set of weights for all tones of a chord.

A dense head learns every pitch by itself, and which notes a chord gives it must see in all keys. Here the
chord is laid in close position from the lowest tone that the style's register allows, as an arranger takes
it, and each of its twelve places is decided from what is heard of its own class, from how many such tones
lie below it and in all, and from what the transformer makes of the moment (added and multiplied, as in FiLM,
Perez et al. 2018). Every place has four octaves. What knows no chord, such as a kit, is the moment's alone.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.constants import MIN_PITCH, NUM_PITCHES
from compjax.music.arrange import CHORD_FLOOR

Array = jax.Array

CLASSES = 12
OCTAVES = 4
ABSENT = -5.0  # log odds, before the moment's own, where no octave of a place lies
UNLIKELY = -1.5  # log odds of an onset before anything is learned; the place and the moment say so each
MANY = 4.0  # tones: counts are divided by it
OUTPUTS = 3  # onset, velocity, length


def lowest_places(register: Array) -> Array:
    """Semitones from `CHORD_FLOOR` to the lowest tone of close position (`music.arrange.close_floor`)."""
    return jnp.clip(jnp.floor(CLASSES * register), 0, CLASSES - 1).astype(jnp.int32)


def counted(x: Array) -> Array:
    """`[..., 12, C]`, 0 or more, beside how much lies below, that as a share, the sum: `[..., 12, 4 C]`."""
    below = jnp.asarray(np.triu(np.ones((CLASSES, CLASSES), np.float32), 1))
    under = jnp.einsum("...pc,pq->...qc", x, below)
    total = jnp.broadcast_to(x.sum(axis=-2, keepdims=True), x.shape)
    return jnp.concatenate([x, under / MANY, under / (total + 0.1), total / MANY], axis=-1)


def rising_along(x: Array, count: int) -> np.ndarray:
    """0, 1, ... as one more axis behind those of `x`."""
    return np.arange(count).reshape((1,) * x.ndim + (count,))


def in_close_position(chords: Array, lowest: Array) -> Array:
    """Chords `[..., 12 n]` of classes, C first, as `[..., 12, n + 1]` places from the lowest tone up.

    The last column says whether a place lies above the next C.
    """
    places = lowest[..., None] + rising_along(lowest, CLASSES)
    columns = chords.reshape(*chords.shape[:-1], -1, CLASSES)
    laid = jnp.take_along_axis(columns, (places % CLASSES)[..., None, :], axis=-1)
    above = (places >= CLASSES).astype(chords.dtype)[..., None]
    return jnp.concatenate([jnp.moveaxis(laid, -2, -1), above], axis=-1)


def on_the_roll(table: Array, lowest: Array, absent: float) -> Array:
    """Places and octaves `[..., 12, 4]` at their pitches `[..., 64]`; two octaves lie below the chord."""
    rising = jnp.swapaxes(table, -2, -1).reshape(*table.shape[:-2], OCTAVES * CLASSES)
    rising = jnp.pad(rising, [(0, 0)] * (rising.ndim - 1) + [(0, 1)], constant_values=absent)
    first = lowest + (CHORD_FLOOR - 2 * CLASSES - MIN_PITCH)
    index = rising_along(lowest, NUM_PITCHES) - first[..., None]
    inside = (index >= 0) & (index < OCTAVES * CLASSES)
    return jnp.take_along_axis(rising, jnp.where(inside, index, OCTAVES * CLASSES), axis=-1)


def small(scale: float) -> nn.initializers.Initializer:
    return nn.initializers.variance_scaling(scale, "fan_in", "normal")


class ChordHead(nn.Module):
    """Moments `[B, K, D]`, chords `[B, K, 12 n]` and register `[B, K]` to `[B, K, 64, 3]`.

    Onset and velocity are log odds, the length is as `factor_frames.log_length` writes it.
    """

    width: int = 64
    layers: int = 3

    @nn.compact
    def __call__(self, moments: Array, chords: Array, register: Array) -> Array:
        lowest = lowest_places(register)
        laid = in_close_position(chords, lowest)
        place = self.param("place", nn.initializers.normal(0.5), (CLASSES, self.width))
        x = nn.Dense(self.width, name="chord")(laid) + place[None, None]
        x = nn.relu(x + nn.Dense(self.width, name="moment")(moments)[:, :, None])
        for layer in range(self.layers):
            turn = nn.Dense(2 * self.width, kernel_init=small(0.5), name=f"turn_{layer}")(moments)
            scale, shift = jnp.split(turn[:, :, None], 2, axis=-1)
            fresh = nn.relu(nn.Dense(self.width, name=f"count_{layer}")(counted(x)) * (1.0 + scale) + shift)
            x = x + fresh if layer else fresh
        table = nn.Dense(OUTPUTS * OCTAVES, kernel_init=small(0.1), name="octaves")(x)
        own = nn.Dense(OUTPUTS * NUM_PITCHES, kernel_init=small(0.1), name="own")(moments)
        of_chord = [
            on_the_roll(part, lowest, ABSENT if place == 0 else 0.0)
            for place, part in enumerate(jnp.split(table, OUTPUTS, axis=-1))
        ]
        out = jnp.stack(of_chord, axis=-1) + own.reshape(*own.shape[:2], NUM_PITCHES, OUTPUTS)
        return out + jnp.asarray([2.0 * UNLIKELY, 0.0, 0.0])[None, None, None]
