"""Piano-roll losses, with answers worked by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses.pianoroll import velocity_error, weighted_cross_entropy


def cells(*values):
    """One example of two frames with two pitches."""
    return jnp.asarray(values, jnp.float32).reshape(1, 2, 2)


def test_cross_entropy_weighs_notes():
    # An undecided logit costs ln 2: once where there is no note, five times where there is one.
    assert weighted_cross_entropy(cells(0, 0, 0, 0), cells(1, 0, 0, 0), 5.0) == pytest.approx(2 * math.log(2))
    # Odds of 3 to 1 for a note: ln(4 / 3) where there is one, ln 4 where there is none.
    logits = cells(math.log(3), math.log(3), 0, 0)
    expected = (2 * math.log(4 / 3) + math.log(4) + 2 * math.log(2)) / 4
    assert weighted_cross_entropy(logits, cells(1, 0, 0, 0), 2.0) == pytest.approx(expected)


def test_cross_entropy_is_finite_when_quite_wrong():
    value, slope = jax.value_and_grad(weighted_cross_entropy)(
        cells(-1e4, 1e4, 1e4, -1e4), cells(1, 0, 1, 0), 5.0
    )
    assert value == pytest.approx((5e4 + 1e4) / 4)
    np.testing.assert_allclose(slope, cells(-5 / 4, 1 / 4, 0, 0))


def test_velocities_count_at_onsets_only():
    velocities, wanted = cells(0.5, 0.9, 0.2, 0), cells(0.7, 0, 0.6, 0)
    onsets = cells(1, 0, 1, 0)
    assert velocity_error(velocities, wanted, onsets) == pytest.approx((0.04 + 0.16) / 2)
    assert velocity_error(velocities, wanted, cells(0, 0, 0, 0)) == 0


def test_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match=r"labels \[1, 2, 1\]"):
        weighted_cross_entropy(cells(0, 0, 0, 0), cells(0, 0, 0, 0)[..., :1], 5.0)
    with pytest.raises(ValueError, match=r"onsets \[1, 1, 2\]"):
        velocity_error(cells(0, 0, 0, 0), cells(0, 0, 0, 0), cells(0, 0, 0, 0)[:, :1])
