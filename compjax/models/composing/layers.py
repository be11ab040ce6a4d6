"""Layers that the networks share: attention, transformer encoder, spectrally normalised projection.

Everything is channels last, `[B, T, C]`. Compute runs in a module's `dtype`; parameters, norms and the
softmax are float32.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.config import EncoderConfig

Array = jax.Array

NEGATIVE_SLOPE = 0.2
"""Slope of the original's leaky rectifiers below zero."""

NORM_EPSILON = 1e-5
"""Added to the variance by every norm, as PyTorch does."""

ROTARY_BASE = 10_000.0
"""Longest wavelength of rotary and sinusoidal positions, over 2 pi frames."""


def leaky_relu(x: Array) -> Array:
    return nn.leaky_relu(x, NEGATIVE_SLOPE)


def gelu(x: Array) -> Array:
    """Exact GELU (Hendrycks & Gimpel 2016), with erf as PyTorch has it, not the tanh approximation.

    flax's own takes erfc, which costs an XLA CPU several passes over the array; they differ by 1e-7.
    """
    return 0.5 * x * (1.0 + jax.lax.erf(x * math.sqrt(0.5)))


def scrambled(x: Array) -> Array:
    """A well mixed one-to-one hash of 32-bit numbers (`lowbias32`: C. Wellons, "Hash prospector", 2018)."""
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    return x ^ (x >> 16)


class Dropout(nn.Module):
    """Zeroes a share of the elements and scales the rest to the same mean (Srivastava et al. 2014).

    An element's fate is a hash of its place and the key: XLA makes it where it is used, forward and backward,
    where flax's Dropout draws Threefry bits, loops and keeps them. The same on any number of devices.
    """

    rate: float

    @nn.compact
    def __call__(self, x: Array, deterministic: bool) -> Array:
        if deterministic or self.rate == 0.0:
            return x
        key = jax.random.key_data(self.make_rng("dropout"))
        place = jax.lax.iota(np.uint32, x.size).reshape(x.shape)
        kept = scrambled(scrambled(place ^ key[0]) ^ key[1]) >= np.uint32(self.rate * 2**32)
        return jnp.where(kept, x / (1.0 - self.rate), 0.0).astype(x.dtype)


def same_conv(channels: int, kernel: int, dtype: DTypeLike, name: str | None = None) -> nn.Conv:
    """A convolution over time that keeps the length; `kernel` is odd."""
    return nn.Conv(channels, (kernel,), padding=kernel // 2, dtype=dtype, name=name)


def sinusoidal_positions(length: int, size: int) -> np.ndarray:
    """`[length, size]` float32: sines at even channels, cosines at odd (Vaswani et al. 2017, section 3.5)."""
    rate = np.exp(np.arange(0, size, 2) * (-math.log(ROTARY_BASE) / size))
    angle = np.arange(length)[:, None] * rate[None, :]
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, size).astype(np.float32)


def rotate(x: Array) -> Array:
    """Rotary positions (Su et al. 2021): turns channel pairs of `[B, T, N, H]` by angles."""
    length, size = x.shape[1], x.shape[-1]
    rate = ROTARY_BASE ** (-np.arange(0, size, 2) / size)
    angle = np.arange(length)[:, None] * rate[None, :]
    cos, sin = (jnp.asarray(f(angle), x.dtype)[None, :, None, :] for f in (np.cos, np.sin))
    even, odd = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([even * cos - odd * sin, even * sin + odd * cos], axis=-1)


def _attend_by_head(query: Array, key: Array, value: Array) -> Array:
    """One head at a time: on a CPU two to four times faster than one large batched product."""
    batch, length, heads, size = query.shape

    def flat(x: Array) -> Array:
        return x.transpose(0, 2, 1, 3).reshape(batch * heads, x.shape[1], size)

    def one_head(operands: tuple[Array, Array, Array]) -> Array:
        q, k, v = operands
        scores = (q @ k.T).astype(jnp.float32) / math.sqrt(size)
        return jax.nn.softmax(scores, axis=-1).astype(v.dtype) @ v

    mixed = jax.lax.map(one_head, (flat(query), flat(key), flat(value)))
    return mixed.reshape(batch, heads, length, size).transpose(0, 2, 1, 3)


def attend(query: Array, key: Array, value: Array) -> Array:
    """Scaled dot-product attention of `[B, T, N, H]` queries over `[B, S, N, H]` keys and values."""
    return jax.lax.platform_dependent(
        query, key, value, cpu=_attend_by_head, default=jax.nn.dot_product_attention
    )


class MultiHeadAttention(nn.Module):
    """Multi-head attention with one packed projection to queries, keys and values, as PyTorch stores it."""

    size: int
    heads: int
    rotary: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, query: Array, context: Array | None = None) -> Array:
        """`query` `[B, T, C]` attends to `context` `[B, S, C]`, or to itself where there is none."""
        project = nn.Dense(3 * self.size, dtype=self.dtype, name="in_proj")
        q, k, v = jnp.split(project(query), 3, axis=-1)
        if context is not None:
            _, k, v = jnp.split(project(context), 3, axis=-1)
        q, k, v = (x.reshape(*x.shape[:2], self.heads, self.size // self.heads) for x in (q, k, v))
        if self.rotary:
            q, k = rotate(q), rotate(k)
        mixed = attend(q, k, v).reshape(query.shape[0], query.shape[1], self.size)
        return nn.Dense(self.size, dtype=self.dtype, name="out_proj")(mixed)


class EncoderLayer(nn.Module):
    """One transformer encoder layer, post-norm as in Vaswani et al. 2017 or pre-norm (Xiong et al. 2020)."""

    config: EncoderConfig
    dtype: DTypeLike = jnp.float32

    def setup(self):
        config = self.config
        rotary = config.positions == "rotary"
        self.attention = MultiHeadAttention(config.size, config.heads, rotary, self.dtype)
        self.linear1 = nn.Dense(config.feed_forward, dtype=self.dtype)
        self.linear2 = nn.Dense(config.size, dtype=self.dtype)
        self.norm1 = nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32)
        self.norm2 = nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32)
        self.drop = Dropout(config.dropout)

    def feed_forward(self, x: Array, train: bool) -> Array:
        hidden = self.drop(gelu(self.linear1(x)), deterministic=not train)
        return self.drop(self.linear2(hidden), deterministic=not train)

    def attend(self, x: Array, train: bool) -> Array:
        return self.drop(self.attention(x), deterministic=not train)

    def __call__(self, x: Array, train: bool = False) -> Array:
        if self.config.norm_first:
            x = x + self.attend(self.norm1(x), train)
            return x + self.feed_forward(self.norm2(x), train)
        x = self.norm1(x + self.attend(x, train))
        return self.norm2(x + self.feed_forward(x, train))


class TransformerEncoder(nn.Module):
    """Transformer encoder over time, `[B, T, size]` to the same.

    `add_positions` comes apart from the layers because the original normalises between the two.
    """

    config: EncoderConfig
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.layers = [EncoderLayer(self.config, self.dtype) for _ in range(self.config.layers)]
        self.drop = Dropout(self.config.dropout)
        if self.config.norm_first:
            self.final_norm = nn.LayerNorm(NORM_EPSILON, dtype=jnp.float32)

    def add_positions(self, x: Array, train: bool = False) -> Array:
        """Adds the sinusoidal table, where the settings ask for it, and drops out."""
        if self.config.positions == "sinusoidal":
            x = x + jnp.asarray(sinusoidal_positions(x.shape[1], x.shape[2]), x.dtype)[None]
        return self.drop(x, deterministic=not train)

    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.astype(jnp.float32)  # the residual stream keeps full precision whatever the compute runs in
        for layer in self.layers:
            x = layer(x, train)
        return self.final_norm(x) if self.config.norm_first else x


def _unit(x: Array) -> Array:
    return x / jnp.maximum(jnp.linalg.norm(x), 1e-12)


class SpectralDense(nn.Module):
    """Dense layer whose kernel is divided by its largest singular value (Miyato et al. 2018).

    The singular vectors `u` (outputs) and `v` (inputs) are followed by one power iteration per training
    step and are kept in the collection `batch_stats`, as PyTorch keeps `weight_u` and `weight_v`; in
    use they stay as they are.
    """

    channels: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        """`x` `[..., C]` to `[..., channels]`."""
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], self.channels))
        bias = self.param("bias", nn.initializers.zeros, (self.channels,))
        u, v = self._singular_vectors(jax.lax.stop_gradient(kernel), train)
        sigma = v @ kernel @ u
        y = x.astype(self.dtype) @ (kernel / sigma).astype(self.dtype)
        return y + bias.astype(self.dtype).reshape((1,) * (y.ndim - 1) + (-1,))

    def _singular_vectors(self, kernel: Array, train: bool) -> tuple[Array, Array]:
        def start(size: int) -> Array:
            return _unit(jax.random.normal(self.make_rng("params"), (size,)))

        u = self.variable("batch_stats", "u", start, kernel.shape[1])
        v = self.variable("batch_stats", "v", lambda: _unit(kernel @ u.value))
        if train and not self.is_initializing():
            v.value = _unit(kernel @ u.value)
            u.value = _unit(kernel.T @ v.value)
        return u.value, v.value
