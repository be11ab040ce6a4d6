"""Losses of hearing, against answers worked by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses.hearing import hit_loss, salience_loss, selector_loss


def test_salience_of_silence():
    assert float(salience_loss(jnp.zeros((1, 3, 64)), jnp.zeros((1, 3, 64)))) == pytest.approx(
        np.log(2), rel=1e-6
    )


def test_hits_count_their_velocity_only_where_struck():
    velocities = jnp.zeros((1, 4, 3)).at[0, 1, 2].set(0.5)
    hits = jnp.concatenate([jnp.where(velocities > 0, 30.0, -30.0), jnp.ones((1, 4, 3))], axis=-1)
    assert float(hit_loss(hits, velocities)) == pytest.approx(0.1 * 0.25, rel=1e-4)


def test_selector_is_plain_cross_entropy():
    assert float(selector_loss(jnp.zeros((2, 6)), jnp.ones((2, 6)))) == pytest.approx(np.log(2), rel=1e-6)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        salience_loss(jnp.zeros((1, 3, 64)), jnp.zeros((1, 1, 64)))
    with pytest.raises(ValueError, match="one shape"):
        selector_loss(jnp.zeros((2, 6)), jnp.zeros((6,)))
