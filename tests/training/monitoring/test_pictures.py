"""What a validation has drawn has axes, and shows what is where."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from compjax.training.monitoring import pictures
from compjax.training.monitoring.pictures import drawn
from compjax.training.task import Picture

ROLL = np.zeros((150, 64))
ROLL[75:, 36] = 1.0  # C4, pitch 60, in the second second


@pytest.fixture
def axes(monkeypatch):
    """The axes that are drawn on."""
    seen = []
    subplots = Figure.subplots

    def noted(figure):
        seen.append(subplots(figure))
        return seen[-1]

    monkeypatch.setattr(Figure, "subplots", noted)
    return seen


@pytest.mark.parametrize(
    "rows, columns, label, names",
    [
        ("pitches", 64, "pitch", ["C1", "C2", "C3", "C4", "C5", "C6"]),
        ("bands", 128, "band, Hz", ["50", "100", "200", "500", "1000", "2000", "5000"]),
        ("channels", 128, "channel", None),
    ],
)
def test_axes_are_named(axes, rows, columns, label, names):
    image = drawn(Picture(np.zeros((150, columns)), rows, "dB"), "output, step 3")
    assert image.shape == (340, 700, 3) and image.dtype == np.uint8
    [made] = axes
    assert (made.get_title(), made.get_xlabel(), made.get_ylabel()) == ("output, step 3", "time in s", label)
    assert made.get_xlim() == (0.0, 2.0)
    if names:
        assert [text.get_text() for text in made.get_yticklabels()] == names


def test_a_note_stands_at_its_time_and_pitch(axes):
    image = drawn(Picture(ROLL, "pitches", "velocity"), "roll")
    [made] = axes
    place = made.transData.transform([[1.5, 36.0], [0.5, 36.0], [1.5, 30.0]])
    inside, before, below = (image[340 - round(y), round(x)].astype(int) for x, y in place)
    assert inside.sum() < before.sum() - 200 and inside.sum() < below.sum() - 200


@pytest.mark.parametrize("rows", ["bands", "pitches", "channels"])
def test_what_is_not_finite_is_drawn_all_the_same(rows):
    values = np.full((20, 64), np.nan)
    assert drawn(Picture(values, rows, "x"), "nothing").min() < 255
    values[:10] = np.inf
    values[10:, 3] = 0.5
    assert drawn(Picture(values, rows, "x"), "some").min() < 255


def test_every_pitch_that_is_named_is_a_c():
    assert pictures.MIN_PITCH % pictures.OCTAVE == 0
