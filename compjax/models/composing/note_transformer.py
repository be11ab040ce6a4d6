"""The mission's way from what is heard in two clips to notes: extract, select, compose, write.

Convolutions at three scales make six components, gates let them through, a transformer over time composes,
and a head that is shared by a chord's tones writes notes at the moments that are struck. It is the
compositional agent with hearing in front of it: each factor's branch is given what hearing says of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import struct

from compjax.models.composing.chord_head import ChordHead
from compjax.models.composing.config import EncoderConfig, ExtractorConfig, SelectorConfig
from compjax.models.composing.extractor import MultiScaleExtractor
from compjax.models.composing.factor_frames import BY_FACTOR, HARMONY, RHYTHM, TIMBRE
from compjax.models.composing.layers import TransformerEncoder
from compjax.models.composing.selector import ComponentSelector, gates_per_frame
from compjax.music.factors import FACTORS

Array = jax.Array

MOMENT_LAYERS = 2

REGISTER = 1
"""Place of the register in the style vector."""

ANTICIPATION = 4
"""Frames ahead of a moment at which its chord is read: who plays just before a change means the new chord."""


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the transformer.

    Attributes:
        extractor, selector, encoder: of the parts that the compositional agent has too.
        patch: frames that one token holds.
        head_width, head_layers: of the piano-roll head.
    """

    extractor: ExtractorConfig = ExtractorConfig(hidden=32)
    selector: SelectorConfig = SelectorConfig(hidden=64)
    encoder: EncoderConfig = field(
        default_factory=lambda: EncoderConfig(size=128, layers=3, heads=4, feed_forward=512, dropout=0.0)
    )
    patch: int = 6
    head_width: int = 64
    head_layers: int = 3


@struct.dataclass
class Written:
    """Notes at the moments asked for, `[B, K, 64]` each; pitches from MIDI 24.

    Attributes:
        onsets: log odds that the pitch is struck.
        velocities: in [0, 1].
        lengths: as `factor_frames.log_length` writes them.
        gate_logits: `[B, 6]`, what the selector would choose.
    """

    onsets: Array
    velocities: Array
    lengths: Array
    gate_logits: Array


def mixed(gates: Array, of_input: Array, of_target: Array) -> Array:
    """What two clips have of a factor, `[B, T, N]`, by its gates `[B, T, 2]`; the heavier counts in full."""
    share = gates / jnp.maximum(gates.max(axis=-1, keepdims=True), 1e-6)
    return jnp.maximum(share[..., :1] * of_input, share[..., 1:] * of_target)


def at(x: Array, moments: Array) -> Array:
    """Rows `[B, K, C]` of `[B, T, C]`."""
    return jnp.take_along_axis(x, moments[..., None], axis=1)


class NoteTransformer(nn.Module):
    """See the module."""

    config: TransformerConfig = TransformerConfig()

    def setup(self):
        config = self.config
        self.input_extractor = MultiScaleExtractor(config.extractor)
        self.target_extractor = MultiScaleExtractor(config.extractor)
        self.selector = ComponentSelector(config.selector)
        self.component_projection = nn.Dense(config.encoder.size)
        self.encoder = TransformerEncoder(config.encoder)
        self.moment = [nn.Dense(config.encoder.size) for _ in range(MOMENT_LAYERS)]
        self.head = ChordHead(config.head_width, config.head_layers)

    def __call__(
        self, heard: Array, style: Array, moments: Array, gates: Array | None = None, train: bool = False
    ) -> Written:
        """Notes.

        Args:
            heard: `[B, 2, T, 62]`, input and target as `factor_frames` writes them; T a multiple of `patch`.
            style: `[B, K, 9]`, the style vector and, last, its contour, at the moments.
            moments: `[B, K]`, frames at which notes are wanted.
            gates: `[B, 6]` or `[B, T, 6]` in [0, 1]; None lets the selector decide.
            train: dropout is on.
        """
        components = self.extract(heard, train)
        own, logits = self.selector(jax.lax.stop_gradient(components))
        gates = own if gates is None else gates_per_frame(gates, *components.shape[:2])
        gated = (components * gates[..., None]).reshape(*components.shape[:2], -1)
        composed = self.compose(gated, train)
        notes = self.write(composed, gated, self.gated_factors(heard, gates), style, moments)
        return Written(notes[..., 0], nn.sigmoid(notes[..., 1]), notes[..., 2], logits.mean(axis=1))

    def extract(self, heard: Array, train: bool = False) -> Array:
        """The six components `[B, T, 6, 64]`."""
        extractors = (self.input_extractor, self.target_extractor)
        clips = [[heard[:, clip, :, columns] for columns in BY_FACTOR] for clip in range(2)]
        return jnp.concatenate([e(tuple(c), train) for e, c in zip(extractors, clips, strict=True)], axis=2)

    def gated_factors(self, heard: Array, gates: Array) -> Array:
        """What is heard of each factor in the clip that it is taken from, `[B, T, 62]`."""
        parts = [
            mixed(gates[..., place :: len(FACTORS)], heard[:, 0, :, columns], heard[:, 1, :, columns])
            for place, columns in enumerate(BY_FACTOR)
        ]
        return jnp.concatenate(parts, axis=-1)

    def compose(self, frames: Array, train: bool = False) -> Array:
        """The transformer over tokens of `patch` frames: `[B, T, C]` to `[B, T / patch, size]`."""
        batch, length = frames.shape[:2]
        x = self.component_projection(frames.reshape(batch, length // self.config.patch, -1))
        return self.encoder(self.encoder.add_positions(x, train), train)

    def write(self, composed: Array, gated: Array, factors: Array, style: Array, moments: Array) -> Array:
        """What the head says of every pitch at the moments, `[B, K, 64, 3]`."""
        ahead = jnp.minimum(moments + ANTICIPATION, factors.shape[1] - 1)
        known = at(factors[..., RHYTHM], moments), at(factors[..., TIMBRE], moments)
        told = jnp.concatenate([*known, style], -1)
        moment = jnp.concatenate([at(composed, moments // self.config.patch), at(gated, moments), told], -1)
        for layer in self.moment:
            moment = nn.relu(layer(moment))
        chords = at(factors[..., HARMONY], ahead)
        return self.head(jnp.concatenate([moment, told], -1), chords, style[..., REGISTER])


def make_transformer(settings: dict | None = None) -> NoteTransformer:
    """The transformer with `settings` of `TransformerConfig` changed: numbers, and `size`, `layers` of it.

    Raises:
        ValueError: for a setting that there is not.
    """
    chosen = dict(settings or {})
    base = TransformerConfig()
    size, layers = chosen.pop("size", base.encoder.size), chosen.pop("layers", base.encoder.layers)
    unknown = sorted(set(chosen) - {"patch", "head_width", "head_layers"})
    if unknown:
        raise ValueError(f"unknown settings {unknown} of the transformer")
    encoder = replace(base.encoder, size=size, layers=layers, feed_forward=4 * size)
    return NoteTransformer(replace(base, encoder=encoder, **chosen))
