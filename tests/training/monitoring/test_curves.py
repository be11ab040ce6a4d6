"""Curves of a run as a picture."""

import io

import numpy as np
import pytest

from compjax.errors import UserError
from compjax.training.monitoring import curves
from compjax.training.monitoring.tensorboard import EventFile

pytest.importorskip("tensorboard")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own


@pytest.fixture
def workdir(tmp_path):
    """A run of ten steps that was stopped after six, and resumed after four."""
    for first, last in ((1, 6), (5, 10)):
        events = EventFile(str(tmp_path), first)
        for step in range(first, last + 1):
            events.scalar("train/loss/latent", 1.0 / step, step)
            events.scalar("epoch/target/harmony_weight", step / 10.0, step)
        events.close()
    return tmp_path


def test_every_step_is_read_once(workdir):
    found = curves.read_curves(workdir)
    np.testing.assert_array_equal(found["train/loss/latent"].steps, np.arange(1, 11))
    np.testing.assert_allclose(
        found["epoch/target/harmony_weight"].values, np.arange(1, 11) / 10.0, rtol=1e-6
    )


def test_the_mean_of_the_last_values():
    np.testing.assert_allclose(curves.smoothed(np.array([1.0, 3.0, 5.0, 9.0]), 2), [1.0, 2.0, 4.0, 7.0])


def test_a_picture_has_lines_for_what_was_written(workdir):
    from PIL import Image

    picture = Image.open(io.BytesIO(curves.draw(curves.read_curves(workdir), "a run")))
    empty = Image.open(io.BytesIO(curves.draw({}, "a run")))
    assert picture.size == empty.size == (1000, 640)
    assert np.any(np.asarray(picture) != np.asarray(empty))


def test_panels_are_those_that_the_run_has():
    one = curves.Curve(np.arange(3), np.ones(3))
    notes = curves.figure_of({"dev/notes/f1": one, "train/loss/onsets": one})
    assert [axes.get_title() for axes in notes.axes] == [
        "component weights (mean of an epoch)",
        "note F1",
        "other losses",
    ]
    whole = curves.figure_of({name: one for names in curves.PANELS.values() for name in names.values()})
    assert len(whole.axes) == len(curves.PANELS) + 2


def test_what_is_no_run_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        curves.read_curves(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no curves"):
        curves.read_curves(tmp_path)
