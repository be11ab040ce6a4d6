"""The learning rate over a run."""

import pytest

from compjax.training.optimizer import OptimizerConfig, make_schedule


def test_rate_rises_to_its_peak_and_falls_to_a_hundredth():
    schedule = make_schedule(OptimizerConfig(learning_rate=1.0, warmup_steps=10, decay_steps=100))
    assert [float(schedule(step)) for step in (0, 5, 10)] == pytest.approx([0.0, 0.5, 1.0])
    assert float(schedule(100)) == pytest.approx(0.01)


def test_a_run_shorter_than_its_warm_up_still_has_a_schedule():
    schedule = make_schedule(OptimizerConfig(learning_rate=1.0, warmup_steps=100, decay_steps=4))
    assert float(schedule(1)) == pytest.approx(1.0) and float(schedule(4)) == pytest.approx(0.01)
