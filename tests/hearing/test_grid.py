"""Tempo, beats, meter and bars that are heard, and those that are set."""

import numpy as np
import pytest
from fakes import chord, drums

from compjax.constants import SAMPLE_RATE
from compjax.data.drawing.drum_clips import draw_clip
from compjax.data.drawing.drum_patterns import DrumPattern
from compjax.hearing.grid import hear
from compjax.music.score import HIGH, LOW, MID, Hit
from compjax.music.sonify import of_hits
from compjax.music.time.meter import GridSettings, Meter


def bars(count, beats, period, start=0.0):
    """A kick on every bar, a knock on its third beat (of four, on second and fourth), ticks on all halves."""
    hits = []
    for beat in range(count * beats):
        time, place = start + period * beat, beat % beats
        hits += [Hit(time, 0.1, HIGH, 0.5), Hit(time + period / 2, 0.1, HIGH, 0.3)]
        hits += [Hit(time, 0.1, LOW, 0.9)] if place == 0 else []
        hits += [Hit(time, 0.1, MID, 0.8)] if place in ((1, 3) if beats == 4 else (2,)) else []
    return of_hits(hits, start + count * beats * period)


def test_long_clip_is_heard_a_minute_at_a_time():
    """Beats of 130 s, taken in three windows, keep their period."""
    found = hear(np.tile(drums(2, 120), 65))
    assert found.tempo == pytest.approx(120, abs=0.1)
    assert np.abs(np.diff(found.beats) - 0.5).max() < 0.03


@pytest.mark.parametrize("beats", [3, 4, 5, 7])
def test_meter_is_heard_from_the_spacing_of_bars(beats):
    found = hear(bars(8, beats, 0.5))
    assert found.meter.beats == beats and found.tempo == pytest.approx(120, rel=0.01)
    assert found.downbeat == pytest.approx(0.0, abs=0.03)


PUNK = DrumPattern("", (168, 168.001), "X- X- X- X-", "-X -X -X -X", "x- x- x- x-")
ROCK = DrumPattern("", (112, 112.001), "X- -- xx --", "-- X- -- X-", "xx xx xx xx")


@pytest.mark.parametrize("seed", range(3))
def test_strokes_between_the_beats_are_not_taken_for_them(seed):
    """A snare that is louder than the kick drew the beats half a beat late."""
    clip = draw_clip(PUNK, 9.0, np.random.default_rng([5, seed]), vary=False)
    found = hear(clip.audio)
    beside = (found.beats - clip.origin) / clip.period
    assert np.abs(beside - np.round(beside)).mean() < 0.1


@pytest.mark.parametrize("beats", [0.5, 1.0, 3.0])
def test_a_clip_that_begins_with_an_upbeat(beats):
    clip = draw_clip(ROCK, 12.0, np.random.default_rng(2), vary=False)
    begin = (clip.origin - beats * clip.period) % (4 * clip.period)
    found = hear(clip.audio[round(begin * SAMPLE_RATE) :])
    assert found.downbeat == pytest.approx(beats * clip.period, abs=0.05)


def test_held_chord_has_no_grid():
    found = hear(chord(6))
    assert found.tempo == 0 and found.beats.size == 0


def test_tempo_that_is_set_is_not_heard():
    found = hear(bars(8, 4, 0.5), GridSettings(bpm=60.0))
    assert found.tempo == 60.0 and np.diff(found.beats) == pytest.approx(1.0, abs=0.03)
    assert found.confidence.tempo == 1.0


def test_tempo_can_be_set_where_nothing_is_struck():
    found = hear(chord(6), GridSettings(bpm=90.0, meter=Meter(3, 4), downbeat=0.25))
    assert (found.tempo, str(found.meter), found.downbeat) == (90.0, "3/4", 0.25)
    np.testing.assert_allclose(np.diff(found.beats), 2 / 3)


def test_meter_and_downbeat_that_are_set_are_kept():
    found = hear(bars(6, 4, 0.5), GridSettings(bpm=120.0, meter=Meter(5, 4), downbeat=1.0))
    assert str(found.meter) == "5/4" and found.downbeat == 1.0 and found.first_downbeat == 2
    assert found.confidence.downbeat == found.confidence.meter == 1.0


def test_downbeat_beside_the_beats_moves_them():
    found = hear(bars(8, 4, 0.5), GridSettings(downbeat=0.25))
    assert np.abs(found.beats - 0.25 - 0.5 * np.round((found.beats - 0.25) / 0.5)).max() < 0.03


def test_silence_is_no_grid():
    assert hear(np.zeros(2 * SAMPLE_RATE, np.float32)).tempo == 0
