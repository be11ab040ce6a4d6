import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import timbre


def test_level_and_rests_are_no_timbre(chord):
    audio = chord((48, 52, 55), 2.0)
    description = timbre.describe(audio)
    np.testing.assert_allclose(timbre.describe(0.1 * audio), description, atol=1e-3)
    with_rest = np.concatenate([audio, np.zeros(2 * SAMPLE_RATE, np.float32)])
    assert timbre.distance(timbre.describe(with_rest), description) < 0.1 * np.linalg.norm(description)


def test_nearer_to_the_same_sound_with_other_notes_and_rhythm(melody):
    dull, bright = 2, 20
    chosen = timbre.describe(melody([0.1, 1.0, 2.0], [60, 64, 67], partials=bright))
    other = timbre.describe(melody([0.1, 1.0, 2.0], [60, 64, 67], partials=dull))
    played = timbre.describe(
        melody(np.arange(0.2, 3.5, 0.25), [57, 60, 62, 64] * 3 + [65, 67], partials=bright)
    )
    assert timbre.margin(played, chosen, other) > 0.4


def test_margin_by_hand():
    chosen, other = np.zeros(26), np.zeros(26)
    other[0] = 4.0
    output = np.zeros(26)
    output[0] = 1.0  # 1 from the chosen, 3 from the other
    assert timbre.margin(output, chosen, other) == pytest.approx(0.5)
    assert timbre.margin(chosen, chosen, other) == 1.0
    assert timbre.margin(other, chosen, other) == -1.0
    assert timbre.margin(output, chosen, chosen) == 0.0


def test_silence_is_zero():
    assert not timbre.describe(np.zeros(SAMPLE_RATE, np.float32)).any()


def test_cosine_transform_is_orthonormal_and_blind_to_level():
    matrix = timbre.cosine_transform(40, 13)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(13), atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 0.0, atol=1e-12)
