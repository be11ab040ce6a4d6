"""Both forms of codec, over clips of any length."""

import jax.numpy as jnp
import numpy as np
import pytest
from fakes import FakeCodec, chord

from compjax.audio.windows import WindowConfig
from compjax.codec.long_codec import Whole, Windowed, long_codec
from compjax.constants import HOP_LENGTH

PARAMS = {"gain": jnp.float32(1.0)}
WINDOWS = WindowConfig(length=160, context=16, fade=8)


class Counting(FakeCodec):
    """A codec whose latents count the samples before them: windows would begin anew."""

    def encode_clip(self, params, audio):
        return np.cumsum(np.abs(audio)).reshape(-1, HOP_LENGTH)[:, -1:] * np.float32(params["gain"])

    def decode_clip(self, params, latents):
        return np.repeat(np.diff(latents[:, 0], prepend=0.0) / HOP_LENGTH, HOP_LENGTH)


def test_a_codec_with_a_way_of_its_own_sees_the_whole_clip():
    codec = long_codec(Counting(), PARAMS, WINDOWS)
    assert isinstance(codec, Whole)
    latents = codec.encode(np.ones(400 * HOP_LENGTH, np.float32))
    np.testing.assert_allclose(latents[:, 0], HOP_LENGTH * np.arange(1, 401), rtol=1e-6)
    np.testing.assert_allclose(codec.decode(latents), np.ones(400 * HOP_LENGTH), rtol=1e-5)


@pytest.mark.parametrize("frames", [40, 160, 400])
def test_others_go_through_in_windows(frames):
    codec = long_codec(FakeCodec(), PARAMS, WINDOWS)
    assert isinstance(codec, Windowed)
    audio = chord(6)[: frames * HOP_LENGTH]
    latents = codec.encode(audio)
    whole = np.asarray(FakeCodec().encode(PARAMS, audio[None]))[0]
    middle = slice(20, frames - 20)
    np.testing.assert_allclose(latents[middle], whole[middle], atol=1e-3)
    assert codec.decode(latents).shape == audio.shape


def test_what_follows_a_short_clip_is_silence():
    codec = Windowed(FakeCodec(), PARAMS, WINDOWS)
    assert codec._silence.shape == (1, 128)
    assert np.ptp(codec._silence) < 1e-6  # the bands of nothing are all at the floor
