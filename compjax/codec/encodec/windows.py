"""EnCodec over a clip of any length, window by window, exactly as over the whole.

The layers' state goes from window to window (`encodec_layers`), so nothing is cross-faded and nothing
recomputed; beside the audio and the latents, memory is that of one window.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.encodec import quantizer as quantizer
from compjax.codec.encodec.encodec import Decoder, Encodec, Encoder
from compjax.codec.encodec.layers import CARRY, Span

WINDOW = 300
"""Frames of a window, 4 s: one program for every length. Its arrays stay near the processor's cache."""


def encode_clip(codec: Encodec, params, audio: np.ndarray, bandwidth: float | None = None) -> np.ndarray:
    """Latents `[T, dimension]`, T = ceil(S / hop), of a clip `[S]`."""
    params, audio = jax.device_put(params), np.asarray(audio, np.float32)
    frames = -(-audio.size // codec.hop_length)
    latents = np.empty((frames, codec.dimension), np.float32)
    carry = _no_carry(codec, "encoder")
    size = WINDOW * codec.hop_length
    for begin in range(0, frames, WINDOW):
        window = audio[begin * codec.hop_length :][:size]
        padded = np.pad(window, (0, size - window.size))[None]
        part, carry = _encode_window(codec, bandwidth, params, carry, padded, begin == 0, window.size)
        latents[begin : begin + WINDOW] = np.asarray(part)[0, : frames - begin]
    return latents


def decode_clip(codec: Encodec, params, latents: np.ndarray) -> np.ndarray:
    """Audio `[T * hop]` of latents `[T, dimension]`."""
    params, latents = jax.device_put(params), np.asarray(latents, np.float32)
    frames, hop = latents.shape[0], codec.hop_length
    audio = np.empty(frames * hop, np.float32)
    carry = _no_carry(codec, "decoder")
    for begin in range(0, frames, WINDOW):
        window = latents[begin : begin + WINDOW]
        padded = np.pad(window, ((0, WINDOW - len(window)), (0, 0)))[None]
        part, carry = _decode_window(codec, params, carry, padded, begin == 0, len(window))
        audio[begin * hop : (begin + WINDOW) * hop] = np.asarray(part)[0, : (frames - begin) * hop]
    return audio


@functools.partial(jax.jit, static_argnums=(0, 1))
def _encode_window(codec: Encodec, bandwidth: float | None, params, carry, audio, first, length):
    variables = {"params": params["encoder"], CARRY: carry}
    raw, left = Encoder(codec.config).apply(variables, audio, Span(length, first), mutable=[CARRY])
    if bandwidth is not None:
        _, raw = quantizer.quantize(codec.books(params, bandwidth), raw)
    return codec.normalize(raw), left[CARRY]


@functools.partial(jax.jit, static_argnums=0)
def _decode_window(codec: Encodec, params, carry, latents, first, length):
    variables = {"params": params["decoder"], CARRY: carry}
    raw = codec.denormalize(latents)
    audio, left = Decoder(codec.config).apply(variables, raw, Span(length, first), mutable=[CARRY])
    return audio, left[CARRY]


def _no_carry(codec: Encodec, part: str) -> dict:
    """Zeros in the place of what an earlier window left; the first window does not look at them."""
    if part == "encoder":
        module, shape = Encoder(codec.config), (1, WINDOW * codec.hop_length)
    else:
        module, shape = Decoder(codec.config), (1, WINDOW, codec.dimension)

    def begin(x):
        return module.init(jax.random.key(0), x, Span(x.shape[1], jnp.bool_(True)))[CARRY]

    shapes = jax.eval_shape(begin, jax.ShapeDtypeStruct(shape, jnp.float32))
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
