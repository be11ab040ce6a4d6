"""The regularisers that the original's agents report, and the similarity they rest on.

They stand with the models, not with the losses, because an agent returns its own. Latents are
`[B, T, D]`, masks `[B, T, D]` in [0, 1].
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compjax.losses.novelty import frame_cosine

Array = jax.Array

BALANCE_WEIGHT = 0.1
OVERLAP_WEIGHT, COVERAGE_WEIGHT, VARIANCE_WEIGHT = 10.0, 0.5, 5.0
MIN_MASK_VARIANCE = 0.05
"""Variance over time below which a mask counts as constant; 0.25 is the most a mask can have."""


def mean_novelty(output: Array, input_latents: Array, target_latents: Array) -> Array:
    """The original code's novelty, a scalar: half the sum of |mean cosine| to the input and to the target."""
    sources = (input_latents, target_latents)
    similarities = [jnp.mean(frame_cosine(output, source)) for source in sources]
    return 0.5 * (jnp.abs(similarities[0]) + jnp.abs(similarities[1]))


def selection_balance(logits: Array) -> Array:
    """Scalar distance between the summed mean logits of the input's and of the target's three components.

    Args:
        logits: `[B, T, 6]` of the selector, before softmax or sigmoid.
    """
    means = jnp.mean(logits, axis=(0, 1))
    return jnp.abs(jnp.sum(means[:3]) - jnp.sum(means[3:]))


def novelty_and_balance(output: Array, input_latents: Array, target_latents: Array, logits: Array) -> Array:
    """The compositional agent's regulariser in the original code, a scalar."""
    novelty = mean_novelty(output, input_latents, target_latents)
    return novelty + BALANCE_WEIGHT * selection_balance(logits)


def mask_regulariser(input_mask: Array, target_mask: Array) -> Array:
    """The masking agent's regulariser, a scalar: little overlap, full coverage, masks that move in time.

    10 mean(mi mt) + 0.5 mean((mi + mt - 1)^2) + 5 [relu(0.05 - var mi) + relu(0.05 - var mt)], with the
    unbiased variance over time averaged over batch and channels. Needs at least two frames.
    """
    if input_mask.shape != target_mask.shape:
        raise ValueError(f"masks of shapes {list(input_mask.shape)} and {list(target_mask.shape)} differ")
    if input_mask.shape[1] < 2:
        raise ValueError("a mask of a single frame has no variance over time")
    overlap = jnp.mean(input_mask * target_mask)
    coverage = jnp.mean(jnp.square(input_mask + target_mask - 1))
    variances = [jnp.mean(jnp.var(mask, axis=1, ddof=1)) for mask in (input_mask, target_mask)]
    flatness = sum(jax.nn.relu(MIN_MASK_VARIANCE - variance) for variance in variances)
    return OVERLAP_WEIGHT * overlap + COVERAGE_WEIGHT * coverage + VARIANCE_WEIGHT * flatness


def mask_balance(input_mask: Array, target_mask: Array) -> Array:
    """Scalar (mean mi - 1/2)^2 + (mean mt - 1/2)^2: each mask half open on the whole."""
    return jnp.square(jnp.mean(input_mask) - 0.5) + jnp.square(jnp.mean(target_mask) - 0.5)
