"""EnCodec at 24 kHz: a causal convolutional autoencoder with an LSTM, and residual vector quantisation.

After Défossez, Copet, Synnaeve and Adi, "High fidelity neural audio compression", 2022, equal to its
published network (see `tests/reference`). The latents are the encoder's continuous output; `bandwidth`
snaps them to the codebooks. Its weights are the user's to convert: `compjax-port --from encodec`.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.encodec import quantizer as quantizer
from compjax.codec.encodec.layers import (
    CARRY,
    LSTM,
    CausalConv,
    CausalConvTranspose,
    ResidualBlock,
    SampleSpan,
)
from compjax.constants import LATENT_SIZE, SAMPLE_RATE

Array = jax.Array

WINDOW = 300
"""Frames of a window, 4 s: one program for every length. Its arrays stay near the processor's cache."""


@dataclasses.dataclass(frozen=True)
class EncodecConfig:
    """Size of the network; the defaults are the published 24 kHz model.

    Attributes:
        filters: channels at the audio's rate; each of the `ratios` doubles them.
        ratios: strides of the decoder from latents to audio; the encoder has them in reverse.
        kernel_size, residual_kernel_size: of the outer convolutions, of the residual blocks.
        compress: by what a residual block divides the channels.
        lstm_layers: in the encoder and in the decoder.
        dimension: channels of the latents.
        codebooks, codebook_size: of the quantiser.
        mean, std: latents are (encoder output - mean) / std.
    """

    filters: int = 32
    ratios: tuple[int, ...] = (8, 5, 4, 2)
    kernel_size: int = 7
    residual_kernel_size: int = 3
    compress: int = 2
    lstm_layers: int = 2
    dimension: int = LATENT_SIZE
    codebooks: int = 32
    codebook_size: int = 1024
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self):
        if not (self.std > 0 and math.isfinite(self.std) and math.isfinite(self.mean)):
            raise ValueError(f"latents cannot be normalised with mean {self.mean} and deviation {self.std}")

    @property
    def hop_length(self) -> int:
        """Samples per latent frame."""
        return math.prod(self.ratios)

    @classmethod
    def from_dict(cls, values: dict) -> EncodecConfig:
        """The config that `dataclasses.asdict` (or JSON) made `values` from."""
        return cls(**{**values, "ratios": tuple(values.get("ratios", cls.ratios))})


class Encoder(nn.Module):
    """Audio `[B, S]` to `[B, S / hop, dimension]`; S is a multiple of the hop, the clip may be shorter."""

    config: EncodecConfig

    @nn.compact
    def __call__(self, audio: Array, span: SampleSpan) -> Array:
        config = self.config
        channels = config.filters
        x = CausalConv(channels, config.kernel_size, name="input")(audio[..., None], span)
        for index, ratio in enumerate(reversed(config.ratios)):
            x = ResidualBlock(config.residual_kernel_size, config.compress, name=f"block_{index}")(x, span)
            channels *= 2
            x = CausalConv(channels, 2 * ratio, ratio, name=f"down_{index}")(nn.elu(x), span)
            span = span.down(ratio)
        x = LSTM(config.lstm_layers, name="lstm")(x, span)
        return CausalConv(config.dimension, config.kernel_size, name="output")(nn.elu(x), span)


class Decoder(nn.Module):
    """Latents `[B, T, dimension]` to audio `[B, T * hop]`."""

    config: EncodecConfig

    @nn.compact
    def __call__(self, latents: Array, span: SampleSpan) -> Array:
        config = self.config
        channels = config.filters * 2 ** len(config.ratios)
        x = CausalConv(channels, config.kernel_size, name="input")(latents, span)
        x = LSTM(config.lstm_layers, name="lstm")(x, span)
        for index, ratio in enumerate(config.ratios):
            channels //= 2
            x = CausalConvTranspose(channels, ratio, name=f"up_{index}")(nn.elu(x), span)
            span = span.up(ratio)
            x = ResidualBlock(config.residual_kernel_size, config.compress, name=f"block_{index}")(x, span)
        return CausalConv(1, config.kernel_size, name="output")(nn.elu(x), span)[..., 0]


@dataclasses.dataclass(frozen=True)
class Encodec:
    """`compjax.codec.protocol.ClipCodec` over the network.

    Its params: `encoder`, `decoder`, and `codebooks` `[K, N, D]`.
    """

    config: EncodecConfig = EncodecConfig()
    name: str = "encodec"
    sample_rate: int = SAMPLE_RATE
    log_bands: bool = False

    @property
    def hop_length(self) -> int:
        """Samples per latent frame."""
        return self.config.hop_length

    @property
    def frame_rate(self) -> float:
        """Latent frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def dimension(self) -> int:
        """Channels of a latent frame."""
        return self.config.dimension

    @property
    def unpolished(self) -> Encodec:
        """The codec itself: its decoder is one network."""
        return self

    @property
    def raw(self) -> Encodec:
        """The same codec with the encoder's own output as latents, not normalised."""
        return dataclasses.replace(self, config=dataclasses.replace(self.config, mean=0.0, std=1.0))

    def encode(self, params, audio: Array, bandwidth: float | None = None) -> Array:
        """Latents `[B, T, dimension]`, T = ceil(S / hop), of audio `[B, S]`.

        Args:
            params: the codec's weights.
            audio: `[B, S]` float32, at least one sample.
            bandwidth: kbps; latents are snapped to the codebooks, their gradient passes unchanged. None:
                continuous latents.

        Raises:
            UserError: there is no such bandwidth.
        """
        raw = self._encode(params, audio)
        if bandwidth is not None:
            _, snapped = quantizer.quantize(self.books(params, bandwidth), raw)
            raw = snapped + (raw - jax.lax.stop_gradient(raw))  # the straight-through estimator
        return self.normalize(raw)

    def codes(self, params, audio: Array, bandwidth: float) -> Array:
        """Codes `[B, K, T]` int32 of audio `[B, S]` at `bandwidth` kbps, K = 2 at 1.5 to 32 at 24."""
        return quantizer.quantize(self.books(params, bandwidth), self._encode(params, audio))[0]

    def decode(self, params, latents: Array) -> Array:
        """Audio `[B, T * hop]` of latents `[B, T, dimension]`."""
        latents = self.denormalize(jnp.asarray(latents))
        return Decoder(self.config).apply(
            {"params": params["decoder"]}, latents, SampleSpan(latents.shape[1])
        )

    def encode_clip(self, params, audio, bandwidth: float | None = None):
        """What `encode` gives for one clip `[S]` of any length, NumPy `[T, dimension]`, window by window."""
        return encode_in_windows(self, params, audio, bandwidth)

    def decode_clip(self, params, latents):
        """What `decode` gives for one clip `[T, dimension]`, NumPy `[T * hop]`, window by window."""
        return decode_in_windows(self, params, latents)

    def books(self, params, bandwidth: float) -> Array:
        """The codebooks `[K, N, D]` that a bandwidth uses."""
        config = self.config
        count = quantizer.books_for(bandwidth, self.frame_rate, config.codebook_size, config.codebooks)
        return params["codebooks"][:count]

    def normalize(self, raw: Array) -> Array:
        """Latents of the encoder's output."""
        return (raw - self.config.mean) / self.config.std

    def denormalize(self, latents: Array) -> Array:
        """The encoder's output that latents stand for."""
        return latents * self.config.std + self.config.mean

    def _encode(self, params, audio: Array) -> Array:
        audio = jnp.asarray(audio)
        samples = audio.shape[1]
        audio = jnp.pad(audio, ((0, 0), (0, -samples % self.hop_length)))
        return Encoder(self.config).apply({"params": params["encoder"]}, audio, SampleSpan(samples))


# A clip of any length, window by window, exactly as over the whole: the layers' state goes from window to
# window (`layers.py`), so nothing is cross-faded and nothing computed twice; memory is that of one window.


def encode_in_windows(
    codec: Encodec, params, audio: np.ndarray, bandwidth: float | None = None
) -> np.ndarray:
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


def decode_in_windows(codec: Encodec, params, latents: np.ndarray) -> np.ndarray:
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
    raw, left = Encoder(codec.config).apply(variables, audio, SampleSpan(length, first), mutable=[CARRY])
    if bandwidth is not None:
        _, raw = quantizer.quantize(codec.books(params, bandwidth), raw)
    return codec.normalize(raw), left[CARRY]


@functools.partial(jax.jit, static_argnums=0)
def _decode_window(codec: Encodec, params, carry, latents, first, length):
    variables = {"params": params["decoder"], CARRY: carry}
    raw = codec.denormalize(latents)
    audio, left = Decoder(codec.config).apply(variables, raw, SampleSpan(length, first), mutable=[CARRY])
    return audio, left[CARRY]


def _no_carry(codec: Encodec, part: str) -> dict:
    """Zeros in the place of what an earlier window left; the first window does not look at them."""
    if part == "encoder":
        module, shape = Encoder(codec.config), (1, WINDOW * codec.hop_length)
    else:
        module, shape = Decoder(codec.config), (1, WINDOW, codec.dimension)

    def begin(x):
        return module.init(jax.random.key(0), x, SampleSpan(x.shape[1], jnp.bool_(True)))[CARRY]

    shapes = jax.eval_shape(begin, jax.ShapeDtypeStruct(shape, jnp.float32))
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
