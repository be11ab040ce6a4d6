"""Measures of real scores, on notes whose answers are known."""

import numpy as np
import pytest

from compjax.codec.weights import ASSETS
from compjax.compose.composers.loading import read_transformer
from compjax.errors import UserError
from compjax.evaluation.written import real_music
from compjax.music.score import Note


def line(*pitches, beat=0.5):
    return [Note(i * beat, (i + 1) * beat, pitch, 0.7) for i, pitch in enumerate(pitches)]


def test_the_highest_voice_and_its_patterns():
    again = line(60, 62, 64, 62, 60, 62, 64, 62, 60)
    np.testing.assert_array_equal(real_music.highest_voice(again), [2, 2, -2, -2] * 2)
    assert real_music.repeated(real_music.highest_voice(again)) == pytest.approx(2 / 5)
    assert real_music.repeated(real_music.highest_voice(line(60, 61, 63, 66, 70, 75, 81))) == 0.0
    assert real_music.entropy(line(60, 62, 64, 67)) == pytest.approx(2.0)


def test_bits_reward_who_is_right_and_punish_who_is_sure_and_wrong():
    struck = np.zeros((3, 12), bool)
    struck[:, 0] = True
    right, even = np.where(struck, 0.9, 0.1), np.full(struck.shape, 0.5)
    assert real_music.bits(struck, right) < real_music.bits(struck, even) == pytest.approx(12.0)
    assert real_music.bits(struck, 1.0 - right) > 12.0


def test_struck_pitches_and_their_classes():
    notes, times = line(60, 64, 67), np.array([0.0, 0.5, 2.0])
    np.testing.assert_array_equal(np.argwhere(real_music.struck_at(notes, times)), [[0, 36], [1, 40]])
    np.testing.assert_array_equal(np.argwhere(real_music.struck_classes(notes, times)), [[0, 0], [1, 4]])


def test_weights_of_another_network_are_refused():
    with pytest.raises(UserError, match="those of a transformer are wanted"):
        read_transformer(ASSETS / "compositional.npz")
