"""Arranging what was heard: hits, chords, balance, and the two arrangers side by side."""

import dataclasses

import numpy as np
import pytest

from compjax.audio.constants import FRAME_RATE, MIN_PITCH
from compjax.data.style import Style
from compjax.data.symbolic import Note
from compjax.inference.arrangers import ARRANGERS, HearingConfig, balanced, chords_of, hits_of, moving_mean
from compjax.inference.options import ARRANGERS as NAMES

FRAMES = 150


def voices_with(*hits):
    """Probabilities `[150, 3]` with peaks (frame, voice, probability)."""
    voices = np.full((FRAMES, 3), 0.01, np.float32)
    for frame, voice, probability in hits:
        voices[frame, voice] = probability
    return voices


def chord(*pitches, salience=0.99, first=0, last=FRAMES):
    heard = np.full((FRAMES, 64), 0.02, np.float32)
    heard[first:last, [p - MIN_PITCH for p in pitches]] = salience
    return heard


def test_hits_are_peaks_and_last_until_the_next_of_their_voice():
    voices = voices_with((10, 0, 0.9), (40, 0, 0.8), (20, 2, 0.7), (60, 1, 0.1))
    hits = hits_of(voices, np.full((FRAMES, 3), 0.6), longest=0.5)
    assert [(round(h.time * FRAME_RATE - 0.5), h.voice) for h in hits] == [(10, 0), (20, 2), (40, 0)]
    assert hits[0].length == pytest.approx(30 / FRAME_RATE) and hits[2].length == 0.5
    assert hits[0].velocity == pytest.approx(0.6)


def test_a_voice_that_only_resounds_is_not_struck():
    hits = hits_of(voices_with((10, 0, 0.9), (10, 1, 0.5)), np.ones((FRAMES, 3)), longest=0.5)
    assert [h.voice for h in hits] == [0]


def test_a_chord_is_its_classes_and_its_bass():
    harmony = chords_of(chord(40, 52, 59, 64))
    assert len(harmony.spans) == 1
    assert {p % 12 for p in harmony.spans[0].pitches} == {4, 11} and harmony.spans[0].bass == 40


def test_octaves_together_make_a_class_sure():
    harmony = chords_of(chord(48, 60, 72, salience=0.7))  # 1 - 0.3 ** 3 = 0.973
    assert {p % 12 for p in harmony.spans[0].pitches} == {0}


def test_a_chord_change_is_found_in_time():
    heard = chord(48, 52, 55, last=75)
    heard[75:] = chord(50, 53, 57)[75:]
    spans = chords_of(heard).spans
    assert {p % 12 for p in spans[0].pitches} == {0, 4, 7}
    assert {p % 12 for p in spans[-1].pitches} == {2, 5, 9}
    assert abs(spans[-1].start - 1.0) < 0.2


def test_noise_has_no_chord():
    assert chords_of(np.full((FRAMES, 64), 0.002)).spans == ()


def test_balance_follows_the_recording_but_loses_no_hit():
    levels = np.zeros((FRAMES, 64))
    levels[:, [48 - MIN_PITCH, 55 - MIN_PITCH]] = [1.0, 0.5]
    heard = chord(48, 55, salience=1.0)
    heard[heard < 0.1] = 0.0
    together = (Note(0.5, 0.6, 60, 0.8), Note(0.5, 0.6, 67, 0.8))
    alone = (Note(1.0, 1.1, 67, 0.8),)
    loud, soft, single = balanced(together + alone, heard, levels, HearingConfig(balance=1.0))
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


def test_rules_take_rhythm_and_harmony_from_where_the_gates_say():
    drums = Clip(voices_with((20, 1, 0.9), (80, 1, 0.9)), np.zeros((FRAMES, 64)))
    keys = Clip(voices_with((5, 1, 0.9)), chord(48, 52, 55))
    gates = np.tile([1.0, 0, 0, 0, 1, 1], (FRAMES, 1))
    style = Style(density=1.0, articulation=1.0, contour_depth=0.0)
    notes = ARRANGERS["rules"](None, (drums, keys), gates, style)
    assert sorted({round(n.start * FRAME_RATE - 0.5) for n in notes}) == [20, 80]
    assert {n.pitch % 12 for n in notes} == {0, 4, 7}


def test_every_arranger_can_be_asked_for():
    assert tuple(ARRANGERS) == NAMES
