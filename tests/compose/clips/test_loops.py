"""What tells a loop, and how it is looped."""

import numpy as np
import pytest
from fakes import chord, drums

from compjax.compose.clips import align
from compjax.compose.clips.loops import loop_of
from compjax.constants import SAMPLE_RATE
from compjax.hearing.grid import hear
from compjax.music.time.grid import KNOWN, NO_GRID, regular
from compjax.music.time.meter import Meter


def stabs(times, seconds, decay=0.1):
    """Chords that die away."""
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for time in times:
        first = round(time * SAMPLE_RATE)
        rest = audio.size - first
        audio[first:] += chord(rest / SAMPLE_RATE)[:rest] * np.exp(-np.arange(rest) / SAMPLE_RATE / decay)
    return audio


def test_two_stabs_that_halve_the_clip_are_a_loop_of_its_length():
    target = stabs((0.0, 1.0), 2.0)
    assert align.audible_span(target)[1] < 1.7  # what it was cut to
    found = align.find_alignment(drums(16.5, 120), target)
    assert found.map.loop[-1] - found.map.loop[0] == 2.0
    place, _ = found.map.places(np.arange(0.0, 16.5, 0.5))
    np.testing.assert_allclose(place, np.arange(0.0, 16.5, 0.5) % 2.0, atol=1e-9)  # no drift


def test_onsets_that_divide_nothing_are_no_loop():
    assert loop_of(stabs((0.0, 0.83), 2.0), NO_GRID) is None
    assert loop_of(stabs((0.0,), 2.0), NO_GRID) is None  # one chord that dies away


def test_digital_silence_at_the_end_is_part_of_an_exported_loop():
    exported = np.concatenate([chord(2.3), np.zeros(SAMPLE_RATE // 5, np.float32)])
    assert loop_of(exported, NO_GRID).seconds == 2.5
    late = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), exported])
    assert loop_of(late, NO_GRID) is None  # silence on both sides is padding


def test_five_bars_of_a_waltz_keep_the_fifth():
    target = drums(7.5, 120)
    waltz = regular(120.0, Meter(3, 4), 0.0, 7.5, KNOWN)
    found = align.find_alignment(drums(30, 120), target, grids=(hear(drums(30, 120)), waltz))
    assert found.warped and found.map.length == 15
    assert found.map.loop[-1] == 7.5


def test_loop_whose_tempo_is_not_the_inputs_is_moved_beat_by_beat_for_ever():
    found = align.find_alignment(drums(60, 120), drums(4.8, 100))
    assert found.warped and found.map.length == 8
    places, turns = found.map.places(np.arange(0.0, 56.0, 0.5) + 0.01)
    expected = (np.arange(places.size) % 8) * 0.6
    assert np.abs(places - expected).max() < 0.06 and turns[-1] == 13


def test_bars_are_laid_on_bars_where_both_are_known():
    grids = (regular(120.0, Meter(), 0.5, 8.0, KNOWN), regular(120.0, Meter(), 1.0, 8.0, KNOWN))
    found = align.find_alignment(drums(8, 120), drums(8, 120), grids=grids)
    place, _ = found.map.places(np.array([0.5, 2.5]))
    assert place[0] % 2.0 == pytest.approx(1.0, abs=0.02) and place[1] % 2.0 == pytest.approx(1.0, abs=0.02)
