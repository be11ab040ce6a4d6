"""EnCodec window by window gives what it gives over the whole, and so does the published size."""

import jax
import numpy as np
import pytest
from encodec_helpers import drawn, golden_array

from compjax.codec.encodec import encodec
from compjax.codec.encodec import quantizer as quantizer
from compjax.codec.encodec.encodec import Encodec
from compjax.port import encodec_table

TOLERANCE = 1e-4
FRAMES = 12  # of a window in these tests: 72 samples


@pytest.fixture
def short_windows(monkeypatch):
    monkeypatch.setattr(encodec, "WINDOW", FRAMES)


@pytest.fixture(scope="module")
def published_params():
    return encodec_table.convert(drawn.state(), "drawn")


# Ends in a window: one sample, mid frame, one frame more, and exactly; up to five windows.
@pytest.mark.parametrize("samples", [1, 7, 64, 72, 73, 200, 288, 289, 295])
def test_windows_are_the_whole(short_windows, quick_jit, small, small_params, samples):
    clip = drawn.clip(samples)
    latents = small.encode_clip(small_params, clip)
    whole = np.asarray(quick_jit(small.encode)(small_params, clip[None]))[0]
    assert latents.shape == whole.shape == (-(-samples // 6), 8)
    np.testing.assert_allclose(latents, whole, rtol=0, atol=2e-6)
    audio = small.decode_clip(small_params, whole)
    np.testing.assert_allclose(
        audio, np.asarray(quick_jit(small.decode)(small_params, whole[None]))[0], rtol=0, atol=5e-6
    )


@pytest.mark.parametrize("samples", [64, 200])
def test_windows_against_the_reference(short_windows, small, small_params, samples):
    latents = small.encode_clip(small_params, drawn.clip(samples))
    golden = golden_array(f"small_latents_{samples}")
    np.testing.assert_allclose(latents, golden, rtol=0, atol=TOLERANCE)
    audio = small.decode_clip(small_params, golden)
    np.testing.assert_allclose(audio, golden_array(f"small_audio_{samples}"), rtol=0, atol=TOLERANCE)


def test_all_lengths_share_one_program(short_windows, small, small_params):
    small.encode_clip(small_params, drawn.clip(100))
    small.decode_clip(small_params, drawn.latents(30, 8))
    programs = encodec._encode_window._cache_size(), encodec._decode_window._cache_size()
    small.encode_clip(small_params, drawn.clip(333))
    small.decode_clip(small_params, drawn.latents(5, 8))
    assert programs == (
        encodec._encode_window._cache_size(),
        encodec._decode_window._cache_size(),
    )


def test_snapped_window_by_window(short_windows, quick_jit, small, small_params):
    clip = drawn.clip(200)
    whole = quick_jit(small.encode, static_argnums=2)(small_params, clip[None], 24.0)[0]
    np.testing.assert_array_equal(small.encode_clip(small_params, clip, bandwidth=24.0), whole)


def test_published_size(monkeypatch, published_params):
    """The whole network as published, at all lengths of the golden arrays; codes are identical."""
    monkeypatch.setattr(encodec, "WINDOW", 20)  # frames; the longest clip has 51
    codec, params = Encodec(), jax.device_put(published_params)
    for samples in drawn.LENGTHS:
        latents = codec.encode_clip(params, drawn.clip(samples))
        golden = golden_array(f"latents_{samples}")
        np.testing.assert_allclose(latents, golden, rtol=0, atol=TOLERANCE)
        audio = codec.decode_clip(params, golden)
        np.testing.assert_allclose(audio, golden_array(f"audio_{samples}"), rtol=0, atol=TOLERANCE)
        codes, _ = jax.jit(quantizer.quantize)(params["codebooks"], latents[None])
        np.testing.assert_array_equal(codes[0], golden_array(f"codes_{samples}"))


@pytest.mark.slow
@pytest.mark.parametrize("samples", drawn.LENGTHS)
def test_published_size_over_the_whole(published_params, samples):
    codec = Encodec()
    latents = jax.jit(codec.encode)(published_params, drawn.clip(samples)[None])[0]
    golden = golden_array(f"latents_{samples}")
    np.testing.assert_allclose(latents, golden, rtol=0, atol=TOLERANCE)
    audio = jax.jit(codec.decode)(published_params, golden[None])[0]
    np.testing.assert_allclose(audio, golden_array(f"audio_{samples}"), rtol=0, atol=TOLERANCE)
    codes = jax.jit(codec.codes, static_argnums=2)(published_params, drawn.clip(samples)[None], 24.0)
    np.testing.assert_array_equal(codes[0], golden_array(f"codes_{samples}"))
