"""Gates: of the selector and of the caller."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.models.composing.config import SelectorConfig
from compjax.models.composing.selector import ComponentSelector, gates_per_frame


@pytest.mark.parametrize(("gate", "undecided"), [("sigmoid", 1 / 2), ("softmax", 1 / 6)])
def test_selector(rng, fill, gate, undecided):
    components = rng.standard_normal((2, 3, 6, 4)).astype(np.float32)
    module = ComponentSelector(SelectorConfig(hidden=8, gate=gate))
    variables = fill(module, components)
    gates, logits = module.apply(variables, components)
    odds = np.exp(np.asarray(logits, np.float64))
    expected = odds / (1 + odds) if gate == "sigmoid" else odds / odds.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(gates, expected, rtol=1e-5)
    gates, _ = module.apply(jax.tree.map(np.zeros_like, variables), components)
    np.testing.assert_allclose(gates, np.full((2, 3, 6), undecided), rtol=1e-6)


def test_gates_of_the_caller():
    gates = jnp.arange(12.0).reshape(2, 6) / 12
    spread = gates_per_frame(gates, 2, 3)
    assert spread.shape == (2, 3, 6)
    np.testing.assert_array_equal(spread[:, 1], gates)
    np.testing.assert_array_equal(gates_per_frame(spread, 2, 3), spread)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (2, 3), (2, 1, 6), (1, 3, 6), (2, 6, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"must be \[2, 6\] or \[2, 3, 6\]"):
        gates_per_frame(jnp.zeros(shape), 2, 3)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="gate is 'tanh'; it must be one of sigmoid, softmax"):
        SelectorConfig(gate="tanh")
