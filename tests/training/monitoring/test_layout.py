"""The custom layout shows what a run writes, as TensorBoard reads it."""

import re

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from compjax.training.monitoring import layout
from compjax.training.monitoring.monitor import Monitor

WRITTEN = {
    "train/loss/total",
    "train/loss/latent",
    "dev/loss/latent",
    "train/weight/latent",
    "train/gradient/latent",
    "epoch/input/rhythm_weight",
    "epoch/target/timbre_weight",
    "train/gates/input_rhythm",
    "train/novelty_score",
    "train/novelty_score/arrangement",
    "train/novelty_hinge",
    "train/roll/onset_f1",
    "dev/roll/frame_f1",
    "dev/heard/hit_f1",
    "dev/audio/joint",
    "dev/baseline/gated/joint",
    "dev/audio/onset_f1",
    "speed/step_seconds",
    "speed/data_wait",
    "memory/host_gigabytes",
    "train/learning_rate",
}


def categories(folder):
    """What TensorBoard's plugin reads: tags of charts by title, by category."""
    events = EventAccumulator(str(folder))
    events.Reload()
    [event] = events.Tensors("custom_scalars__config__")
    read = layout_pb2.Layout()
    read.ParseFromString(event.tensor_proto.string_val[0])
    return {
        one.title: {chart.title: list(chart.multiline.tag) for chart in one.chart} for one in read.category
    }


@pytest.mark.parametrize("kind", [*layout.LAYOUTS, "another"])
def test_the_layout_is_in_the_run(tmp_path, kind):
    Monitor(str(tmp_path), 0, {"kind": kind}).close()
    found = categories(tmp_path)
    assert list(found)[0] == "losses" and list(found)[-1] == "machine"
    if kind == "agent":
        assert {"component weights", "novelty", "piano roll, F1"} < set(found)


def shown(charts, name):
    """Titles of the charts that show a scalar; the plugin matches from the beginning, as here."""
    return [title for title, tags in charts.items() if any(re.match(tag, name) for tag in tags)]


def test_every_scalar_of_a_run_has_one_chart():
    charts = {title: tags for own in layout.LAYOUTS["agent"].values() for title, tags in own.items()}
    assert {name: len(shown(charts, name)) for name in WRITTEN} == dict.fromkeys(WRITTEN, 1)
    assert all(any(re.match(tag, name) for name in WRITTEN) for tags in charts.values() for tag in tags)


def test_hinge_and_score_are_apart():
    charts = layout.LAYOUTS["agent"]["novelty"]
    assert shown(charts, "train/novelty_score") == shown(charts, "train/novelty_score/arrangement")
    assert shown(charts, "train/novelty_score") != shown(charts, "train/novelty_hinge")
