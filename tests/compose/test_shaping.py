"""Tempo, key, quantizing, swing and loops."""

import json

import numpy as np
import pytest
from fakes import chord, drums, make_session

from compjax.compose.asked.shape import Shape
from compjax.compose.shaping import shaping_of
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.score import Harmony, Note, Span
from compjax.music.time.grid import KNOWN, NO_GRID, Grid, regular
from compjax.music.time.meter import Meter

GRID = regular(120.0, Meter(), 0.0, 8.0, KNOWN)


def starts(notes):
    return [round(note.start, 4) for note in notes]


def at(*times):
    return [Note(time, time + 0.2, 60 + place, 0.5) for place, time in enumerate(times)]


def test_tempo_makes_wavering_beats_even():
    beats = np.array([0.0, 0.5, 1.1, 1.6, 2.1, 2.6, 3.1, 3.6])
    grid = Grid(118.0, beats, 0.0, Meter(), KNOWN)
    shaped = shaping_of(Shape(bpm=60.0), grid, 4.0)
    assert starts(shaped.notes(at(0.0, 0.5, 0.8, 1.1))) == [0.0, 1.0, 1.5, 2.0]
    assert shaped.seconds == pytest.approx(7.0 + 0.4 / (60 / 118), abs=1e-6)
    np.testing.assert_allclose(np.diff(shaped.grid.beats), 1.0)


def test_quantizing_goes_a_share_of_the_way_from_the_beats():
    grid = regular(120.0, Meter(), 0.1, 8.0, KNOWN)  # beats at 0.1, 0.6 ...
    notes = at(0.11, 0.37, 0.58)
    assert starts(shaping_of(Shape(quantize=8), grid, 8.0).notes(notes)) == [0.1, 0.35, 0.6]
    half = shaping_of(Shape(quantize=8, quantize_strength=0.5), grid, 8.0)
    assert starts(half.notes(notes)) == [0.105, 0.36, 0.59]
    assert half.notes(notes)[1].end - half.notes(notes)[1].start == pytest.approx(0.2)


def test_swing_delays_the_second_of_a_pair():
    notes = at(0.0, 0.125, 0.25, 0.375, 0.5)
    assert starts(shaping_of(Shape(swing=0.6), GRID, 8.0).notes(notes)) == [0.0, 0.15, 0.3, 0.4, 0.5]
    sixteenths = shaping_of(Shape(swing=0.6, quantize=16), GRID, 8.0)
    assert starts(sixteenths.notes(notes)) == [0.0, 0.15, 0.25, 0.4, 0.5]


def test_key_is_moved_and_nothing_else():
    shaped = shaping_of(Shape(transpose=-3), NO_GRID, 4.0)
    assert [(n.start, n.pitch) for n in shaped.notes(at(0.03, 1.0))] == [(0.03, 57), (1.0, 58)]
    moved = shaped.harmony(Harmony((Span(0.0, 4.0, (60, 64, 67), 48),)))
    assert moved.spans[0].pitches == (57, 61, 64) and moved.spans[0].bass == 45


def test_loop_repeats_the_inputs_bars_and_keeps_what_is_early():
    shaped = shaping_of(Shape(loop=True, bars=3), GRID, 5.0)  # two whole bars of 2 s
    assert shaped.seconds == 6.0 and shaped.cycle == 4.0
    assert starts(shaped.notes(at(-0.02, 0.0, 3.5, 4.2))) == [-0.02, 0.0, 3.5, 3.98, 4.0]
    assert [span.end for span in shaped.harmony(Harmony((Span(0.0, 9.0, (60,), 60),))).spans] == [4.0, 6.0]


@pytest.mark.parametrize(
    "shape, grid, message",
    [
        (Shape(bpm=100), NO_GRID, "no steady beat .*input_bpm"),
        (Shape(loop=True), regular(30.0, Meter(), 0.0, 4.0, KNOWN), "a loop needs a whole bar"),
    ],
)
def test_what_cannot_be_shaped(shape, grid, message):
    with pytest.raises(UserError, match=message):
        shaping_of(shape, grid, 4.0)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"bpm": 5}, "bpm must be"),
        ({"transpose": 1.5}, "transpose must be a whole number"),
        ({"transpose": 30}, "transpose must be"),
        ({"quantize": 7}, "quantize must be one of"),
        ({"quantize_strength": 2}, "quantize_strength must be"),
        ({"swing": 0.2}, "swing must be a number from 0.5"),
        ({"bars": 4}, "give loop"),
        ({"loop": True, "bars": 0}, "bars must be"),
    ],
)
def test_shapes_that_are_none(values, message):
    with pytest.raises(UserError, match=message):
        Shape(**values)


@pytest.fixture(scope="module")
def session():
    return make_session()


def test_loop_is_exact_bars_without_a_click(session, tmp_path):
    """Where end meets beginning, the steps from sample to sample are no larger than elsewhere."""
    options = {"sample_rate": SAMPLE_RATE, "loop": True, "bars": 2, "bpm": 97.0}
    made = session.compose(drums(6, 120), chord(2), **options)
    assert made.audio.size == round(8 * 60 / 97 * SAMPLE_RATE)
    twice = np.concatenate([made.audio, made.audio])
    curve = np.abs(np.diff(twice, 2))
    seam = curve[made.audio.size - 480 : made.audio.size + 480].max()
    assert seam <= np.abs(np.diff(made.audio, 2)).max() + 1e-6
    assert abs(made.audio[0] - made.audio[-1]) <= np.abs(np.diff(made.audio)).max()
    report = json.loads(made.json)
    assert report["grid"]["output"]["tempo"] == 97.0 and report["grid"]["input"]["tempo"] == pytest.approx(
        120, abs=1
    )
    assert "2 bars whose end leads into their beginning" in made.words()
    sound, midi, _ = made.save(tmp_path / "loop.wav")
    assert b"acid" in sound.read_bytes() and b"smpl" in sound.read_bytes()


def test_tempo_and_key_of_a_composition(session):
    plain = session.compose(drums(4, 120), chord(2), sample_rate=SAMPLE_RATE)
    moved = session.compose(drums(4, 120), chord(2), sample_rate=SAMPLE_RATE, bpm=60.0, transpose=2)
    assert moved.seconds == pytest.approx(2 * plain.seconds, rel=0.01)
    assert sorted({n.pitch for n in moved.notes}) == sorted({n.pitch + 2 for n in plain.notes})
    followed = [made.report["adherence"]["onset_f1"] for made in (plain, moved)]
    assert min(followed) > 0.9 and moved.tempo == 60.0
    assert moved.groove.tempo == 60.0 and moved.groove.seconds == pytest.approx(moved.seconds, abs=0.01)
    with pytest.raises(UserError, match="not streamed"):
        session.stream(drums(4, 120), chord(2), sample_rate=SAMPLE_RATE, loop=True)
