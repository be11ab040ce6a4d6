"""Weights that do not fit the program that is to use them."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.codec.weights import save_weights
from compjax.compose.composers.loading import BUNDLED, load_composer
from compjax.errors import UserError
from compjax.models.programs import program


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


def test_weights_of_a_codec_are_refused_in_one_line(tmp_path):
    save_weights(tmp_path / "other.npz", {"dim": 256}, {"a": jnp.ones(2)})
    with pytest.raises(UserError, match="other.npz holds the weights of a codec, not of an agent"):
        load_composer(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"agent": "dreaming", "settings": {}}, "unknown agent 'dreaming'"),
        ({"agent": "masking"}, "no agent of this version"),
        ({"agent": "masking", "settings": {"depth": 3}}, "unknown settings .'depth'."),
    ],
)
def test_agents_of_another_version_are_refused_in_one_line(tmp_path, config, message):
    save_weights(tmp_path / "other.npz", config, {"a": jnp.ones(2)})
    with pytest.raises(UserError, match=message) as caught:
        load_composer(tmp_path / "other.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("trained_on", "asked"), [("encodec", "vocos"), (None, "encodec")])
def test_latents_of_another_codec_are_refused_in_one_line(tmp_path, trained_on, asked):
    config = {"agent": "masking", "settings": {}} | ({"codec": trained_on} if trained_on else {})
    save_weights(tmp_path / "other.npz", config, {"a": jnp.ones(2)})
    with pytest.raises(UserError, match=f"codec '{trained_on or 'vocos'}', not '{asked}'; choose it with"):
        load_composer(tmp_path / "other.npz", asked)


@pytest.mark.slow
@pytest.mark.parametrize("change", ["missing", "shape", "more"])
def test_arrays_that_nothing_uses_must_be_there_too(tmp_path, change):
    """The rules need no composer network; a file without one is damaged nevertheless."""
    with np.load(BUNDLED) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "digest"}
    name = next(name for name in arrays if name.startswith("params/composer/"))
    if change == "missing":
        del arrays[name]
    else:
        arrays[name if change == "shape" else "params/composer/more"] = np.zeros((3, 5), np.float16)
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match="1 of .* arrays differ, first params/composer/"):
        load_composer(tmp_path / "mine.npz")
