import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import adherence, timbre, timbre_features


def place(audio):
    return adherence.describe(audio).timbre


def test_level_and_rests_are_no_timbre(melody):
    audio = melody(np.arange(0.1, 3.5, 0.3), [48, 52, 55, 60] * 3)
    np.testing.assert_allclose(place(0.1 * audio), place(audio), atol=1e-3)
    with_rest = np.concatenate([audio, np.zeros(SAMPLE_RATE, np.float32)])
    assert timbre.distance(place(with_rest), place(audio)) < 0.25


def test_nearer_to_the_same_sound_with_other_notes_and_rhythm(melody):
    dull, bright = 2, 20
    chosen = place(melody([0.1, 1.0, 2.0], [60, 64, 67], partials=bright))
    other = place(melody([0.1, 1.0, 2.0], [60, 64, 67], partials=dull))
    played = place(melody(np.arange(0.2, 3.5, 0.25), [57, 60, 62, 64] * 3 + [65, 67], partials=bright))
    assert timbre.margin(played, chosen, other) > 0.2
    assert timbre.closeness(played, chosen) > timbre.closeness(played, other)


def test_margin_and_closeness_by_hand():
    chosen, other, output = np.zeros(24), np.zeros(24), np.zeros(24)
    other[0], output[0] = 4.0, 1.0  # 1 from the chosen, 3 from the other
    assert timbre.margin(output, chosen, other) == pytest.approx(0.5)
    assert timbre.margin(chosen, chosen, other) == 1.0 == -timbre.margin(other, chosen, other)
    assert timbre.margin(output, chosen, chosen) == 0.0
    assert timbre.closeness(chosen, chosen) == 1.0 and timbre.closeness(output, chosen) == 0.0


def test_silence_has_no_timbre():
    silent = place(np.zeros(SAMPLE_RATE, np.float32))
    assert np.isnan(silent).all()
    assert timbre.closeness(silent, np.zeros_like(silent)) == 0.0
    assert timbre.margin(silent, silent, np.zeros_like(silent)) == 0.0


@pytest.mark.parametrize("kind", ["noise", "click", "constant", "swell", "short"])
def test_odd_clips_have_finite_features(kind, rng):
    time = np.arange(2 * SAMPLE_RATE)
    audio = {
        "noise": 0.001 * rng.standard_normal(len(time)),
        "click": np.where(time == 30_000, 1.0, 0.0),
        "constant": np.full(len(time), 0.1),
        "swell": np.sin(0.05 * time) * time / len(time),
        "short": np.ones(300),
    }[kind].astype(np.float32)
    assert np.isfinite(place(audio)).all()


def test_a_space_is_read_as_it_was_written(tmp_path, rng):
    space = timbre.Space(rng.standard_normal(9), 1.0 + rng.random(9), rng.standard_normal((9, 4)))
    timbre.save(tmp_path / "space.npz", space)
    features = 0.1 * rng.standard_normal((3, 9))
    np.testing.assert_allclose(
        timbre.load(tmp_path / "space.npz").place(features), space.place(features), rtol=1e-5
    )
    furthest = space.place(np.full(9, 1e9))
    np.testing.assert_allclose(furthest, timbre.FURTHEST * space.projection.sum(axis=0))


def test_bundled_space_fits_the_features(melody):
    audio = melody([0.1, 1.0], [60, 64])
    described = adherence.describe(audio)
    features = timbre_features.describe(audio, described.onsets, described.pitch)
    assert timbre.bundled().mean.shape == features.shape
    assert timbre.ASSET.stat().st_size < 50_000


def test_cosine_transform_is_orthonormal_and_blind_to_level():
    matrix = timbre_features.cosine_transform(40, 13)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(13), atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 0.0, atol=1e-12)
