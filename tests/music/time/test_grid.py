"""Meters and grids."""

import numpy as np
import pytest

from compjax.errors import UserError
from compjax.music.time.grid import KNOWN, NO_GRID, regular
from compjax.music.time.meter import Meter


def test_seven_eighths_at_120_are_a_bar_of_seven_quarter_seconds():
    grid = regular(120.0, Meter.parse("7/8"), -0.996, 8.75, KNOWN)
    assert grid.bar == pytest.approx(1.75) and grid.period == pytest.approx(0.25)
    assert grid.downbeat == pytest.approx(0.754) and grid.tempo_of_beats == pytest.approx(240.0)
    assert grid.beats[0] == pytest.approx(0.004) and grid.beats[grid.first_downbeat] == pytest.approx(0.754)
    assert grid.beats.size == 35


def test_bar_that_begins_with_the_clip_is_its_first():
    grid = regular(120.0, Meter(), 4.0, 2.0, KNOWN)
    assert grid.downbeat == 0.0 and grid.first_downbeat == 0
    np.testing.assert_allclose(grid.beats, [0.0, 0.5, 1.0, 1.5])


def test_downbeat_past_the_last_beat_is_counted():
    grid = regular(60.0, Meter(5, 4), 2.5, 2.0, KNOWN)
    np.testing.assert_allclose(grid.beats, [0.5, 1.5])
    assert grid.first_downbeat == 2


def test_no_grid_says_so():
    assert NO_GRID.in_words() == "no steady beat" and not NO_GRID.tempo_of_beats
    assert NO_GRID.summary()["beats"] == []


@pytest.mark.parametrize("text", ["4", "7/7", "0/4", "33/4", "x/4", "4/4/4", "-3/4", "3.5/4", ""])
def test_what_is_no_meter(text):
    with pytest.raises(UserError, match="meter"):
        Meter.parse(text)


def test_summary_is_plain():
    summary = regular(97.5, Meter(3, 4), 0.25, 4.0, KNOWN).summary()
    assert (summary["tempo"], summary["meter"], summary["first_downbeat"]) == (97.5, "3/4", 0.25)
    assert summary["confidence"] == {"tempo": 1.0, "downbeat": 1.0, "meter": 1.0}
