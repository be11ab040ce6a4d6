"""A clip frame by frame, as the transformer is given it."""

import numpy as np
import pytest

from compjax.models.composing import factor_frames as of
from compjax.music.score import LOW, MID, Harmony, Hit, Rhythm, Span

RHYTHM = Rhythm((Hit(0.1, 0.25, LOW, 0.9), Hit(0.1, 1.0, MID, 0.5), Hit(0.5, 0.5, MID, 0.7)))
CHORDS = Harmony((Span(0.0, 0.4, (48, 52, 55), 36), Span(0.4, 1.0, (53, 57), 41)))


def likelihood(frames=75):
    voices, classes = np.full((frames, 3), 0.2, np.float32), np.full((frames, 12), 0.1, np.float32)
    return of.Likelihood(voices, np.full_like(voices, 0.5), classes, classes / 2, True)


def test_every_column_has_its_place():
    table = of.factor_frames(RHYTHM, CHORDS, likelihood())
    assert table.shape == (75, of.NUM_COLUMNS) and table.dtype == np.float32
    rhythm, harmony = table[:, of.RHYTHM], table[:, of.HARMONY]
    np.testing.assert_allclose(rhythm[0, :6], [0.2] * 3 + [0.1] * 3)  # velocities count as they are likely
    np.testing.assert_array_equal(rhythm[7, 6:9], [1, 1, 0])
    assert rhythm[7, 9] == pytest.approx(0.0) and rhythm[7, 10] == pytest.approx(np.log(4.0) / 2)
    np.testing.assert_array_equal(np.flatnonzero(harmony[10, 24:36]), [0, 4, 7])
    np.testing.assert_array_equal(np.flatnonzero(harmony[40, 24:36]), [5, 9])
    np.testing.assert_array_equal(np.flatnonzero(harmony[40, 36:]), [5])
    assert (table[:, of.TIMBRE] == 1).all()


def test_lengths_come_back():
    seconds = np.array([0.05, 0.25, 4.0])
    np.testing.assert_allclose(of.seconds_of(of.log_length(seconds)), seconds)
    assert of.log_length(of.USUAL_LENGTH) == 0.0


def test_hits_close_together_are_one_moment():
    others = (Hit(time, 0.1, LOW, 1.0) for time in (0.52, -0.1, 1.2))
    np.testing.assert_array_equal(of.slots_of(Rhythm((*RHYTHM.hits, *others)), 75), [7, 37])
