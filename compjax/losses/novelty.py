"""Novelty: the output shall be neither of its sources.

The hinge of the original's design is the loss to use, the score is what to report. What the original's
code computes instead is the compositional agent's own regulariser (`AgentOutput.regulariser`). The
original's anti-modulation term stands here too; it is off by default.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compjax.losses.shapes import require_same_shape

Array = jax.Array

SIMILARITY_LIMIT = 0.7
"""Cosine similarity to a source above which a frame is punished; 0.5 to 0.7 is what the design wants."""

SILENCE = 1e-6
"""Added to a frame's squared norm: the gradient stays bounded where a frame is silent."""

ENVELOPE_SEGMENTS = 250
"""Segments of an envelope of the anti-modulation term."""

MIN_ENVELOPE_ENERGY = 1e-8
"""Added to an envelope's sum of squares, so that a constant one correlates with nothing."""


def frame_cosine(a: Array, b: Array) -> Array:
    """Cosine similarity of two `[B, T, D]` frame by frame, `[B, T]` in [-1, 1]; 0 where a frame is zero."""
    require_same_shape(3, a=a, b=b)
    energies = [jnp.sum(jnp.square(x), axis=-1) + SILENCE for x in (a, b)]
    return jnp.sum(a * b, axis=-1) / jnp.sqrt(energies[0] * energies[1])


def novelty_hinge(
    output: Array, input_latents: Array, target_latents: Array, limit: float = SIMILARITY_LIMIT
) -> Array:
    """relu(cos(output, input) - limit) + relu(cos(output, target) - limit), the mean over frames: a scalar.

    All are `[B, T, D]`; cosines over the D channels of a frame. In [0, 2 (1 - limit)]; 0 is new.
    """
    require_same_shape(3, output=output, input_latents=input_latents, target_latents=target_latents)
    sources = (input_latents, target_latents)
    excess = [jax.nn.relu(frame_cosine(output, source) - limit) for source in sources]
    return jnp.mean(excess[0] + excess[1])


def novelty_score(output: Array, input_latents: Array, target_latents: Array) -> Array:
    """Novelty to report, a scalar in [0, 1] that rises as the output becomes newer.

    One minus the similarity to the nearer source, negative similarities counting as none; the mean over
    frames. A copy has 0.
    """
    require_same_shape(3, output=output, input_latents=input_latents, target_latents=target_latents)
    nearer = jnp.maximum(frame_cosine(output, input_latents), frame_cosine(output, target_latents))
    return jnp.mean(1 - jnp.clip(nearer, 0.0, 1.0))


def peak_envelope(audio: Array, segments: int = ENVELOPE_SEGMENTS) -> Array:
    """Greatest |audio| of equal segments, `[B, S]` to `[B, segments]`; a remainder at the end is not seen."""
    if audio.ndim != 2 or audio.shape[1] < segments:
        raise ValueError(f"audio has shape {list(audio.shape)}; at least [B, {segments}] is needed")
    length = audio.shape[1] // segments
    pieces = jnp.abs(audio[:, : length * segments]).reshape(audio.shape[0], segments, length)
    return jnp.max(pieces, axis=-1)


def anti_modulation(output: Array, source: Array) -> Array:
    """Squared correlation of two envelopes, a scalar in [0, 1]: 1 where the output swells as the source does.

    Meant for the target's audio only, since the output shall follow the input's rhythm. Both are
    `[B, S]`; Pearson's r of their peak envelopes, squared, the mean over the batch.
    """
    require_same_shape(2, output=output, source=source)
    envelopes = [peak_envelope(audio) for audio in (output, source)]
    a, b = (envelope - jnp.mean(envelope, axis=1, keepdims=True) for envelope in envelopes)
    energies = [jnp.sum(jnp.square(x), axis=1) + MIN_ENVELOPE_ENERGY for x in (a, b)]
    return jnp.mean(jnp.square(jnp.sum(a * b, axis=1)) / (energies[0] * energies[1]))
