"""The original's regularisers, with answers worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.models.composing.regularisers import (
    frame_cosine,
    mask_balance,
    mask_regulariser,
    mean_novelty,
    novelty_and_balance,
    selection_balance,
)


def frames(*vectors):
    """One example with these frames, `[1, T, D]`."""
    return jnp.asarray(vectors, jnp.float32)[None]


def test_frame_cosine():
    a = frames([3, 4], [1, 0], [2, 0], [0, 0])
    b = frames([4, 3], [0, 5], [-7, 0], [1, 1])
    np.testing.assert_allclose(frame_cosine(a, b), [[24 / 25, 0, -1, 0]], atol=1e-6)


def test_gradient_is_finite_at_silence():
    slope = jax.grad(lambda a: frame_cosine(a, frames([1.0, 0.0])).sum())(frames([0.0, 0.0]))
    np.testing.assert_allclose(slope, [[[1e3, 0]]], rtol=1e-3)


def test_mean_novelty_cancels_signs_within_a_source_only():
    output = frames([1, 0], [1, 0])
    opposed = frames([1, 0], [-1, 0])  # mean cosine 0
    against = frames([-1, 0], [-1, 0])  # mean cosine -1
    np.testing.assert_allclose(mean_novelty(output, opposed, against), 0.5, atol=1e-6)


def test_selection_balance_is_over_means():
    logits = frames([1, 2, 3, 0, 0, 1], [3, 2, 1, 0, 0, 3])  # means 2 + 2 + 2 and 0 + 0 + 2
    assert selection_balance(logits) == 4
    output = frames([1, 0], [1, 0])
    assert novelty_and_balance(output, output, -output, logits) == pytest.approx(1.4)


def test_mask_regulariser():
    # Halves in time: overlap 0, coverage perfect, unbiased variance of 0, 0, 1, 1 is 1/3: nothing to punish.
    moving = frames([0.0], [0], [1], [1])
    assert mask_regulariser(moving, 1 - moving) == 0
    # Both half open all the time: overlap 10/4, coverage perfect, both constant: 5 * (0.05 + 0.05).
    still = jnp.full((1, 4, 1), 0.5)
    assert mask_regulariser(still, still) == pytest.approx(2.5 + 0.5)
    # Both closed: coverage 0.5 * 1, both constant.
    assert mask_regulariser(0 * still, 0 * still) == pytest.approx(0.5 + 0.5)


def test_mask_balance():
    masks = jnp.full((1, 4, 1), 0.75), jnp.full((1, 4, 1), 0.25)
    assert mask_balance(*masks) == pytest.approx(0.125)


def test_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match="one shape"):
        frame_cosine(jnp.ones((1, 4, 2)), jnp.ones((1, 1, 2)))
    with pytest.raises(ValueError, match="differ"):
        mask_regulariser(jnp.ones((1, 4, 2)), jnp.ones((1, 4, 1)))
    with pytest.raises(ValueError, match="single frame"):
        mask_regulariser(jnp.ones((1, 1, 2)), jnp.ones((1, 1, 2)))
