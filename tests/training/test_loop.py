"""The loop through its real entry: train, log, checkpoint, resume, export."""

import jax
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from compjax.audio.errors import UserError
from compjax.codec.weights import load_weights
from compjax.training.checkpoint import open_checkpoints, restore
from compjax.training.loop import build_run, initial_state, train_agent


def final_state(config, workdir):
    run = build_run(config)
    manager = open_checkpoints(workdir)
    return restore(manager, manager.latest_step(), initial_state(run, 1))[0]


def test_two_and_two_steps_are_four(config, tmp_path):
    whole, halves = str(tmp_path / "whole"), str(tmp_path / "halves")
    train_agent(config, whole)
    with config.unlocked():
        config.num_steps = 2
    train_agent(config, halves)
    config.num_steps = 4
    scalars = train_agent(config, halves)
    one, other = final_state(config, whole), final_state(config, halves)
    assert int(one.step) == int(other.step) == 4
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(scalars["loss/total"]) and "roll/onset_f1" in scalars

    events = EventAccumulator(halves)
    events.Reload()
    assert [e.step for e in events.Scalars("train/loss/latent")] == [1, 2, 3, 4]
    assert "output" in events.Tags()["images"]

    exported, variables = load_weights(f"{halves}/agent.npz")
    assert exported["agent"] == "arranging"
    kernel = variables["params"]["hit_head"]["kernel"]
    np.testing.assert_allclose(kernel, other.ema["hit_head"]["kernel"], atol=1e-3)


def test_no_data_is_one_clear_line(config, tmp_path):
    config.data.train = str(tmp_path / "nowhere")
    with pytest.raises(UserError, match="compjax-render"):
        train_agent(config, str(tmp_path / "run"))
