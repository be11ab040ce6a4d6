"""What is measured of notes whose answer is known."""

import numpy as np
import pytest

from compjax.music import measuring
from compjax.music.score import HIGH, LOW, MID, Note
from compjax.music.style import Style, contour, triangles


def chord(start, *pitches, seconds=0.25):
    return [Note(start, start + seconds, pitch, 0.5) for pitch in pitches]


def test_hits_last_until_the_next_of_their_voice():
    notes = [*chord(0.0, 36, 60, 64), *chord(0.5, 60, 64, seconds=0.5), Note(1.0, 1.1, 72, 0.9)]
    hits, shares = measuring.hits_and_shares(notes)
    assert [(hit.time, hit.voice) for hit in hits] == [(0.0, LOW), (0.0, MID), (0.5, MID), (1.0, HIGH)]
    assert [hit.length for hit in hits] == [2.0, 0.5, 2.0, 2.0]
    np.testing.assert_allclose(shares, [0.125, 0.5, 0.25, 0.05])


def test_density_register_and_articulation():
    """Two of three tones, the lowest an F, sounding half of the time."""
    notes = [note for at in range(8) for note in chord(0.5 * at, *((53, 57) if at % 2 else (53, 60)))]
    harmony = measuring.chords_per_beat(notes, 1.0)
    style = measuring.measured_style(notes, harmony, np.random.default_rng(0))
    assert style.density == pytest.approx(1 / 2)
    assert style.register == pytest.approx(5 / 12)
    assert style.articulation == pytest.approx((7 * 0.5 + 0.125 - 8 * 0.3) / 0.7 / 8)
    assert style.bass < 2 / 3


def test_a_contour_is_found_again():
    told = Style(contour_depth=1.0, contour_rate=0.25, contour_phase=0.375, contour_shape=0.7)
    times = np.arange(0.0, 4.0, 0.25)
    tops = np.asarray([48 + 24 * contour(told, time) for time in times])
    found = measuring.with_contour(Style(), times, tops)
    assert (found.contour_rate, found.contour_phase, found.contour_shape) == (0.25, 0.375, 0.7)
    assert found.contour_depth == pytest.approx(1.0, abs=0.1)
    assert measuring.with_contour(Style(), times, np.full(len(times), 60.0)).contour_depth == 0.0


def test_triangles_are_the_contours_of_full_depth():
    curves, times = measuring.CURVES[::17], np.linspace(0.0, 3.0, 11)
    of = [Style(contour_depth=1.0, contour_rate=r, contour_phase=p, contour_shape=s) for r, p, s in curves]
    expected = [[contour(style, time) for time in times] for style in of]
    np.testing.assert_allclose(triangles(curves, times), expected, atol=1e-9)


def test_what_lies_below_the_bass_goes_up():
    assert [measuring.in_range(Note(0, 1, pitch, 0.5)).pitch for pitch in (28, 40, 90)] == [40, 40, 78]


def test_chords_are_what_sounds_within_a_beat():
    notes = [Note(i / 2, i / 2 + 0.5, pitch, 0.7) for i, pitch in enumerate((60, 64, 67, 72))]
    harmony = measuring.chords_per_beat(notes, 1.0)
    assert [span.pitches for span in harmony.spans] == [(60, 64), (67, 72)]
    assert harmony.spans[1].bass == 67
    later = measuring.chords_per_beat(notes, 1.0, -0.5)
    assert [(span.start, span.pitches) for span in later.spans] == [
        (-0.5, (60,)),
        (0.5, (64, 67)),
        (1.5, (72,)),
    ]
