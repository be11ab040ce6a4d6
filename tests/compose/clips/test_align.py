import numpy as np
import pytest
from fakes import chord, drums

from compjax.compose.clips import align
from compjax.constants import SAMPLE_RATE

TIMES = np.arange(0, 8, 0.25)


def test_audible_span():
    audio = np.zeros(4 * SAMPLE_RATE, np.float32)
    audio[SAMPLE_RATE : 3 * SAMPLE_RATE] = 0.1
    audio[3 * SAMPLE_RATE :] = 0.001  # 40 dB below
    assert align.audible_span(audio) == (1.0, 3.0)
    audio[3 * SAMPLE_RATE :] = 0.01  # 20 dB below
    assert align.audible_span(audio) == (1.0, 4.0)


def test_click_is_not_looped_into_a_buzz():
    audio = np.zeros(2 * SAMPLE_RATE, np.float32)
    audio[SAMPLE_RATE] = 1.0
    start, end = align.audible_span(audio)
    assert end - start == pytest.approx(0.5)
    audio = np.roll(audio, SAMPLE_RATE - 1)
    assert align.audible_span(audio) == (1.5, 2.0)


def test_beats_of_two_tempi_are_matched():
    """Clicks at 120 and 100 beats per minute: every beat of the target falls on one of the input."""
    found = align.find_alignment(drums(8, 120), drums(8, 100))
    assert found.warped
    assert found.stretch == pytest.approx(100 / 120, abs=0.01)
    assert found.lag == pytest.approx(0, abs=0.03)
    assert found.in_words().startswith("The target is warped, its 100 beats per minute on the input's 120")
    place, _ = found.map.places(TIMES)
    since_beat = np.abs(place / 0.6 - np.round(place / 0.6)) * 0.6
    assert since_beat[::2].max() < 0.05  # the input's beats, every half second
    assert since_beat[1::2].min() > 0.2  # half way between, so half way between there too


def test_tempi_an_octave_apart_are_folded():
    found = align.find_alignment(drums(8, 160), drums(8, 75))
    assert found.warped
    assert found.stretch == pytest.approx(150 / 160, abs=0.02)


def test_held_chord_is_not_warped():
    found = align.find_alignment(drums(8, 120), chord(8))
    assert not found.warped
    assert found.stretch == 1 and found.target_tempo == 0
    place, turns = found.map.places(TIMES)
    np.testing.assert_allclose(place, TIMES)
    assert not turns.any()


def test_short_chord_is_looped_from_its_first_sound():
    target = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), chord(2), np.zeros(SAMPLE_RATE, np.float32)])
    found = align.find_alignment(drums(8), target)
    assert found.repeats == pytest.approx(4)
    assert found.in_words() == "The target keeps its speed and is heard 4.0 times."
    assert found.lag == -1
    place, _ = found.map.places(TIMES)
    np.testing.assert_allclose(place, 1 + TIMES % 2, atol=1e-6)


def test_chord_that_dies_away_is_looped_while_it_sounds():
    decay = chord(8) * np.exp(-np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE * 2).astype(np.float32)
    found = align.find_alignment(drums(8), decay)
    [start, end] = found.map.loop
    assert start == 0
    assert end == pytest.approx(35 / (20 * np.log10(np.e) * 2), abs=0.1)  # 35 dB at 17.4 dB a second


def test_loop_of_a_rhythmic_target_is_whole_bars():
    """Somewhat more than nine beats at 120: two bars of four are looped, though the input gives no beat."""
    found = align.find_alignment(chord(8), drums(4.6, 120))
    assert not found.warped
    assert found.map.loop[-1] - found.map.loop[0] == pytest.approx(4.0, abs=0.05)


def test_without_align_a_long_target_is_left_as_it_is():
    target = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), chord(8)])
    found = align.find_alignment(drums(8), target, align=False)
    place, _ = found.map.places(TIMES)
    np.testing.assert_allclose(place, TIMES, atol=1e-6)
