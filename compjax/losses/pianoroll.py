"""Losses of the piano-roll head against the notes of the arrangement (after Hawthorne et al. 2018)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compjax.losses.shapes import require_same_shape

Array = jax.Array


def weighted_cross_entropy(logits: Array, labels: Array, positive_weight: float) -> Array:
    """Mean binary cross-entropy in nats, a scalar; `labels` in [0, 1], whose ones weigh `positive_weight`."""
    require_same_shape(3, logits=logits, labels=labels)
    present = -jax.nn.log_sigmoid(logits) * labels * positive_weight
    absent = -jax.nn.log_sigmoid(-logits) * (1 - labels)
    return jnp.mean(present + absent)


def velocity_error(velocities: Array, wanted: Array, onsets: Array) -> Array:
    """Mean squared difference of velocities `[B, T, P]` at the onsets, a scalar; 0 where nothing starts."""
    require_same_shape(3, velocities=velocities, wanted=wanted, onsets=onsets)
    return jnp.sum(jnp.square(velocities - wanted) * onsets) / jnp.maximum(jnp.sum(onsets), 1.0)
