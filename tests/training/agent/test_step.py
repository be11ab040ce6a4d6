"""The training step: guarded, the same in parts, in bfloat16 and on a mesh, and exportable."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from compjax.errors import UserError
from compjax.models.outputs import AgentOutput
from compjax.training import sharding
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer
from compjax.training.agent.step import StepConfig, in_precision, make_train_step
from compjax.training.state import TrainState, create_state

FRAMES, SIZE = 5, 128


class TinyAgent(nn.Module):
    """Two layers, dropout, a running mean, rows of both clips, and a scalar."""

    dropout: float = 0.0
    dtype: object = jnp.float32

    @nn.compact
    def __call__(self, first, second, *, gates=None, style=None, notes=None, train=False):
        x = jnp.concatenate([first, second], axis=-1)
        x = nn.Dense(16, dtype=self.dtype, name="linear1")(x)
        x = nn.Dropout(self.dropout)(nn.gelu(x), deterministic=not train)
        seen = self.variable("batch_stats", "seen", jnp.zeros, ())
        if train and not self.is_initializing():
            seen.value = seen.value + 1.0
        latents = nn.Dense(SIZE, name="output")(x).astype(jnp.float32)
        both = jnp.concatenate([latents, -latents])
        gates = jnp.broadcast_to(gates[:, None], (*first.shape[:2], 6))
        return AgentOutput(latents, gates, latents[:, :, None], None, jnp.mean(latents), {"both": both})


class RatioObjective:
    """A ratio of sums over the batch, which is not the mean of the ratios of its parts."""

    frozen = {"scale": jnp.ones(())}

    def __call__(self, output, batch, step, *, key, frozen, critics):
        weight = jnp.abs(batch["arrangement"]) + 0.1
        error = jnp.abs(output.latents - batch["arrangement"]) * frozen["scale"]
        truth = jnp.concatenate([batch["arrangement"], -batch["arrangement"]])
        twice = jnp.mean(jnp.square(output.extras["both"] - truth))
        total = jnp.sum(error * weight) / jnp.sum(weight) + twice + output.regulariser
        return total, {"loss/total": total}

    def update_critics(self, critics, latents, batch, step, key, frozen):
        return critics + jnp.mean(latents), {"critic": critics}


def batch_of(size: int = 16, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    made = {
        name: rng.normal(size=(size, FRAMES, SIZE)).astype(np.float32)
        for name in ("input_latents", "target_latents", "arrangement")
    }
    made |= {name: np.zeros((size, FRAMES, 64), np.float32) for name in ("roll_onsets", "roll_held")}
    return {**made, "gates": np.ones((size, 6), np.float32)}


def state_of(agent, optimizer, mesh) -> TrainState:
    def init():
        clips = jnp.zeros((2, FRAMES, SIZE))
        variables = agent.init(jax.random.key(0), clips, clips, gates=jnp.zeros((2, 6)))
        return create_state(variables, optimizer, critics=jnp.zeros(()))

    shardings = sharding.state_shardings(jax.eval_shape(init), mesh)
    return jax.jit(init, out_shardings=shardings)()


def after(steps: int, settings: StepConfig, mesh, agent=None):
    """State and last scalars after some steps on the same batches."""
    agent = agent or TinyAgent()
    optimizer = make_optimizer(OptimizerConfig(1e-2, 1, 100))
    settings = dataclasses.replace(settings, given=("gates",))
    step = make_train_step(agent, optimizer, RatioObjective(), settings, mesh)
    state = state_of(agent, optimizer, mesh)
    for number in range(steps):
        batch = sharding.to_global(batch_of(seed=number), mesh)
        state, scalars = step(state, batch, RatioObjective.frozen)
    return state, jax.device_get(scalars)


def leaves_agree(one, other, **tolerance):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_parts_give_the_gradient_of_the_whole_batch():
    mesh = sharding.make_mesh()
    whole, scalars = after(3, StepConfig(), mesh)
    parts, same = after(3, StepConfig(accumulate=4), mesh)
    assert abs(scalars["loss/total"] - same["loss/total"]) < 1e-5
    leaves_agree(whole.params, parts.params, rtol=1e-4, atol=1e-5)
    assert int(parts.model_state["batch_stats"]["seen"]) == 12


def test_rematerialisation_changes_nothing():
    mesh = sharding.make_mesh()
    kept, _ = after(2, StepConfig(), mesh, TinyAgent(dropout=0.5))
    again, _ = after(2, StepConfig(remat=True), mesh, TinyAgent(dropout=0.5))
    leaves_agree(kept.params, again.params, rtol=1e-4, atol=1e-6)


def test_split_parameters_train_as_whole_ones(monkeypatch):
    plain, scalars = after(3, StepConfig(), sharding.make_mesh())
    monkeypatch.setattr(sharding, "MIN_SPLIT_SIZE", 64)
    split, same = after(3, StepConfig(), sharding.make_mesh(2, 2))
    kernel = split.params["linear1"]["kernel"]
    assert kernel.addressable_shards[0].data.shape == (2 * SIZE, 8)
    moments = [leaf for leaf in jax.tree.leaves(split.opt_state) if leaf.shape == kernel.shape]
    assert all(leaf.sharding == kernel.sharding for leaf in [*moments, split.ema["linear1"]["kernel"]])
    assert abs(scalars["loss/total"] - same["loss/total"]) < 1e-5
    leaves_agree(plain.params, split.params, rtol=1e-4, atol=1e-5)


def test_bfloat16_computes_near_float32_with_float32_parameters():
    mesh = sharding.make_mesh()
    full, scalars = after(2, StepConfig(), mesh)
    half, same = after(2, StepConfig(compute_dtype="bfloat16"), mesh)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((half.params, half.ema)))
    assert scalars["loss/total"] != same["loss/total"]
    assert abs(scalars["loss/total"] - same["loss/total"]) < 0.02 * scalars["loss/total"]


class Fixed(nn.Module):
    """An agent without a choice of precision."""


def test_an_agent_without_a_precision_is_refused_in_bfloat16():
    with pytest.raises(UserError, match="float32 only"):
        in_precision(Fixed(), "bfloat16")
    with pytest.raises(UserError, match="float16"):
        in_precision(TinyAgent(), "float16")


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_step_that_is_not_finite_changes_nothing_but_the_count(poison):
    mesh, agent = sharding.make_mesh(), TinyAgent()
    optimizer = make_optimizer(OptimizerConfig(1e-2, 1, 100))
    step = make_train_step(agent, optimizer, RatioObjective(), StepConfig(given=("gates",)), mesh)
    frozen = RatioObjective.frozen
    state, _ = step(state_of(agent, optimizer, mesh), sharding.to_global(batch_of(), mesh), frozen)
    before = jax.device_get(state)
    bad = batch_of(seed=1)
    bad["arrangement"][3, 2, 7] = poison
    for count in (1, 2):
        state, scalars = step(state, sharding.to_global(bad, mesh), frozen)
        assert scalars["finite"] == 0.0 and scalars["bad_steps"] == count
    now = jax.device_get(state)
    assert int(now.step) == 3
    for a, b in zip(
        jax.tree.leaves(now.replace(step=0, bad_steps=0)),
        jax.tree.leaves(before.replace(step=0, bad_steps=0)),
        strict=True,
    ):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    state, scalars = step(state, sharding.to_global(batch_of(seed=2), mesh), frozen)
    assert scalars["finite"] == 1.0 and int(state.bad_steps) == 0 and int(state.step) == 4


def test_the_step_is_lowered_for_every_platform():
    from jax import export

    mesh = jax.make_mesh(
        (1, 1), sharding.BATCH_AXES, axis_types=(jax.sharding.AxisType.Auto,) * 2, devices=jax.devices()[:1]
    )
    agent, optimizer = TinyAgent(), make_optimizer(OptimizerConfig())
    settings = StepConfig(given=("gates",), compute_dtype="bfloat16", accumulate=2, remat=True)
    step = make_train_step(agent, optimizer, RatioObjective(), settings, mesh)
    state = jax.eval_shape(lambda: state_of(agent, optimizer, mesh))
    exported = export.export(step, platforms=("cpu", "cuda", "tpu"))(
        state, batch_of(4), RatioObjective.frozen
    )
    assert exported.platforms == ("cpu", "cuda", "tpu")
