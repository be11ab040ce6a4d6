"""The latent loss forgives level and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.constants import SILENT_LATENT
from compjax.losses.latent import latent_loss, match_level


def test_equal_latents_cost_nothing():
    x = jax.random.uniform(jax.random.key(0), (2, 5, 128))
    assert float(latent_loss(x, x)) == pytest.approx(0.0, abs=1e-5)


def test_level_is_free():
    x = jax.random.normal(jax.random.key(0), (2, 5, 128)) * 0.2 + 0.5
    assert float(latent_loss(x - 0.4, x)) == pytest.approx(0.0, abs=1e-3)


def test_level_is_matched_per_clip_and_silence_stays():
    truth = jnp.zeros((1, 2, 128)).at[:, 1].set(SILENT_LATENT)
    quiet = jnp.full((1, 2, 128), -1.0).at[:, 1].set(SILENT_LATENT)
    matched = match_level(quiet, truth)
    np.testing.assert_allclose(matched[0, 0], 0.0, atol=1e-2)
    np.testing.assert_allclose(matched[0, 1], SILENT_LATENT, atol=1e-2)


@pytest.mark.parametrize("height", [7.0, 7.5, 30.0, 1e4])
def test_latents_far_above_any_sound_cost_much_and_not_infinity(height):
    """The masking agent, whose masks leave little, makes such cells when it scales the rest up."""
    truth = jnp.zeros((1, 4, 128))
    wild = truth.at[0, 1, 3].set(height)
    matched = match_level(wild, truth)
    gap = max(-height / truth.size, -2.0)  # of the mean, which the gain makes good within limits
    np.testing.assert_allclose(matched[0, 1, 3], height + gap, rtol=1e-5)
    slope = jax.grad(lambda x: latent_loss(x, truth))(wild)
    assert np.isfinite(latent_loss(wild, truth)) and np.isfinite(slope).all() and slope[0, 1, 3] > 0.0


def test_a_wrong_shape_of_spectrum_costs_its_distance():
    truth = jnp.zeros((1, 4, 128))
    wrong = truth.at[:, :, ::2].set(0.1).at[:, :, 1::2].set(-0.1)
    assert float(latent_loss(wrong, truth)) == pytest.approx(0.1, abs=1e-3)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        latent_loss(jnp.zeros((1, 2, 128)), jnp.zeros((1, 1, 128)))
