"""Weights that do not fit the program that is to use them."""

import flax.linen as nn
import jax.numpy as jnp
import pytest

from compjax.audio.errors import UserError
from compjax.codec.weights import save_weights
from compjax.inference.agent import load_agent, program


class Doubler(nn.Module):
    """One weight by its name."""

    @nn.compact
    def double(self, x):
        return x * self.param("two", nn.initializers.constant(2.0), (1,))


def test_program_runs_a_method():
    run = program(Doubler(), "double")
    assert run({"params": {"two": jnp.array([2.0])}}, jnp.array([3.0])).tolist() == [6.0]


@pytest.mark.parametrize("params", [{"two": jnp.ones(3)}, {}], ids=["another shape", "missing"])
def test_weights_of_another_version_are_refused_in_one_line(params):
    with pytest.raises(UserError, match="weights do not fit this version") as caught:
        program(Doubler(), "double")({"params": params}, jnp.array([3.0]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [{"agent": "masking", "settings": {}}, {"dim": 256}])
def test_weights_of_another_kind_are_refused_in_one_line(tmp_path, config):
    save_weights(tmp_path / "other.npz", config, {"a": jnp.ones(2)})
    with pytest.raises(UserError, match="composing needs those of an arranging agent"):
        load_agent(tmp_path / "other.npz")
