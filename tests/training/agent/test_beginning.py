"""Beginning with another run's weights."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from compjax.codec.weights import save_weights
from compjax.errors import UserError
from compjax.training.agent.task import weights_to_begin_with
from compjax.training.state import create_state


def variables(scale, width=3):
    return {
        "params": {"layer": {"kernel": jnp.full((2, width), scale), "bias": jnp.zeros(width)}},
        "batch_stats": {"layer": {"mean": jnp.full(width, scale)}},
    }


def state(scale=0.0):
    return create_state(variables(scale), optax.adam(1e-3))


def test_everything_is_taken_but_the_optimiser(tmp_path):
    save_weights(tmp_path / "a.npz", {"agent": "other"}, jax.device_get(variables(0.5)))
    begun = weights_to_begin_with(str(tmp_path / "a.npz"), state())
    for part in (begun.params, begun.ema):
        np.testing.assert_array_equal(part["layer"]["kernel"], 0.5)
    np.testing.assert_array_equal(begun.model_state["batch_stats"]["layer"]["mean"], 0.5)
    assert int(begun.step) == 0
    assert jax.tree.structure(begun) == jax.tree.structure(state())
    assert begun.ema["layer"]["kernel"] is not begun.params["layer"]["kernel"]  # the state is donated whole


def test_no_path_changes_nothing():
    fresh = state(0.3)
    assert weights_to_begin_with("", fresh) is fresh


def test_other_weights_are_refused_in_one_line(tmp_path):
    save_weights(tmp_path / "a.npz", {"agent": "masking"}, jax.device_get(variables(0.5, width=4)))
    with pytest.raises(
        UserError, match="agent 'masking'.* 3 of 3 arrays differ, first batch_stats/layer/mean"
    ):
        weights_to_begin_with(str(tmp_path / "a.npz"), state())
    with pytest.raises(UserError, match="no weights at"):
        weights_to_begin_with(str(tmp_path / "b.npz"), state())
