"""Arranging what was heard: balance, and the two arrangers side by side."""

import dataclasses

import numpy as np
import pytest
from fakes import HEARD_FRAMES as FRAMES
from fakes import voices_with

from compjax.arranging.arrangers import ARRANGERS, BalanceConfig, balanced, moving_mean
from compjax.compose.composer import LEAD_IN
from compjax.compose.options import ARRANGERS as NAMES
from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.music.score import Note
from compjax.music.style import Style


def chord(*pitches, salience=0.99, first=0, last=FRAMES):
    heard = np.full((FRAMES, 64), 0.02, np.float32)
    heard[first:last, [p - MIN_PITCH for p in pitches]] = salience
    return heard


def test_balance_follows_the_recording_but_loses_no_hit():
    levels = np.zeros((FRAMES, 64))
    levels[:, [48 - MIN_PITCH, 55 - MIN_PITCH]] = [1.0, 0.5]
    heard = chord(48, 55, salience=1.0)
    heard[heard < 0.1] = 0.0
    together = (Note(0.5, 0.6, 60, 0.8), Note(0.5, 0.6, 67, 0.8))
    alone = (Note(1.0, 1.1, 67, 0.8),)
    loud, soft, single = balanced(together + alone, heard, levels, BalanceConfig(share=1.0))
    assert loud.velocity == pytest.approx(0.8) and soft.velocity == pytest.approx(0.4)
    assert single.velocity == pytest.approx(0.8)


def test_moving_mean_by_hand():
    np.testing.assert_allclose(moving_mean(np.array([[0.0], [3.0], [6.0]]), 3)[:, 0], [1.0, 3.0, 5.0])


@dataclasses.dataclass
class Clip:
    voices: np.ndarray
    harmony: np.ndarray

    def __post_init__(self):
        self.hit_velocities = np.full_like(self.voices, 0.5)
        self.levels = self.harmony
        self.classes = np.stack([self.harmony[:, c::12].max(axis=1) for c in range(12)], axis=1)
        self.bass = self.classes


def test_rules_take_rhythm_and_harmony_from_where_the_gates_say():
    drums = Clip(voices_with((20, 1, 0.9), (80, 1, 0.9)), np.zeros((FRAMES, 64)))
    keys = Clip(voices_with((5, 1, 0.9)), chord(48, 52, 55))
    gates = np.tile([1.0, 0, 0, 0, 1, 1], (FRAMES, 1))
    style = Style(density=1.0, articulation=1.0, contour_depth=0.0)
    notes = ARRANGERS["rules"](None, (drums, keys), gates, style)
    assert sorted({round(n.start * FRAME_RATE - 0.5) for n in notes}) == [20, 80]
    assert {n.pitch % 12 for n in notes} == {0, 4, 7}


def test_the_contour_runs_in_the_time_of_the_clip():
    """A falling saw that begins at the top of the chord with the clip, not with the silence before it."""
    begin = LEAD_IN + 2
    drums = Clip(voices_with((begin, 2, 0.9)), np.zeros((FRAMES, 64)))
    keys = Clip(voices_with(), chord(48, 52, 55))
    gates = np.tile([1.0, 0, 0, 0, 1, 1], (FRAMES, 1))
    style = Style(contour_depth=1.0, contour_rate=1.0, contour_phase=0.0, contour_shape=0.0, register=0.0)
    [note] = ARRANGERS["rules"](None, (drums, keys), gates, style)
    assert note.pitch % 12 == 7 and note.start == pytest.approx((begin + 0.5) / FRAME_RATE)


def test_every_arranger_can_be_asked_for():
    assert tuple(ARRANGERS) == NAMES
