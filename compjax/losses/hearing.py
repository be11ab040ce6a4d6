"""Losses on what an agent says it hears: pitches, hits, and which factor to take from which clip."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from compjax.constants import NUM_VOICES
from compjax.losses.pianoroll import velocity_error, weighted_cross_entropy
from compjax.losses.shapes import require_same_shape

Array = jax.Array
CLASSES = 12


def salience_loss(logits: Array, salience: Array, positive_weight: float = 2.0) -> Array:
    """Cross-entropy of the 64 sounding pitches: logits and 0/1 labels `[B, T, 64]` to a scalar."""
    return weighted_cross_entropy(logits, salience, positive_weight)


def chord_loss(logits: Array, salience: Array) -> Array:
    """Cross-entropy of the sounding pitch classes, a scalar.

    Logits `[B, T, 12]`; 0/1 labels of the 64 pitches `[B, T, 64]`, of which the first is a C.
    """
    missing = -salience.shape[-1] % CLASSES
    octaves = jnp.pad(salience, ((0, 0), (0, 0), (0, missing)))
    classes = octaves.reshape(*salience.shape[:2], -1, CLASSES).max(axis=2)
    return weighted_cross_entropy(logits, classes, 1.0)


def bass_loss(logits: Array, bass: Array) -> Array:
    """Cross-entropy of which class is the lowest tone: logits `[B, T, 13]`, labels `[B, T]` (12: none)."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, bass).mean()


SMEARED = 0.4
"""What the frames beside a hit are labelled: whoever hears it a frame off is not all wrong."""


def hit_loss(hits: Array, velocities: Array, positive_weight: float = 2.0) -> Array:
    """Cross-entropy of hits per voice, and squared error of their velocities.

    Args:
        hits: `[B, T, 6]`, three logits, then three velocities.
        velocities: `[B, T, 3]`, the true velocity where a voice is hit, else 0.
    """
    logits, guess = hits[..., :NUM_VOICES], hits[..., NUM_VOICES:]
    struck = (velocities > 0).astype(logits.dtype)
    beside = jnp.pad(struck, ((0, 0), (1, 1), (0, 0)))
    labels = jnp.maximum(struck, SMEARED * jnp.maximum(beside[:, :-2], beside[:, 2:]))
    entropy = weighted_cross_entropy(logits, labels, positive_weight)
    return entropy + 0.1 * velocity_error(guess, velocities, struck)


def selector_loss(gate_logits: Array, ideal_gates: Array) -> Array:
    """Cross-entropy of the gates `[B, 6]` that the selector would choose by itself."""
    require_same_shape(2, gate_logits=gate_logits, ideal_gates=ideal_gates)
    return optax.sigmoid_binary_cross_entropy(gate_logits, ideal_gates).mean()
