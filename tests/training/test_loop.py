"""The loop through its real entry, on an agent: train, log, checkpoint, resume, export."""

import json

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from compjax.codec.weights import load_weights
from compjax.errors import UserError
from compjax.training.loop import loop_config, train


@pytest.fixture
def config(config):
    """On four devices a batch has at least four examples."""
    config.batch_size, config.data.dev_examples = 4, 4
    return config


@pytest.mark.slow
def test_two_and_two_steps_are_four(config, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    assert train(config, str(whole)).status == 0
    config.num_steps = 2
    assert train(config, str(halves)).step == 2
    config.num_steps = 4
    outcome = train(config, str(halves))
    assert outcome.step == 4
    assert np.isfinite(outcome.scalars["loss/total"]) and "roll/onset_f1" in outcome.scalars
    read = [json.loads((p / "checkpoints/4/meta/metadata").read_text())["sums"] for p in (whole, halves)]
    assert read[0] == read[1]

    events = EventAccumulator(str(halves))
    events.Reload()
    assert [e.step for e in events.Scalars("train/loss/latent")] == [1, 2, 3, 4]
    assert "picture/output" in events.Tags()["images"]
    events = EventAccumulator(str(whole))
    events.Reload()
    for family in ("piano", "organ"):  # the clips once, what is composed of them with each validation
        assert [event.step for event in events.Audio(f"audio/{family}/input")] == [2]
        assert [event.step for event in events.Audio(f"audio/{family}/output")] == [2, 4]

    exported, variables = load_weights(halves / "agent.npz")
    assert exported["agent"] == "arranging" and exported["codec"] == "vocos" and exported["frames"] == 16
    assert np.isfinite(variables["params"]["hit_head"]["kernel"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("patience", "last"), [(0, 5), (1, 2), (3, 4)])
def test_patience_ends_a_run_that_becomes_no_better(config, tmp_path, patience, last):
    config.optimizer.learning_rate = config.ema_decay = 0.0  # an average of what is alike may still round
    config.num_steps, config.validate_every, config.loop = 5, 1, {"patience": patience}
    assert train(config, str(tmp_path / "run")).step == last
    if patience == 1:  # and it stays ended
        assert train(config, str(tmp_path / "run")).step == last


def test_no_data_is_one_clear_line(config, tmp_path):
    config.data.train = str(tmp_path / "nowhere")
    with pytest.raises(UserError, match="compjax-render"):
        train(config, str(tmp_path / "run"))


def test_an_unknown_kind_is_one_line(config, tmp_path):
    config.kind = "poem"
    with pytest.raises(UserError, match="config.kind is 'poem'; there are agent, codec"):
        train(config, str(tmp_path / "run"))


def test_the_loop_s_settings(config):
    config.loop = {"save_every": 3, "timeouts": {"step": 5.0}}
    found = loop_config(config)
    assert (found.num_steps, found.save_every, found.timeouts) == (4, 3, {"step": 5.0})
    config.loop = {"save_evry": 3}
    with pytest.raises(UserError, match="no field save_evry"):
        loop_config(config)
