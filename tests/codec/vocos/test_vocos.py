import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax import codec
from compjax.codec import weights
from compjax.codec.protocol import Codec
from compjax.codec.vocos import bands, generator, vocos
from compjax.errors import UserError

SMALL = vocos.VocosConfig(dim=8, layers=1, ffn=16, refine_steps=1)


@pytest.fixture(scope="module")
def small():
    """A codec of random weights."""
    latents = jnp.zeros((1, 10, 128))
    return vocos.Vocos(SMALL), generator.Generator(SMALL).init(jax.random.key(0), latents)["params"]


def test_protocol(small):
    made, _ = small
    assert isinstance(made, Codec)
    assert (made.name, made.sample_rate, made.hop_length, made.frame_rate, made.dimension) == (
        "vocos",
        24_000,
        320,
        75.0,
        128,
    )


def test_encode_stays_in_its_array_module(small, rng):
    made, params = small
    audio = rng.standard_normal((2, 3210)).astype(np.float32) * 0.1
    first, second = made.encode(params, audio), made.encode(params, jnp.asarray(audio))
    assert isinstance(first, np.ndarray) and isinstance(second, jax.Array)
    assert first.shape == (2, 11, 128)  # ceil(3210 / 320)
    np.testing.assert_allclose(first, second, atol=2e-3)


def test_decode_shape_and_dtype(small):
    made, params = small
    audio = jax.jit(made.decode)(params, jnp.zeros((2, 10, 128)))
    assert audio.shape == (2, 3200) and audio.dtype == jnp.float32
    assert bool(jnp.all(jnp.isfinite(audio)))


def test_untrained_head_is_the_interpolated_bands(small):
    """With its last layers at zero, the generator gives the bands' magnitudes on the bins."""
    made, params = small
    level = generator.Generator(SMALL).apply({"params": params}, jnp.full((1, 4, 128), 0.5)).log_magnitude
    expected = 0.5 * SMALL.bands.std + SMALL.bands.mean + np.log(1280 / 4)
    np.testing.assert_allclose(level, expected, atol=1e-4)


def test_sine_comes_back_at_its_pitch(small):
    made, params = small
    audio = 0.1 * np.sin(2 * np.pi * 440.0 * np.arange(24_000) / 24_000).astype(np.float32)
    out = np.asarray(made.decode(params, made.encode(params, audio[None])))[0]
    assert np.argmax(np.abs(np.fft.rfft(out * np.hanning(24_000)))) == pytest.approx(440, abs=5)


def test_silence_stays_silent(small):
    made, params = small
    out = made.decode(params, made.encode(params, np.zeros((1, 6400), np.float32)))
    assert float(jnp.sqrt(jnp.mean(out**2))) < 5e-4  # -66 dB below full scale


@pytest.mark.parametrize("spacing", ["log", "mel"])
def test_bands_to_bins_interpolates(spacing):
    config = dataclasses.replace(SMALL, bands=bands.BandConfig(spacing=spacing))
    matrix = generator.bands_to_bins(config)
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0, atol=1e-5)
    strongest = bands.center_frequencies(config.bands)[np.argmax(matrix[:, 200])]  # bin 200 is at 3750 Hz
    assert strongest == pytest.approx(3750.0, rel=0.04)


def test_depthwise_by_hand():
    x = jnp.array([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])
    kernel = jnp.array([[1.0, 0.0], [0.0, 0.0], [5.0, 1.0]])  # previous and next sample
    np.testing.assert_allclose(generator.depthwise(x, kernel)[0], [[10, 20], [16, 30], [2, 0]])


def test_config_survives_json():
    assert vocos.VocosConfig.from_dict(dataclasses.asdict(SMALL)) == SMALL


def test_load_checks_names(tmp_path):
    with pytest.raises(UserError, match="'nothing'"):
        codec.load("nothing")


def test_load_from_a_path(tmp_path, small):
    _, params = small
    weights.save_weights(tmp_path / "w.npz", dataclasses.asdict(SMALL), params)
    made, found = codec.load(path=tmp_path / "w.npz")
    assert made.config == SMALL
    assert jax.tree.structure(found) == jax.tree.structure(params)


def test_load_refuses_other_shapes(tmp_path, small):
    _, params = small
    other = dataclasses.asdict(dataclasses.replace(SMALL, dim=9))
    weights.save_weights(tmp_path / "w.npz", other, params)
    with pytest.raises(UserError, match="does not fit"):
        codec.load(path=tmp_path / "w.npz")


def test_load_refuses_unknown_config(tmp_path, small):
    _, params = small
    weights.save_weights(tmp_path / "w.npz", {"wings": 2}, params)
    with pytest.raises(UserError, match="wings"):
        codec.load(path=tmp_path / "w.npz")


def test_bundled_weights_keep_a_note():
    """A note comes back at its level and to a few cents at its pitch."""
    made, params = codec.load()
    audio = 0.1 * np.sin(2 * np.pi * 330.0 * np.arange(24_000) / 24_000).astype(np.float32)
    out = np.asarray(jax.jit(made.decode)(params, made.encode(params, audio[None])))[0]
    middle = out[4000:20_000]
    assert out.shape == (24_000,)
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.0707, rel=0.3)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(16_000), 240_000))  # 0.1 Hz apart
    assert np.argmax(spectrum) / 10 == pytest.approx(330.0, abs=0.6)
