"""EnCodec against the reference (tests/reference/README.md): blocks, lengths, gradients, codes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from encodec_helpers import drawn, golden_array

from compjax.codec.encodec import quantizer as quantizer
from compjax.codec.encodec.encodec import Decoder, Encodec, EncodecConfig, Encoder
from compjax.codec.encodec.layers import SampleSpan
from compjax.codec.protocol import ClipCodec, Codec
from compjax.errors import UserError

TOLERANCE = 1e-4


def assert_equal(value, golden):
    assert value.shape == golden.shape
    np.testing.assert_allclose(value, golden, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def small_layers(quick_jit, small, small_params):
    """What every module of the small encoder and decoder gives, by path."""
    audio, latents = drawn.clip(64)[None], drawn.latents(11, small.dimension)[None]
    padded = np.pad(audio, ((0, 0), (0, 2)))
    found = {}
    for part, module, x, span in (
        ("encoder", Encoder(small.config), padded, SampleSpan(64)),
        ("decoder", Decoder(small.config), latents, SampleSpan(11)),
    ):

        def run(params, x, module=module, span=span):
            return module.apply({"params": params}, x, span, capture_intermediates=True)[1]

        seen = quick_jit(run)(small_params[part], x)
        for name, value in seen["intermediates"].items():
            if isinstance(value, dict) and "__call__" in value:
                found[part, name] = np.asarray(value["__call__"][0])[0]
    return found


@pytest.mark.parametrize(
    "part, name, index, steps",
    [
        ("encoder", "input", 0, 64),
        ("encoder", "block_0", 1, 64),
        ("encoder", "down_0", 3, 32),
        ("encoder", "block_1", 4, 32),
        ("encoder", "down_1", 6, 11),
        ("encoder", "lstm", 7, 11),
        ("encoder", "output", 9, 11),
        ("decoder", "input", 0, 11),
        ("decoder", "lstm", 1, 11),
        ("decoder", "up_0", 3, 33),
        ("decoder", "block_0", 4, 33),
        ("decoder", "up_1", 6, 66),
        ("decoder", "block_1", 7, 66),
        ("decoder", "output", 9, 66),
    ],
)
def test_blocks(small_layers, part, name, index, steps):
    golden = golden_array(f"small_{part}_{index}")
    value = small_layers[part, name][:steps]  # beyond the clip the last hop is filled up
    assert_equal(value, golden)


@pytest.mark.parametrize("samples", drawn.SMALL_LENGTHS)
def test_lengths(quick_jit, small, small_params, samples):
    """Also those that are no multiple of the hop of 6, or shorter than what is reflected."""
    latents = quick_jit(small.encode)(small_params, drawn.clip(samples)[None])
    golden = golden_array(f"small_latents_{samples}")
    assert_equal(latents[0], golden)
    audio = quick_jit(small.decode)(small_params, golden[None])
    assert_equal(audio[0], golden_array(f"small_audio_{samples}"))


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_gradients(quick_jit, small, small_params, part):
    """Of the sum of the squared output, by the input."""
    if part == "encoder":
        run, x = small.encode, drawn.clip(64)[None]
    else:
        run, x = small.decode, drawn.latents(11, small.dimension)[None]
    gradient = quick_jit(jax.grad(lambda x, params: jnp.sum(run(params, x) ** 2)))(x, small_params)
    golden = golden_array(f"small_gradient_{part}")
    np.testing.assert_allclose(np.reshape(gradient[0], golden.shape), golden, rtol=1e-4, atol=1e-3)


def test_a_batch_is_its_clips(quick_jit, small, small_params):
    both = np.stack([drawn.clip(64), drawn.clip(200)[:64]])
    latents = quick_jit(small.encode)(small_params, both)
    assert_equal(latents[0], golden_array("small_latents_64"))
    np.testing.assert_allclose(
        latents[1:], quick_jit(small.encode)(small_params, both[1:]), rtol=0, atol=1e-5
    )


def test_is_a_codec():
    codec = Encodec()
    assert isinstance(codec, Codec) and isinstance(codec, ClipCodec)
    assert (codec.name, codec.sample_rate, codec.hop_length) == ("encodec", 24_000, 320)
    assert (codec.frame_rate, codec.dimension) == (75.0, 128)


def test_no_frame_hears_what_comes_later(quick_jit, small, small_params):
    encode = quick_jit(small.encode)
    clip = drawn.clip(120)
    changed = np.where(np.arange(120) < 60, clip, 0.0).astype(np.float32)
    first, second = (np.asarray(encode(small_params, audio[None])) for audio in (clip, changed))
    np.testing.assert_array_equal(first[:, :10], second[:, :10])
    assert not np.allclose(first[:, 10:], second[:, 10:])


def test_normalised_latents(quick_jit, small, small_params):
    config = dataclasses.replace(small.config, mean=0.5, std=2.0)
    codec = Encodec(config)
    raw = golden_array("small_latents_60")[None]
    latents = quick_jit(codec.encode)(small_params, drawn.clip(60)[None])
    np.testing.assert_allclose(latents, (raw - 0.5) / 2.0, rtol=0, atol=TOLERANCE)
    audio = quick_jit(codec.decode)(small_params, latents)
    assert_equal(audio[0], golden_array("small_audio_60"))
    assert codec.raw == small


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan")])
def test_a_deviation_must_be_positive(std):
    with pytest.raises(ValueError, match="cannot be normalised"):
        EncodecConfig(std=std)


@pytest.fixture(scope="module")
def codebooks():
    names = [f"quantizer.layers.{i}.codebook.embed" for i in range(32)]
    return np.stack([drawn.draw(name, (1024, 128)) for name in names])


def sum_of_entries(codebooks, codes):
    """Latents `[B, T, D]` of codes `[B, K, T]`, as a decoder of codes would make them."""
    return sum(book[found] for book, found in zip(codebooks, np.moveaxis(codes, 1, 0), strict=False))


@pytest.mark.parametrize("bandwidth, books", [(1.5, 2), (3.0, 4), (6.0, 8), (12.0, 16), (24.0, 32)])
def test_codes(codebooks, bandwidth, books):
    codec = Encodec()
    used = codec.books({"codebooks": codebooks}, bandwidth)
    assert used.shape == (books, 1024, 128)
    codes, snapped = jax.jit(quantizer.quantize)(used, drawn.latents(40, 128)[None])
    np.testing.assert_array_equal(codes[0], golden_array(f"quantizer_codes_{bandwidth:g}"))
    if bandwidth in (1.5, 24.0):
        assert_equal(snapped[0], golden_array(f"quantizer_latents_{bandwidth:g}"))
        np.testing.assert_allclose(
            codec.normalize(sum_of_entries(codebooks, codes)), snapped, rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("bandwidth", [0.0, 2.0, -6.0, 48.0])
def test_no_such_bandwidth(codebooks, bandwidth):
    with pytest.raises(UserError, match=r"no bandwidth of .* choose one of 1.5, 3, 6, 12, 24"):
        Encodec().books({"codebooks": codebooks}, bandwidth)


def test_more_bandwidth_than_codebooks():
    with pytest.raises(UserError, match="24 kbps need 32 codebooks, the weights have 16"):
        quantizer.books_for(24.0, 75.0, 1024, 16)


def test_snapped_latents_are_entries(quick_jit, small, small_params):
    codec, params = small, small_params
    audio = drawn.clip(60)[None]
    codes = np.asarray(quick_jit(codec.codes, static_argnums=2)(params, audio, 24.0))
    snapped = np.asarray(quick_jit(codec.encode, static_argnums=2)(params, audio, 24.0))
    entries = params["codebooks"][0][codes[:, 0]] + params["codebooks"][1][codes[:, 1]]
    np.testing.assert_array_equal(snapped, entries)


def test_gradients_pass_the_quantiser(quick_jit, small, small_params):
    codec, params = small, small_params
    weights = jnp.asarray(drawn.latents(10, codec.dimension))[None]

    def total(audio, params, bandwidth):
        return jnp.sum(codec.encode(params, audio, bandwidth) * weights)

    gradient = quick_jit(jax.grad(total), static_argnums=2)
    audio = drawn.clip(60)[None]
    np.testing.assert_allclose(
        gradient(audio, params, 24.0), gradient(audio, params, None), rtol=1e-5, atol=1e-5
    )
