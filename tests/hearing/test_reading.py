"""Reading what an agent heard: hits from peaks, chords from the best division of the clip."""

import numpy as np
import pytest
from fakes import HEARD_FRAMES as FRAMES
from fakes import voices_with

from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.hearing.reading import HearingConfig, chords_of, divide, hits_of, log_odds, seconded


def sounding(*classes, probability=0.95, first=0, last=FRAMES):
    """Probabilities of the twelve classes, `[150, 12]`."""
    heard = np.full((FRAMES, 12), 0.02, np.float32)
    heard[first:last, list(classes)] = probability
    return heard


def test_hits_are_peaks_and_last_until_the_next_of_their_voice():
    voices = voices_with((10, 0, 0.9), (40, 0, 0.8), (20, 2, 0.7), (60, 1, 0.1))
    hits = hits_of(voices, np.full((FRAMES, 3), 0.6), longest=0.5)
    assert [(round(h.time * FRAME_RATE - 0.5), h.voice) for h in hits] == [(10, 0), (20, 2), (40, 0)]
    assert hits[0].length == pytest.approx(30 / FRAME_RATE) and hits[2].length == 0.5
    assert hits[0].velocity == pytest.approx(0.6)


def test_a_voice_that_only_resounds_is_not_struck():
    hits = hits_of(voices_with((10, 0, 0.9), (10, 1, 0.35)), np.ones((FRAMES, 3)), longest=0.5)
    assert [h.voice for h in hits] == [0]


def test_a_chord_is_its_classes_and_its_bass():
    harmony = chords_of(sounding(4, 11), sounding(4))
    assert len(harmony.spans) == 1
    assert {p % 12 for p in harmony.spans[0].pitches} == {4, 11} and harmony.spans[0].bass % 12 == 4
    assert (harmony.spans[0].start, harmony.spans[0].end) == (0.0, FRAMES / FRAME_RATE)


def test_the_bass_is_one_of_the_chord():
    harmony = chords_of(sounding(0, 7), sounding(3))
    assert harmony.spans[0].bass % 12 in (0, 7)


def test_a_chord_change_is_found_in_time():
    heard = sounding(0, 4, 7, last=75)
    heard[75:] = sounding(2, 5, 9)[75:]
    spans = chords_of(heard, heard).spans
    assert [{p % 12 for p in span.pitches} for span in spans] == [{0, 4, 7}, {2, 5, 9}]
    assert abs(spans[1].start - 1.0) < 0.06


def test_a_doubtful_moment_is_no_new_chord():
    heard = sounding(0, 4, 7)
    heard[70:74, 4] = 0.4
    assert len(chords_of(heard, heard).spans) == 1


def test_what_is_not_heard_is_no_chord():
    nothing = np.full((FRAMES, 12), 0.02, np.float32)
    assert chords_of(nothing, nothing).spans == ()


def test_a_long_chord_is_one_however_often_it_is_decided():
    heard = np.tile(sounding(2, 9), (20, 1))
    spans = chords_of(heard, heard).spans
    assert len(spans) == 1 and spans[0].end == pytest.approx(20 * FRAMES / FRAME_RATE)


def test_divisions_by_hand():
    """Two frames for class 0, two for class 1; a change costs less or more than it gains."""
    odds = np.zeros((4, 2))
    odds[:2], odds[2:] = [3.0, -3.0], [-3.0, 3.0]
    assert divide(odds, 1.0, 10) == [(0, 2), (2, 4)]
    assert len(divide(odds, 20.0, 10)) == 1
    assert max(last - first for first, last in divide(odds, 20.0, 3)) <= 3


def test_log_odds_are_bounded():
    np.testing.assert_allclose(log_odds(np.array([0.0, 0.5, 1.0]), 4.0), [-4.0, 0.0, 4.0], atol=1e-6)


def test_energy_confirms_what_sounds_and_doubts_what_does_not():
    heard = np.full((FRAMES, 12), 0.5)
    levels = np.zeros((FRAMES, 64))
    levels[:, 60 - MIN_PITCH] = 1.0  # C, and E 20 dB below, two octaves apart
    levels[:, 40 - MIN_PITCH] = 0.1
    found = seconded(heard, levels, HearingConfig(energy_weight=1.0))
    np.testing.assert_allclose(found[:, 0], 1.0 / (1.0 + np.exp(-1.0)), rtol=1e-6)  # bounds: 1 and -2
    np.testing.assert_allclose(found[:, 1:], 1.0 / (1.0 + np.exp(2.0)), rtol=1e-6)
    near = seconded(heard, np.where(levels > 0, 1.0, 0.0), HearingConfig(energy_weight=1.0))
    np.testing.assert_allclose(near[:, [0, 4]], 1.0 / (1.0 + np.exp(-1.0)), rtol=1e-6)


def test_energy_counts_at_its_own_time_and_not_at_all_without_weight():
    heard = np.full((FRAMES, 12), 0.5)
    levels = np.zeros((FRAMES, 64))
    levels[:75, 60 - MIN_PITCH], levels[75:, 62 - MIN_PITCH] = 1.0, 1.0
    found = seconded(heard, levels)
    assert found[20, 0] > 0.5 > found[20, 2] and found[130, 2] > 0.5 > found[130, 0]
    np.testing.assert_allclose(seconded(heard, levels, HearingConfig(energy_weight=0.0)), heard, rtol=1e-6)
