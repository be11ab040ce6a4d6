"""Adversaries in balance: sure of everything without it, left some doubt with it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.models.composing.config import DiscriminatorConfig
from compjax.models.critics import latent
from compjax.training.agent import critics as adversaries
from compjax.training.agent.critics import CriticConfig, Critics
from compjax.training.agent.objective import make_objective

STEPS = 60


SMALL = DiscriminatorConfig(convolutions=((32, 3, 2), (32, 5, 2)), hidden=16)


@pytest.fixture(autouse=True)
def small_critic(monkeypatch):
    monkeypatch.setattr(latent, "LatentDiscriminator", functools.partial(latent.LatentDiscriminator, SMALL))


@pytest.fixture(scope="module")
def latents():
    """Latents, and what a network makes that has learned their mean: the same, blurred."""
    real = np.random.default_rng(0).normal(size=(4, 32, 128)).astype(np.float32)
    kernel = np.ones(8, np.float32) / 8
    return jnp.asarray(real), jnp.asarray(np.apply_along_axis(np.convolve, 1, real, kernel, "same"))


def learned(latents, quick_jit, **settings):
    """The critic's loss over some steps against a composer that does not move."""
    critics = Critics(True, False, CriticConfig(learning_rate=3e-3, **settings))
    state = quick_jit(lambda: critics.init(jax.random.key(0), latents[0], None))()
    update = quick_jit(lambda state, key: critics.update(state, latents, None, key))
    losses = []
    for step in range(STEPS):
        state, scalars = update(state, jax.random.key(step))
        losses.append(float(scalars["critic/adversarial"]))
    return np.asarray(losses)


def test_left_alone_a_critic_wins(latents, quick_jit):
    assert learned(latents, quick_jit)[-10:].mean() < 0.1


def test_one_that_waits_is_left_in_doubt(latents, quick_jit):
    losses = learned(latents, quick_jit, lead=0.6, noise=0.1)
    undecided = adversaries.UNDECIDED[adversaries.LATENT]
    assert losses[0] == pytest.approx(undecided, rel=0.1)
    assert 0.4 * undecided < losses[-20:].mean() < 0.9 * undecided


def test_noise_alone_slows_it(latents, quick_jit):
    assert learned(latents, quick_jit, noise=2.0)[-10:].mean() > 3 * learned(latents, quick_jit)[-10:].mean()


def test_it_begins_when_its_schedule_lets_it_in(latents, quick_jit):
    objective = make_objective({"latent": 1.0, "adversarial": 0.1}, {"late": {"begin": 10, "finish": 20}})
    assert objective.weights["latent"] == 1.0
    real, made = latents
    state = quick_jit(lambda: objective.init_critics(jax.random.key(0), real))()

    @quick_jit
    def moved(step):
        fresh, scalars = objective.update_critics(
            state, made, {"target_latents": real}, step, jax.random.key(1), {}
        )
        apart = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), fresh.params, state.params)
        return jnp.max(jnp.stack(jax.tree.leaves(apart))), scalars["critic/adversarial"]

    assert [float(value) for value in moved(10)] == [0.0, 0.0]
    assert all(float(value) > 0.0 for value in moved(11))
