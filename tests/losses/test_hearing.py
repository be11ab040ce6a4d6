"""Losses of hearing, against answers worked by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses.hearing import SMEARED, bass_loss, chord_loss, hit_loss, salience_loss, selector_loss


def test_salience_of_silence():
    assert float(salience_loss(jnp.zeros((1, 3, 64)), jnp.zeros((1, 3, 64)))) == pytest.approx(
        np.log(2), rel=1e-6
    )


def test_hits_count_their_velocity_only_where_struck():
    velocities = jnp.zeros((1, 4, 3)).at[0, 1, 2].set(0.5)
    struck = jnp.where(velocities > 0, 30.0, -30.0)
    one, other = (
        float(hit_loss(jnp.concatenate([struck, jnp.full((1, 4, 3), guess)], axis=-1), velocities))
        for guess in (1.0, 0.5)
    )
    assert one - other == pytest.approx(0.1 * 0.25, rel=1e-3)


def test_frames_beside_a_hit_are_half_expected():
    """Twelve cells: one struck, two beside it at the label's own log odds, the others surely not."""
    velocities = jnp.zeros((1, 4, 3)).at[0, 1, 2].set(0.5)
    odds = float(np.log(SMEARED / (1 - SMEARED) * 2.0))  # a positive counts twice
    logits = jnp.full((1, 4, 3), -30.0).at[0, :3, 2].set(jnp.array([odds, 30.0, odds]))
    beside = -2 * SMEARED * np.log(1 / (1 + np.exp(-odds))) - (1 - SMEARED) * np.log(1 / (1 + np.exp(odds)))
    hits = jnp.concatenate([logits, velocities], axis=-1)
    assert float(hit_loss(hits, velocities)) == pytest.approx(2 * beside / 12, rel=1e-4)


def test_octaves_of_a_class_are_one_chord_tone():
    sounding = jnp.zeros((1, 1, 64)).at[0, 0, jnp.array([0, 24, 7])].set(1.0)
    right = jnp.full((1, 1, 12), -30.0).at[0, 0, jnp.array([0, 7])].set(30.0)
    assert float(chord_loss(right, sounding)) == pytest.approx(0.0, abs=1e-6)
    assert float(chord_loss(jnp.zeros((1, 1, 12)), sounding)) == pytest.approx(np.log(2), rel=1e-6)


def test_bass_is_one_of_thirteen():
    labels = jnp.array([[3, 12]])
    assert float(bass_loss(jnp.zeros((1, 2, 13)), labels)) == pytest.approx(np.log(13), rel=1e-6)
    sure = jnp.zeros((1, 2, 13)).at[0, 0, 3].set(40.0).at[0, 1, 12].set(40.0)
    assert float(bass_loss(sure, labels)) == pytest.approx(0.0, abs=1e-6)


def test_selector_is_plain_cross_entropy():
    assert float(selector_loss(jnp.zeros((2, 6)), jnp.ones((2, 6)))) == pytest.approx(np.log(2), rel=1e-6)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        salience_loss(jnp.zeros((1, 3, 64)), jnp.zeros((1, 1, 64)))
    with pytest.raises(ValueError, match="one shape"):
        selector_loss(jnp.zeros((2, 6)), jnp.zeros((6,)))
