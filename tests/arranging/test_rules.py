"""Arranging by rules: rhythm and harmony from where the gates say, balance as in the recording."""

import numpy as np
import pytest
from fakes import voices_with

from compjax.arranging.performer import Performer
from compjax.arranging.rules import BalanceConfig, balanced, by_rules
from compjax.arranging.steering import HEARD
from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.hearing.listener import Heard
from compjax.hearing.reading import HeardPair, moving_mean
from compjax.hearing.sound import LEAD_IN
from compjax.music.score import Note
from compjax.music.style import Style

FRAMES = 150
GATES = np.tile([1.0, 0, 0, 0, 1, 1], (FRAMES - LEAD_IN, 1))


def chord(*pitches, salience=0.99):
    heard = np.full((FRAMES, 64), 0.02, np.float32)
    heard[:, [p - MIN_PITCH for p in pitches]] = salience
    return heard


def clip(voices, harmony, levels=None) -> Heard:
    """What is heard in a clip with these hits and pitches."""
    classes = np.stack([harmony[:, c::12].max(axis=1) for c in range(12)], axis=1)
    velocities, rhythm = np.full_like(voices, 0.5), np.zeros((FRAMES, 64))
    levels = harmony if levels is None else levels
    return Heard(rhythm, harmony, classes, classes, np.zeros(64), voices, velocities, levels)


def test_balance_follows_the_recording_but_loses_no_hit():
    levels = np.zeros((FRAMES, 64))
    levels[:, [48 - MIN_PITCH, 55 - MIN_PITCH]] = [1.0, 0.5]
    harmony = chord(48, 55, salience=1.0)
    harmony[harmony < 0.1] = 0.0
    pair = HeardPair((clip(voices_with(), np.zeros((FRAMES, 64))), clip(voices_with(), harmony, levels)))
    together = (Note(0.5, 0.6, 60, 0.8), Note(0.5, 0.6, 67, 0.8))
    alone = (Note(1.0, 1.1, 67, 0.8),)
    loud, soft, single = balanced(together + alone, pair.class_levels(GATES, 75), BalanceConfig(share=1.0))
    assert loud.velocity == pytest.approx(0.8) and soft.velocity == pytest.approx(0.4)
    assert single.velocity == pytest.approx(0.8)


def test_moving_mean_by_hand():
    np.testing.assert_allclose(moving_mean(np.array([[0.0], [3.0], [6.0]]), 3)[:, 0], [1.0, 3.0, 5.0])


def test_rules_take_rhythm_and_harmony_from_where_the_gates_say():
    drums = clip(voices_with((LEAD_IN + 20, 1, 0.9), (LEAD_IN + 80, 1, 0.9)), np.zeros((FRAMES, 64)))
    keys = clip(voices_with((LEAD_IN + 5, 1, 0.9)), chord(48, 52, 55))
    style = Style(density=1.0, articulation=1.0, contour_depth=0.0)
    notes = by_rules(HeardPair((drums, keys)), GATES, style, HEARD, Performer())
    assert sorted({round(n.start * FRAME_RATE - 0.5) for n in notes}) == [20, 80]
    assert {n.pitch % 12 for n in notes} == {0, 4, 7}


def test_the_contour_runs_in_the_time_of_the_clip():
    """A falling saw that begins at the top of the chord with the clip, not with the silence before it."""
    drums = clip(voices_with((LEAD_IN + 2, 2, 0.9)), np.zeros((FRAMES, 64)))
    keys = clip(voices_with(), chord(48, 52, 55))
    style = Style(contour_depth=1.0, contour_rate=1.0, contour_phase=0.0, contour_shape=0.0, register=0.0)
    [note] = by_rules(HeardPair((drums, keys)), GATES, style, HEARD, Performer())
    assert note.pitch == 64 and note.start == pytest.approx(2.5 / FRAME_RATE)  # of G3 C4 E4


def test_a_hit_in_the_silence_before_the_clip_begins_with_it():
    drums = clip(voices_with((LEAD_IN - 1, 0, 0.9)), np.zeros((FRAMES, 64)))
    keys = clip(voices_with(), chord(48, 52, 55))
    notes = by_rules(HeardPair((drums, keys)), GATES, Style(), HEARD, Performer())
    assert notes and {note.start for note in notes} == {0.0}
