"""Losses on what an agent says it hears: pitches, hits, and which factor to take from which clip."""

from __future__ import annotations

import jax
import optax

from compjax.audio.constants import NUM_VOICES
from compjax.losses.pianoroll import velocity_error, weighted_cross_entropy
from compjax.losses.shapes import require_same_shape

Array = jax.Array


def salience_loss(logits: Array, salience: Array, positive_weight: float = 3.0) -> Array:
    """Cross-entropy of the 64 sounding pitches: logits and 0/1 labels `[B, T, 64]` to a scalar."""
    return weighted_cross_entropy(logits, salience, positive_weight)


def hit_loss(hits: Array, velocities: Array, positive_weight: float = 5.0) -> Array:
    """Cross-entropy of hits per voice, and squared error of their velocities.

    Args:
        hits: `[B, T, 6]`, three logits, then three velocities.
        velocities: `[B, T, 3]`, the true velocity where a voice is hit, else 0.
    """
    logits, guess = hits[..., :NUM_VOICES], hits[..., NUM_VOICES:]
    struck = (velocities > 0).astype(logits.dtype)
    entropy = weighted_cross_entropy(logits, struck, positive_weight)
    return entropy + 0.1 * velocity_error(guess, velocities, struck)


def selector_loss(gate_logits: Array, ideal_gates: Array) -> Array:
    """Cross-entropy of the gates `[B, 6]` that the selector would choose by itself."""
    require_same_shape(2, gate_logits=gate_logits, ideal_gates=ideal_gates)
    return optax.sigmoid_binary_cross_entropy(gate_logits, ideal_gates).mean()
