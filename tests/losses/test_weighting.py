"""Weights and schedules of losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.errors import UserError
from compjax.losses.weighting import (
    Constant,
    LinearRamp,
    Piecewise,
    is_off,
    parse_weight,
    total_loss,
    weight_at,
)


def curve(weight, steps):
    """The weight at several steps, inside and outside of a compiled function."""
    traced = jax.jit(lambda step: weight_at(weight, step))
    inside = [float(traced(jnp.asarray(step))) for step in steps]
    assert inside == [float(weight_at(weight, step)) for step in steps]
    return inside


def test_numbers_and_constants():
    assert curve(0.25, [0, 7]) == curve(Constant(0.25), [0, 7]) == [0.25, 0.25]
    assert curve(1, [3]) == [1.0]


def test_linear_ramp():
    assert curve(LinearRamp(1.0, 0.0, begin=100, finish=200), [0, 100, 125, 200, 999]) == [1, 1, 0.75, 0, 0]


def test_piecewise():
    assert curve(Piecewise((10, 20), (0.0, 0.5, 2.0)), [0, 9, 10, 19, 20, 99]) == [0, 0, 0.5, 0.5, 2, 2]
    assert curve(Piecewise((), (3.0,)), [0, 5]) == [3, 3]


def test_wrong_schedules_are_refused():
    with pytest.raises(ValueError, match="2 steps need 3 values, not 2"):
        Piecewise((1, 2), (0.0, 1.0))
    with pytest.raises(ValueError, match="steps must rise"):
        Piecewise((2, 2), (0.0, 1.0, 2.0))
    with pytest.raises(ValueError, match="must finish after it, not at 5"):
        LinearRamp(0.0, 1.0, begin=5, finish=5)


def test_off():
    assert all(map(is_off, [0, 0.0, Constant(0.0), LinearRamp(0.0, 0.0, 0, 1), Piecewise((1,), (0.0, 0.0))]))
    assert not any(map(is_off, [0.1, Constant(1.0), LinearRamp(0.0, 1.0, 0, 1), Piecewise((1,), (0.0, 1.0))]))


def test_total_and_metrics():
    losses = {"latent": jnp.float32(2.0), "novelty": jnp.float32(0.5), "gan": jnp.float32(np.nan)}
    weights = {"latent": 1.0, "novelty": LinearRamp(0.0, 0.2, 0, 10), "gan": 0, "spectral": 0.01}
    total, metrics = total_loss(losses, weights, step=5)
    assert total == pytest.approx(2 + 0.1 * 0.5)
    assert np.isnan(metrics.pop("loss/gan"))  # reported as it is, but not added
    expected = {
        "loss/latent": 2,
        "loss/novelty": 0.5,
        "weight/latent": 1,
        "weight/novelty": 0.1,
        "weight/gan": 0,
        "loss/total": 2.05,
    }
    assert {name: float(value) for name, value in metrics.items()} == pytest.approx(expected)


def test_nothing_is_nothing():
    assert total_loss({}, {"latent": 1.0}, 0)[0] == 0


def test_a_loss_without_a_weight_is_refused():
    with pytest.raises(ValueError, match="loss 'novelity' has no weight; there are weights for gan, novelty"):
        total_loss({"novelity": jnp.float32(1)}, {"novelty": 1.0, "gan": 1.0}, 0)


def test_losses_are_scalars():
    with pytest.raises(ValueError, match=r"loss 'latent' has shape \[3\]; a scalar is needed"):
        total_loss({"latent": jnp.ones(3)}, {"latent": 1.0}, 0)


def test_weights_of_a_configuration():
    assert parse_weight("gan", 1) == 1.0
    ramp = {"begin": 10, "finish": 20, "start": 0.0, "end": 0.5}
    assert parse_weight("gan", ramp) == LinearRamp(0.0, 0.5, begin=10, finish=20)
    assert parse_weight("gan", {"steps": [5], "values": [0, 1]}) == Piecewise((5,), (0, 1))
    assert parse_weight("gan", Constant(2.0)) == Constant(2.0)


@pytest.mark.parametrize(
    "written",
    ["much", True, None, float("nan"), {"start": 1}, {"steps": [2, 1], "values": [0, 1, 2]}],
    ids=str,
)
def test_other_weights_are_refused_by_name(written):
    with pytest.raises(UserError, match="the weight of loss 'gan'"):
        parse_weight("gan", written)
