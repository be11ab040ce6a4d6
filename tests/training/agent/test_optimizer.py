"""The learning rate over a run."""

import pytest

from compjax.training.agent.optimizer import OptimizerConfig, make_schedule


def test_rate_rises_to_its_peak_and_falls_to_a_hundredth():
    schedule = make_schedule(OptimizerConfig(learning_rate=1.0, warmup_steps=10, decay_steps=100))
    assert [float(schedule(step)) for step in (0, 5, 10)] == pytest.approx([0.0, 0.5, 1.0])
    assert float(schedule(100)) == pytest.approx(0.01)


def test_a_run_shorter_than_its_warm_up_still_has_a_schedule():
    schedule = make_schedule(OptimizerConfig(learning_rate=1.0, warmup_steps=100, decay_steps=4))
    assert float(schedule(1)) == pytest.approx(1.0) and float(schedule(4)) == pytest.approx(0.01)


def test_no_decay_keeps_the_rate():
    constant = make_schedule(OptimizerConfig(learning_rate=1e-4, warmup_steps=0, decay_steps=0))
    assert [float(constant(step)) for step in (0, 10, 10**6)] == [pytest.approx(1e-4)] * 3
    warmed = make_schedule(OptimizerConfig(learning_rate=1e-4, warmup_steps=10, decay_steps=0))
    rates = [float(warmed(step)) for step in (0, 5, 10, 10**6)]
    assert rates == [pytest.approx(rate) for rate in (0.0, 5e-5, 1e-4, 1e-4)]
