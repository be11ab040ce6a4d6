"""What sounds: the pitches, the chord and the bass of a clip, from its pitch spectrum.

One set of weights looks at every pitch, at it and its harmonics (harmonic stacking: Bittner et al., "A
Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription", ICASSP 2022). Whether a
fifth is a tone or the overtone of one below depends on the instrument, which is the same all
through a clip: so the network summarises the clip at the places it attends to, and looks again.
"""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from compjax.audio.transforms.pitch_spectrum import BINS_PER_SEMITONE, NUM_BINS
from compjax.constants import NUM_PITCHES, SILENT_LATENT
from compjax.models.arranging.config import ArrangingConfig

NUM_CLASSES = 12
INTERVALS = (-24, -19, -12, -7, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 12, 19, 24)
"""Semitones at which the network looks around a pitch: where overtones and chord tones are."""
OCTAVES = -(-NUM_PITCHES // NUM_CLASSES)

Array = jax.Array


@struct.dataclass
class Sounding:
    """What sounds, as logits.

    Attributes:
        pitches: `[B, T, 64]`, each pitch.
        classes: `[B, T, 12]`, each pitch class, C first.
        bass: `[B, T, 13]`, which class is the lowest tone; last, none.
    """

    pitches: Array
    classes: Array
    bass: Array


def harmonic_stack(spectrum: Array, harmonics: tuple[float, ...]) -> Array:
    """The three bins around every pitch's harmonics, `[B, T, 64, 3 H]` of `[B, T, 300]`; 0 beyond them."""
    stack = []
    for ratio in harmonics:
        first = round(BINS_PER_SEMITONE * NUM_CLASSES * np.log2(ratio))
        last = first + BINS_PER_SEMITONE * NUM_PITCHES
        inside = spectrum[..., max(first, 0) : min(last, NUM_BINS)]
        around = ((0, 0), (0, 0), (max(-first, 0), max(last - NUM_BINS, 0)))
        stack.append(jnp.pad(inside, around).reshape(*spectrum.shape[:2], NUM_PITCHES, BINS_PER_SEMITONE))
    return jnp.concatenate(stack, axis=-1)


def in_turns(hear: Callable[[Array], Sounding], spectrum: Array) -> Sounding:
    """What `hear` makes of the even frames of `[B, T, 300]` and of the odd ones, in turn: `[B, T, ...]`."""
    batch, frames, bins = spectrum.shape
    even = jnp.pad(spectrum, ((0, 0), (0, frames % 2), (0, 0)), mode="edge")
    turns = even.reshape(batch, -1, 2, bins).transpose(2, 0, 1, 3).reshape(2 * batch, -1, bins)

    def joined(x: Array) -> Array:
        both = x.reshape(2, batch, *x.shape[1:]).transpose(1, 2, 0, 3)
        return both.reshape(batch, -1, x.shape[-1])[:, :frames]

    return jax.tree.map(joined, hear(turns))


def at_intervals(x: Array) -> Array:
    """What is at every interval around each pitch, `[B, T, 64, C]` to `[B, T, 64, 19 C]`; 0 beyond."""
    reach = max(INTERVALS)
    padded = jnp.pad(x, ((0, 0), (0, 0), (reach, reach), (0, 0)))
    around = [padded[:, :, reach + step : reach + step + NUM_PITCHES] for step in INTERVALS]
    return jnp.concatenate(around, axis=-1)


class Summary(nn.Module):
    """The clip at the places that matter: `[B, T, 64, C]` to means `[B, 1, 1, heads * C]` under attention."""

    heads: int = 4

    @nn.compact
    def __call__(self, x: Array) -> Array:
        scores = nn.Dense(self.heads)(x)
        weights = nn.softmax(scores.reshape(x.shape[0], -1, self.heads), axis=1)
        means = jnp.einsum("bnh,bnc->bhc", weights, x.reshape(x.shape[0], -1, x.shape[-1]))
        return means.reshape(x.shape[0], 1, 1, -1)


def by_class(x: Array) -> Array:
    """`[B, T, 64, C]` with the octaves of each class gathered: maxima and means, `[B, T, 12, 2 C]`."""
    missing = OCTAVES * NUM_CLASSES - x.shape[2]
    low = jnp.pad(x, ((0, 0), (0, 0), (0, missing), (0, 0)), constant_values=-1e4)
    octaves = low.reshape(*x.shape[:2], OCTAVES, NUM_CLASSES, x.shape[-1])
    means = jnp.where(octaves > -1e4, octaves, 0.0).mean(axis=2)
    return jnp.concatenate([octaves.max(axis=2), means], axis=-1)


class PitchNet(nn.Module):
    """Pitch spectra `[B, T, 300]` to `Sounding`; MIDI 24 is a C, so class 0 is C.

    It was made for 9.375 frames a second, every second one of the pitch spectrum: `in_turns` has it
    hear the others too.
    """

    config: ArrangingConfig

    @nn.compact
    def __call__(self, spectrum: Array) -> Sounding:
        width = self.config.harmony_width
        spectrum = spectrum - SILENT_LATENT  # so that the zeros which convolutions pad with are silence
        stack = harmonic_stack(spectrum, self.config.harmonics)
        level = jnp.broadcast_to(spectrum.mean(axis=-1)[..., None, None], (*stack.shape[:3], 1))
        height = jnp.broadcast_to(jnp.linspace(-1.0, 1.0, NUM_PITCHES)[:, None], (*stack.shape[:3], 1))
        x = nn.Dense(width)(jnp.concatenate([stack, level, height], axis=-1))
        for index, dilation in enumerate(self.config.harmony_dilations):
            x = x + self._block(x, dilation)
            if index % 2:
                x = x + nn.Dense(width)(nn.relu(nn.Dense(2 * width)(Summary()(nn.LayerNorm()(x)))))
        x = nn.LayerNorm()(x)
        classes = nn.relu(nn.Dense(2 * width)(by_class(x)))
        classes = classes + nn.relu(nn.Conv(2 * width, (1, NUM_CLASSES), padding="CIRCULAR")(classes))
        chord, bass, none = jnp.moveaxis(nn.Dense(3)(classes), -1, 0)
        bass = jnp.concatenate([bass, none.mean(axis=-1, keepdims=True)], axis=-1)
        return Sounding(nn.Dense(1)(x)[..., 0], chord, bass)

    def _block(self, x: Array, dilation: int) -> Array:
        """A convolution along time, then what it finds at all `INTERVALS`: `[B, T, 64, C]` to the same."""
        width = self.config.harmony_width
        y = nn.relu(nn.Conv(width // 2, (3, 1), kernel_dilation=(dilation, 1))(nn.LayerNorm()(x)))
        return nn.Dense(width)(at_intervals(y))
