"""The transformer that writes notes: its gates, its head, what it may know."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.constants import MIN_PITCH
from compjax.models.composing.chord_head import MANY, counted, in_close_position, lowest_places, on_the_roll
from compjax.models.composing.factor_frames import HARMONY, NUM_COLUMNS, RHYTHM
from compjax.models.composing.note_transformer import make_transformer, mixed
from compjax.music.arrange import revoiced
from compjax.music.score import Harmony, Span
from compjax.music.style import Style

SMALL = {"size": 16, "layers": 1, "patch": 6, "head_width": 8, "head_layers": 1}
FRAMES = 60


@pytest.fixture(scope="module")
def network():
    """A small transformer, its variables and something to compose from."""
    generator = np.random.default_rng(0)
    heard = jnp.asarray(generator.random((1, 2, FRAMES, NUM_COLUMNS)), jnp.float32)
    style = jnp.full((1, 3, 9), 0.5)
    moments = jnp.asarray([[3, 20, 41]])
    agent = make_transformer(SMALL)
    variables = jax.jit(agent.init)(jax.random.key(0), heard, style, moments)
    write = jax.jit(agent.apply)
    return lambda heard=heard, gates=None: write(variables, heard, style, moments, gates), heard


def test_shapes_and_ranges(network):
    write, _ = network
    written = write()
    assert written.onsets.shape == written.velocities.shape == written.lengths.shape == (1, 3, 64)
    assert written.gate_logits.shape == (1, 6)
    assert 0.0 <= written.velocities.min() and written.velocities.max() <= 1.0
    assert jax.nn.sigmoid(written.onsets).mean() < 0.2  # notes are rare before anything is learned


@pytest.mark.parametrize(("clip", "columns", "gate"), [(0, HARMONY, 1), (1, RHYTHM, 3), (0, RHYTHM, 0)])
def test_a_closed_gate_lets_nothing_through(network, clip, columns, gate):
    write, heard = network
    changed = heard.at[:, clip, :, columns].set(0.0)
    closed, opened = jnp.ones((1, 6)).at[0, gate].set(0.0), jnp.ones((1, 6))
    np.testing.assert_array_equal(write(heard, closed).onsets, write(changed, closed).onsets)
    assert np.abs(write(heard, opened).onsets - write(changed, opened).onsets).max() > 1e-4


def test_the_heavier_gate_counts_in_full():
    one, other = jnp.full((1, 1, 2), 0.8), jnp.full((1, 1, 2), 0.2)
    assert mixed(jnp.asarray([[[0.5, 0.1]]]), one, other) == pytest.approx(0.8)
    assert mixed(jnp.asarray([[[0.0, 0.3]]]), one, other) == pytest.approx(0.2)


def test_what_lies_below_is_counted():
    chord = jnp.zeros((12, 1)).at[jnp.asarray([0, 4, 7])].set(1.0)
    of = counted(chord)
    assert of.shape == (12, 4)
    np.testing.assert_allclose(of[[0, 4, 7, 11], 1] * MANY, [0, 1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(of[:, 3] * MANY, 3.0, atol=1e-5)


@pytest.mark.parametrize("register", [0.0, 0.4, 0.99])
def test_places_are_those_of_close_position(register):
    """A table that marks a chord's own tones, one octave on, lies where `music.arrange` puts them."""
    span = Span(0.0, 1.0, (36, 40, 43, 46), 36)
    [laid] = revoiced(Harmony((span,)), Style(register=register)).spans
    classes = jnp.zeros((1, 12)).at[0, jnp.asarray([p % 12 for p in span.pitches])].set(1.0)
    lowest = lowest_places(jnp.asarray([register]))
    places = in_close_position(classes, lowest)[..., 0]
    table = jnp.zeros((1, 12, 4)).at[..., 2].set(places)
    roll = on_the_roll(table, lowest, 0.0)[0]
    assert set(np.flatnonzero(roll) + MIN_PITCH) == set(laid.pitches)


def test_an_unknown_setting_is_named():
    with pytest.raises(ValueError, match="colour"):
        make_transformer({"colour": 1})
