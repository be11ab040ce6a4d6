"""The arranging agent: geometry, gating, and what its parts may and may not depend on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.codec.vocos.bands import harmonic_map
from compjax.constants import BANDS_PER_OCTAVE, MIN_PITCH
from compjax.models.arranging.agent import ArrangingAgent, decide_notes, mix_factors
from compjax.models.arranging.config import ArrangingConfig
from compjax.models.arranging.listening import TimbreNet, pool_time, unpool_time
from compjax.models.arranging.note_renderer import NoteGrid, note_ages, partial_map
from compjax.models.arranging.roll_composer import (
    bass_features,
    chord_features,
    close_position,
    hold_at_hits,
    shift_pitch,
)
from compjax.models.outputs import PianoRoll
from compjax.music.arrange import revoiced
from compjax.music.score import Harmony, Span
from compjax.music.style import Style

SMALL = ArrangingConfig(
    rhythm_width=8, harmony_width=8, timbre_width=8, composer_width=8, renderer_width=8, num_partials=3
)
FRAMES = 16


@pytest.fixture(scope="module")
def agent():
    module = ArrangingAgent(SMALL)
    clips = jnp.zeros((1, FRAMES, 128))
    variables = jax.jit(
        lambda: module.init(
            jax.random.key(0), clips, clips, style=jnp.zeros((1, FRAMES, 9)), spectra=spectra(1)
        )
    )()
    return module, variables


def clips(batch=2):
    keys = jax.random.split(jax.random.key(1), 2)
    return [jax.random.normal(key, (batch, FRAMES, 128)) for key in keys]


def spectra(batch=2):
    return jax.random.normal(jax.random.key(2), (batch, 2, FRAMES // 4, 300))


def run(agent, gates=None, **kwargs):
    module, variables = agent
    first, second = clips()
    style = jnp.full((2, FRAMES, 9), 0.5)
    return module.apply(variables, first, second, style=style, gates=gates, spectra=spectra(), **kwargs)


def test_output_has_the_contracted_shapes(agent):
    output = run(agent)
    assert output.latents.shape == (2, FRAMES, 128)
    assert output.gates.shape == (2, FRAMES, 6)
    assert output.components.shape == (2, FRAMES, 6, 64)
    assert output.roll.onsets.shape == output.roll.velocities.shape == (2, FRAMES, 64)
    assert float(output.gates.min()) >= 0.0 and float(output.gates.max()) <= 1.0


def test_a_closed_gate_lets_nothing_through(agent):
    module, variables = agent
    first, second = clips()
    style = jnp.full((2, FRAMES, 9), 0.5)
    only_input = jnp.array([[1.0, 1, 1, 0, 0, 0]] * 2)
    one = module.apply(variables, first, second, style=style, gates=only_input, spectra=spectra())
    changed = spectra().at[:, 1].add(1.0)
    other = module.apply(variables, first, second + 1.0, style=style, gates=only_input, spectra=changed)
    np.testing.assert_allclose(one.latents, other.latents, atol=1e-6)
    np.testing.assert_allclose(one.roll.onsets, other.roll.onsets, atol=1e-6)


def test_an_open_gate_matters(agent):
    module, variables = agent
    first, second = clips()
    style = jnp.full((2, FRAMES, 9), 0.5)
    gates = jnp.array([[1.0, 0, 0, 0, 1, 1]] * 2)
    one = module.apply(variables, first, second, style=style, gates=gates, spectra=spectra())
    other = module.apply(
        variables, first, second, style=style, gates=gates, spectra=spectra().at[:, 1].add(1.0)
    )
    assert float(jnp.abs(one.roll.onsets - other.roll.onsets).max()) > 1e-3


def test_gates_of_frames_and_of_clips_agree(agent):
    gates = jnp.array([[1.0, 0, 0, 0, 1, 1]] * 2)
    one, other = run(agent, gates), run(agent, jnp.tile(gates[:, None], (1, FRAMES, 1)))
    np.testing.assert_allclose(one.latents, other.latents, atol=1e-6)


def test_mixing_takes_each_factor_from_its_gate():
    components = jnp.arange(6.0)[None, None, :, None] * jnp.ones((1, 2, 6, 64)) / 10.0
    rhythm, harmony, timbre = mix_factors(components, jnp.tile(jnp.array([1.0, 0, 0, 0, 1, 1]), (1, 2, 1)))
    np.testing.assert_allclose([rhythm[0, 0, 0], harmony[0, 0, 0], timbre[0, 0]], [0.0, 0.4, 0.5], atol=1e-6)


def test_timbre_does_not_know_where_in_time_it_was_heard():
    net = TimbreNet(SMALL)
    early = np.zeros((1, 64, 128), np.float32)
    early[:, 8:24] = np.linspace(2, 3, 128)
    late = np.roll(early, 24, axis=1)
    variables = net.init(jax.random.key(0), early)
    np.testing.assert_allclose(net.apply(variables, early), net.apply(variables, late), atol=1e-4)


def test_harmonic_map_points_at_the_octave():
    weights = harmonic_map((1.0, 2.0))
    assert weights.shape == (128, 64, 2)
    assert weights[15, 12, 0] == 1.0  # C2 is band 15
    assert weights[30, 12, 1] == 1.0  # its octave, C3, is band 30


def test_pooling_and_its_inverse_keep_a_ramp():
    ramp = jnp.arange(16.0)[None, :, None]
    back = unpool_time(pool_time(ramp, 4), 4, 16)
    np.testing.assert_allclose(back[0, 2:14, 0], ramp[0, 2:14, 0], atol=1e-5)


def test_contour_is_held_between_hits():
    contour = jnp.array([[0.1, 0.2, 0.3, 0.4]])
    hits = jnp.zeros((1, 4, 3)).at[0, 1, 2].set(1.0)
    held = hold_at_hits(contour, hits)
    np.testing.assert_allclose(held[0, :, 2], [0.1, 0.2, 0.2, 0.2], atol=1e-6)
    np.testing.assert_allclose(held[0, :, 0], [0.1] * 4, atol=1e-6)


def test_shifting_pitch_brings_in_silence():
    x = jnp.zeros((1, 64)).at[0, 60].set(1.0).at[0, 5].set(2.0)
    assert float(shift_pitch(x, 12)[0, 17]) == 2.0 and float(shift_pitch(x, 12).sum()) == 2.0
    assert float(shift_pitch(x, -12)[0, 48]) == 1.0 and float(shift_pitch(x, -12).sum()) == 1.0


def test_chord_features_know_ranks_and_the_bass():
    salience = jnp.zeros((1, 1, 64)).at[0, 0, jnp.array([40, 44, 47]) - MIN_PITCH].set(1.0)
    contour, density = jnp.full((1, 1, 3), 1.0), jnp.zeros((1, 1))
    features = chord_features(salience, contour, density)[0, 0]
    top = 47 - MIN_PITCH
    np.testing.assert_allclose(features[top, 2], 0.0, atol=1e-6)  # the contour points at the highest tone
    assert float(features[40 - MIN_PITCH, 2]) < -0.9  # the lowest is two ranks below it
    bass = bass_features(salience)[0, 0]
    assert float(bass[40 - MIN_PITCH, 1]) > 0.99  # E2 stands in the bass octave itself
    assert float(bass[52 - MIN_PITCH, 2]) > 0.99  # and its double an octave above


def test_close_position_is_the_arrangers():
    """The network gathers chords as `revoiced` of the data does."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        pitches = tuple(sorted(set(rng.integers(36, 84, 5).tolist())))
        style = Style.from_vector(rng.random(8))
        salience = jnp.zeros((1, 1, 64)).at[0, 0, jnp.array(pitches) - MIN_PITCH].set(0.98)
        voiced = close_position(salience, jnp.full((1, 1), style.register))[0, 0]
        wanted = revoiced(Harmony((Span(0.0, 1.0, pitches, pitches[0]),)), style).spans[0].pitches
        assert tuple((np.flatnonzero(voiced > 0.5) + MIN_PITCH).tolist()) == wanted


def test_ages_of_a_note():
    onsets = jnp.zeros((1, 6, 64)).at[0, 1, 10].set(0.5)
    frames = jnp.zeros((1, 6, 64)).at[0, 1:4, 10].set(1.0)
    ages, _ = note_ages(NoteGrid(onsets, frames))
    np.testing.assert_allclose(ages[0, :, 10, 0], [0, 0.5, 0.5, 0.5, 0, 0], atol=1e-6)
    decay = np.exp(-1 / (75 * 0.04))
    np.testing.assert_allclose(ages[0, 1:4, 10, 1], 0.5 * decay ** np.arange(3), rtol=1e-5)
    release = np.exp(-1 / (75 * 0.06))
    np.testing.assert_allclose(ages[0, 3:, 10, 5], [0.0, 0.5, 0.5 * release], rtol=1e-5, atol=1e-6)


def test_ages_go_on_from_a_state():
    key = jax.random.key(0)
    onsets = (jax.random.uniform(key, (1, 20, 64)) > 0.9) * 0.7
    grid = NoteGrid(onsets, jnp.maximum(onsets > 0, jax.random.uniform(key, (1, 20, 64)) > 0.5) * 1.0)
    whole, _ = note_ages(grid)
    first, state = note_ages(jax.tree.map(lambda x: x[:, :9], grid))
    second, _ = note_ages(jax.tree.map(lambda x: x[:, 9:], grid), state)
    np.testing.assert_allclose(jnp.concatenate([first, second], axis=1), whole, atol=1e-6)


def test_partials_lie_at_the_harmonics():
    rows = partial_map(3).reshape(64, 3, 128)
    a4 = 69 - MIN_PITCH
    for partial, frequency in ((0, 440.0), (1, 880.0), (2, 1320.0)):
        band = BANDS_PER_OCTAVE * np.log2(frequency / 32.7032)
        assert abs(int(rows[a4, partial].argmax()) - band) <= 1.0


def test_notes_are_decided_at_peaks():
    onsets = jnp.full((1, 5, 64), -5.0).at[0, 1:4, 7].set(jnp.array([1.0, 2.0, 1.0]))
    frames = jnp.full((1, 5, 64), -5.0).at[0, 3, 7].set(1.0)
    notes = decide_notes(PianoRoll(onsets, frames, jnp.full((1, 5, 64), 0.8)))
    np.testing.assert_allclose(notes.onsets[0, :, 7], [0, 0, 0.8, 0, 0], atol=1e-6)
    np.testing.assert_allclose(notes.frames[0, :, 7], [0, 0, 1, 1, 0], atol=1e-6)
    assert float(notes.onsets.sum()) == pytest.approx(0.8)
