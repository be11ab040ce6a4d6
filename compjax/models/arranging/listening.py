"""How the arranging agent listens: what is struck, and with which colour.

Each factor has the geometry that suits it. Rhythm is read from spectral change at the full frame
rate; timbre is pooled over the clip, so it can carry neither a rhythm nor a chord sequence. What
sounds is heard by `pitch_net.py`. Both expect latents above silence, so that the zeros which
convolutions pad with are silence.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import struct

from compjax.constants import BANDS_PER_OCTAVE, NUM_PITCHES
from compjax.models.arranging.config import ArrangingConfig

COMPONENT_SIZE = NUM_PITCHES
BANDS_PER_SEMITONE = BANDS_PER_OCTAVE / 12

Array = jax.Array


@struct.dataclass
class Components:
    """What the extractor hears in one clip.

    Attributes:
        rhythm: `[B, T, 64]`.
        harmony: `[B, T, 64]` salience of the 64 pitches, in [0, 1].
        timbre: `[B, 64]`, one for the clip.
    """

    rhythm: Array
    harmony: Array
    timbre: Array


def pool_time(x: Array, stride: int) -> Array:
    """Means over blocks of `stride` frames, the last one padded by repetition: `[B, ceil(T / stride), C]`."""
    batch, frames, channels = x.shape
    x = jnp.pad(x, ((0, 0), (0, -frames % stride), (0, 0)), mode="edge")
    return x.reshape(batch, -1, stride, channels).mean(axis=2)


def unpool_time(x: Array, stride: int, frames: int) -> Array:
    """Linear interpolation of `[B, T / stride, C]` back to `[B, frames, C]`, block centres kept."""
    place = jnp.clip((jnp.arange(frames) + 0.5) / stride - 0.5, 0.0, x.shape[1] - 1.0)
    low = jnp.floor(place).astype(jnp.int32)
    high = jnp.minimum(low + 1, x.shape[1] - 1)
    share = (place - low)[None, :, None]
    return x[:, low] * (1.0 - share) + x[:, high] * share


class RhythmNet(nn.Module):
    """Latents above silence `[B, T, 128]` to the rhythm component `[B, T, 64]`."""

    config: ArrangingConfig

    @nn.compact
    def __call__(self, latents: Array) -> Array:
        width = self.config.rhythm_width
        before = jnp.pad(latents, ((0, 0), (2, 0), (0, 0)))
        rises = [nn.relu(latents - before[:, 2 - lag : before.shape[1] - lag]) for lag in (1, 2)]
        x = nn.relu(nn.Conv(width, (3,))(jnp.concatenate([latents, *rises], axis=-1)))
        for dilation in self.config.rhythm_dilations:
            x = x + nn.relu(nn.Conv(width, (5,), kernel_dilation=(dilation,))(x))
        return nn.Dense(COMPONENT_SIZE)(x)


class TimbreNet(nn.Module):
    """Latents above silence `[B, T, 128]` to the timbre component `[B, 64]`, weighted by loudness."""

    config: ArrangingConfig

    @nn.compact
    def __call__(self, latents: Array) -> Array:
        width = self.config.timbre_width
        x = nn.relu(nn.Conv(width, (5,), strides=(2,))(latents))
        x = x + nn.relu(nn.Conv(width, (9,))(x))
        loudness = pool_time(latents.mean(axis=-1, keepdims=True), 2)[:, : x.shape[1]]
        weight = loudness / (loudness.sum(axis=1, keepdims=True) + 1e-3)
        profile = pool_time(latents, 2)[:, : x.shape[1]]
        pooled = [
            (x * weight).sum(axis=1),
            x.max(axis=1),
            (profile * weight).sum(axis=1),
            profile.max(axis=1),
        ]
        y = nn.relu(nn.Dense(2 * width)(jnp.concatenate(pooled, axis=-1)))
        return nn.Dense(COMPONENT_SIZE)(y)
