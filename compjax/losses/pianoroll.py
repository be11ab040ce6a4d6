"""Losses of the piano-roll head against the notes of the arrangement (after Hawthorne et al. 2018)."""

from __future__ import annotations

from typing import Protocol

import jax
import jax.numpy as jnp

from compjax.losses.shapes import require_same_shape

Array = jax.Array


class Notes(Protocol):
    """Onsets, frames and velocities, `[B, T, P]` each: of the piano roll of an agent, or of the truth."""

    onsets: Array
    frames: Array
    velocities: Array


POSITIVE_WEIGHT = 5.0
"""Weight of a cell with a note against one without: notes are rare."""


def weighted_cross_entropy(logits: Array, labels: Array, positive_weight: float = POSITIVE_WEIGHT) -> Array:
    """Mean binary cross-entropy in nats, a scalar; `labels` in [0, 1], whose ones weigh `positive_weight`."""
    require_same_shape(3, logits=logits, labels=labels)
    present = -jax.nn.log_sigmoid(logits) * labels * positive_weight
    absent = -jax.nn.log_sigmoid(-logits) * (1 - labels)
    return jnp.mean(present + absent)


def velocity_error(velocities: Array, wanted: Array, onsets: Array) -> Array:
    """Mean squared difference of velocities `[B, T, P]` at the onsets, a scalar; 0 where nothing starts."""
    require_same_shape(3, velocities=velocities, wanted=wanted, onsets=onsets)
    return jnp.sum(jnp.square(velocities - wanted) * onsets) / jnp.maximum(jnp.sum(onsets), 1.0)


def piano_roll_losses(
    roll: Notes, notes: Notes, positive_weight: float = POSITIVE_WEIGHT
) -> dict[str, Array]:
    """The three parts by name, scalars: `roll_onsets`, `roll_frames`, `roll_velocities`.

    Args:
        roll: of an agent: onsets and frames are logits.
        notes: the truth: onsets and frames in [0, 1], velocities in [0, 1] where notes start.
        positive_weight: of cells with a note.
    """
    return {
        "roll_onsets": weighted_cross_entropy(roll.onsets, notes.onsets, positive_weight),
        "roll_frames": weighted_cross_entropy(roll.frames, notes.frames, positive_weight),
        "roll_velocities": velocity_error(roll.velocities, notes.velocities, notes.onsets),
    }


def piano_roll_loss(roll: Notes, notes: Notes, positive_weight: float = POSITIVE_WEIGHT) -> Array:
    """Sum of the three parts, a scalar."""
    return sum(piano_roll_losses(roll, notes, positive_weight).values())
