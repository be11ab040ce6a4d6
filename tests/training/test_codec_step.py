import dataclasses
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.codec import vocos
from compjax.models.waveform_discriminators import DiscriminatorConfig
from compjax.training import codec_data, codec_loop, codec_step

TINY = codec_step.CodecTraining(
    codec=vocos.VocosConfig(dim=8, layers=1, ffn=8, refine_steps=0),
    discriminator=DiscriminatorConfig(
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
    latents, audio, truth = codec_step.analyse(crops, TINY)
    assert (latents.shape, audio.shape, truth.shape) == ((2, 8, 128), (2, 2560), (2, 8, 641))
    np.testing.assert_array_equal(audio, crops[:, 640:-640])


def test_true_magnitudes_cost_nothing(crops):
    truth = jnp.abs(codec_step.analyse(crops, TINY)[2])
    losses = codec_step.magnitude_losses(jnp.log(truth), truth)
    assert all(float(value) < 1e-4 for value in losses.values())


def test_doubled_magnitudes_by_hand(crops):
    truth = jnp.abs(codec_step.analyse(crops, TINY)[2]) + 1.0
    losses = codec_step.magnitude_losses(jnp.log(2 * truth), truth)
    assert float(losses["magnitude"]) == pytest.approx(np.log(2), abs=0.01)
    assert float(losses["convergence"]) == pytest.approx(1.0, abs=1e-4)
    assert float(losses["pooled"]) == pytest.approx(np.log(2), abs=0.01)


def test_training_lowers_the_loss(crops):
    state, step = codec_step.init_state(jax.random.key(0), TINY), codec_step.make_step(TINY, False, False)
    totals = []
    for _ in range(30):
        state, metrics = step(state, crops)
        totals.append(float(metrics["total"]))
    assert totals[-1] < 0.9 * totals[0]
    assert int(state.step) == 30


def test_adversarial_step_updates_both(crops):
    state = codec_step.init_state(jax.random.key(0), TINY)
    before = jax.tree.map(np.asarray, (state.generator, state.discriminator))
    step = codec_step.make_step(TINY, True, True)
    state, _ = step(state, crops)  # the first step's learning rate is zero
    state, metrics = step(state, crops)
    for old, new in zip(before, (state.generator, state.discriminator), strict=True):
        moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), old, new)
        assert any(jax.tree.leaves(moved))
    assert set(metrics) >= {"mel", "stft", "fool", "features", "discriminator", "total"}
    assert all(np.isfinite(float(value)) for value in metrics.values())


def test_average_follows_the_weights(crops):
    state = codec_step.init_state(jax.random.key(0), TINY)
    step = codec_step.make_step(dataclasses.replace(TINY, ema=0.0), False, False)
    for _ in range(3):
        state, _ = step(state, crops)
    jax.tree.map(np.testing.assert_array_equal, state.average, state.generator)


@pytest.fixture
def folder(tmp_path, rng):
    """A folder with two short recordings."""
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", (rng.standard_normal(24_000) * 3000).astype(np.int16))
    return tmp_path


def test_clips_come_at_the_reference_loudness(folder):
    [[clip, _]] = codec_data.open_folders((str(folder),))
    assert float(np.sqrt(np.mean(clip.crop(0, 24_000) ** 2))) == pytest.approx(0.1, rel=0.01)
    assert clip.crop(23_000, 2000).shape == (2000,)


def test_batches_depend_on_the_step_alone(folder):
    groups = codec_data.open_folders((str(folder),))
    whole, later = codec_data.batches(groups, 1, 0, 2, 640), codec_data.batches(groups, 1, 2, 2, 640)
    first = [next(whole) for _ in range(3)]
    np.testing.assert_array_equal(first[2], next(later))
    assert not np.array_equal(first[0], first[1])
    whole.close()
    later.close()


def test_run_resumes_to_the_same_weights(folder, tmp_path):
    values = {
        "run": {
            "train": [str(folder)],
            "valid": [str(folder)],
            "validate_every": 2,
            "log_every": 2,
            "validation_batches": 1,
        },
        "training": dataclasses.asdict(dataclasses.replace(TINY, adversarial_from=None, steps=4, warmup=1)),
    }
    codec_loop.train_codec(values, str(tmp_path / "whole"))
    stopped = dict(values, training=dict(values["training"], steps=4))
    run, config = codec_loop.split_config(stopped)
    halfway = tmp_path / "parts"
    halfway.mkdir()
    groups = codec_data.open_folders(run.train)
    state = codec_loop.start(run, config)
    crops = codec_data.batches(groups, run.seed, 0, config.batch_size, config.crop_length)
    for number in range(2):
        state, _ = codec_loop.phases_of(config)(number)(state, next(crops))
    crops.close()
    codec_loop.save(halfway, state, config)
    codec_loop.train_codec(values, str(halfway))
    first, second = (pathlib.Path(p, "vocos.npz") for p in (tmp_path / "whole", halfway))
    with np.load(first) as a, np.load(second) as b:
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
