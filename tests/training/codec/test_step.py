import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.codec.vocos import vocos
from compjax.models.critics.waveform import WaveformDiscriminatorConfig
from compjax.training.codec import step

TINY = step.CodecTraining(
    codec=vocos.VocosConfig(dim=8, layers=1, ffn=8, refine_steps=0),
    discriminator=WaveformDiscriminatorConfig(
        periods=(3,), resolutions=(512,), width=2, period_growth=(1, 2), resolution_strides=(4, 1)
    ),
    batch_size=2,
    frames=8,
    context=2,
    steps=40,
    warmup=2,
    learning_rate=1e-2,
    adversarial_from=0,
)


@pytest.fixture
def crops(rng):
    return jnp.asarray(rng.standard_normal((2, TINY.crop_length)), jnp.float32) * 0.1


def test_analyse_keeps_the_middle(crops):
    latents, audio, truth = step.analyse(crops, TINY)
    assert (latents.shape, audio.shape, truth.shape) == ((2, 8, 128), (2, 2560), (2, 8, 641))
    np.testing.assert_array_equal(audio, crops[:, 640:-640])


def test_true_magnitudes_cost_nothing(crops):
    truth = jnp.abs(step.analyse(crops, TINY)[2])
    losses = step.magnitude_losses(jnp.log(truth), truth)
    assert all(float(value) < 1e-4 for value in losses.values())


def test_doubled_magnitudes_by_hand(crops):
    truth = jnp.abs(step.analyse(crops, TINY)[2]) + 1.0
    losses = step.magnitude_losses(jnp.log(2 * truth), truth)
    assert float(losses["magnitude"]) == pytest.approx(np.log(2), abs=0.01)
    assert float(losses["convergence"]) == pytest.approx(1.0, abs=1e-4)
    assert float(losses["pooled"]) == pytest.approx(np.log(2), abs=0.01)


def test_training_lowers_the_loss(crops):
    state, update = step.init_state(jax.random.key(0), TINY), step.make_step(TINY, False, False)
    totals = []
    for _ in range(30):
        state, metrics = update(state, crops)
        totals.append(float(metrics["loss/total"]))
    assert totals[-1] < 0.9 * totals[0]
    assert int(state.step) == 30


def test_adversarial_step_updates_both(crops):
    state = step.init_state(jax.random.key(0), TINY)
    before = jax.tree.map(np.asarray, (state.generator, state.discriminator))
    update = step.make_step(TINY, True, True)
    state, _ = update(state, crops)  # the first step's learning rate is zero
    state, metrics = update(state, crops)
    for old, new in zip(before, (state.generator, state.discriminator), strict=True):
        moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), old, new)
        assert any(jax.tree.leaves(moved))
    names = {"mel", "stft", "fool", "features", "discriminator", "total"}
    assert set(metrics) >= {f"loss/{name}" for name in names} | {"gradient_norm"}
    assert all(np.isfinite(float(value)) for value in metrics.values())


def test_average_follows_the_weights(crops):
    state = step.init_state(jax.random.key(0), TINY)
    update = step.make_step(dataclasses.replace(TINY, ema=0.0), False, False)
    for _ in range(3):
        state, _ = update(state, crops)
    jax.tree.map(np.testing.assert_array_equal, state.average, state.generator)


def test_a_step_that_is_not_finite_changes_nothing_but_the_count(crops):
    update = step.make_step(TINY, True, True)
    state, scalars = update(step.init_state(jax.random.key(0), TINY), crops)
    assert scalars["finite"] == 1.0
    before = jax.device_get(state)
    state, scalars = update(state, crops.at[0, 2000].set(jnp.nan))
    assert scalars["finite"] == 0.0 and scalars["bad_steps"] == 1.0 and int(state.step) == 2
    now = jax.device_get(state).replace(step=before.step, bad_steps=before.bad_steps)
    for a, b in zip(jax.tree.leaves(now), jax.tree.leaves(before), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    assert int(update(state, crops)[0].bad_steps) == 0
