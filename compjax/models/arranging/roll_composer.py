"""Composer of the arranging agent: a rhythm, a harmony and a style become a piano roll.

The same small network decides at every pitch and frame. What it is given there is what an arranger
would ask: does this pitch sound in the chord, which rank has it among the chord tones, how far is
that from the rank that the style's contour points at, is its class the bass, and what is being
struck or held just now. Ranks are cumulative sums of salience, so they are differentiable.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.constants import MIN_PITCH, NUM_PITCHES, NUM_VOICES
from compjax.models.arranging.config import ArrangingConfig
from compjax.models.outputs import PianoRoll

BASS_OCTAVE = 36  # C2: a low hit plays the bass in the octave from here
CHORD_FLOOR = 48  # C3: lowest place of a chord in close position
DENSITY, REGISTER = 0, 1  # places in the style vector
LOW, MID, HIGH = range(NUM_VOICES)
DOUBTFUL, CERTAIN = 0.5, 0.9
"""Salience below the first is no chord tone, above the second it is a whole one: ranks are sums over
all pitches, and many faint doubts would add up to tones that nobody hears."""

Array = jax.Array


def hold_at_hits(value: Array, hits: Array) -> Array:
    """`value` `[B, T]` as it was when each voice was last hit, `[B, T, 3]`; hits `[B, T, 3]` in [0, 1].

    A leaky sample-and-hold, so a contour that moves on does not change a note that is held.
    """

    def step(held, now):
        value_now, hit = now
        held = held + hit * (value_now[:, None] - held)
        return held, held

    start = jnp.broadcast_to(value[:, :1], (value.shape[0], NUM_VOICES))
    _, held = jax.lax.scan(step, start, (value.T, hits.transpose(1, 0, 2)))
    return held.transpose(1, 0, 2)


def shift_pitch(x: Array, semitones: int) -> Array:
    """Move `[..., 64]` up (positive) or down the pitch axis, empty pitches coming in."""
    pad = [(0, 0)] * (x.ndim - 1)
    if semitones >= 0:
        return jnp.pad(x, [*pad, (semitones, 0)])[..., :NUM_PITCHES]
    return jnp.pad(x, [*pad, (0, -semitones)])[..., -semitones:]


def without_doubt(salience: Array) -> Array:
    """0 for what is doubtful, 1 for what is certain, a ramp between."""
    return jnp.clip((salience - DOUBTFUL) / (CERTAIN - DOUBTFUL), 0.0, 1.0)


def bass_features(salience: Array) -> Array:
    """The lowest pitch: itself, its class in the bass octave, and in the one above, `[B, T, 64, 3]`."""
    salience = without_doubt(salience)
    rank = jnp.cumsum(salience, axis=-1) - salience
    lowest = salience * jnp.exp(-3.0 * rank)
    pitch = np.arange(NUM_PITCHES)
    folded = jnp.minimum(lowest @ same_class(), 1.0)
    start = BASS_OCTAVE - MIN_PITCH
    octaves = [
        ((pitch >= start + 12 * i) & (pitch < start + 12 * (i + 1))).astype(np.float32) for i in (0, 1)
    ]
    return jnp.stack([lowest, *(folded * octave[None, None, :] for octave in octaves)], axis=-1)


def same_class() -> np.ndarray:
    """1 where two pitches are octaves apart, `[64, 64]`."""
    pitch = np.arange(NUM_PITCHES)
    return ((pitch[:, None] - pitch[None, :]) % 12 == 0).astype(np.float32)


def close_position(salience: Array, register: Array) -> Array:
    """Chords `[B, T, 64]` gathered into one octave, whose place the register `[B, T]` in [0, 1] gives.

    A class is as salient as at least one of its pitches is (noisy or), so that it does not matter
    in which octave a tone was heard.
    """
    silent = jnp.log1p(-jnp.clip(salience, 0.0, 0.999)) @ same_class()
    lowest = CHORD_FLOOR - MIN_PITCH + jnp.minimum(jnp.floor(12.0 * register), 11.0)
    above = jnp.arange(NUM_PITCHES)[None, None, :] - lowest[..., None]
    return -jnp.expm1(silent) * ((above >= 0) & (above < 12))


def chord_features(salience: Array, contour: Array, density: Array) -> Array:
    """What each pitch is in the chord, `[B, T, 64, 15]`.

    Args:
        salience: `[B, T, 64]` in [0, 1], of the chord as it is voiced.
        contour: `[B, T, 3]` in [0, 1], the style's contour as held by each voice.
        density: `[B, T]` in [0, 1].
    """
    heard, salience = salience, without_doubt(salience)
    rank = jnp.cumsum(salience, axis=-1) - salience
    count = salience.sum(axis=-1)
    top = jnp.maximum(count - 1.0, 0.0)
    tones = 1.0 + density * top
    start = contour[..., MID] * jnp.maximum(count - tones, 0.0)
    from_tone = rank - (contour[..., HIGH] * top)[..., None]
    from_start = rank - start[..., None]
    to_end = (start + tones - 1.0)[..., None] - rank
    columns = [heard]
    for semitones in (0, 12, -12):
        here = shift_pitch(salience, semitones)
        columns.append(here)
        columns += [jnp.tanh(shift_pitch(x, semitones)) * here for x in (from_tone, from_start, to_end)]
    height = jnp.broadcast_to(jnp.linspace(-1.0, 1.0, NUM_PITCHES)[None, None], salience.shape)
    columns += [jnp.broadcast_to(count[..., None] / 4.0, salience.shape), height]
    return jnp.stack(columns, axis=-1)


class RollComposer(nn.Module):
    """Rhythm, harmony `[B, T, 64]`, timbre `[B, 64]`, hits `[B, T, 3]`, style `[B, T, 9]` to a piano roll.

    The style's last column is its contour over time. The timbre is there because a drum kit plays
    the rhythm's voices, whatever the harmony.
    """

    config: ArrangingConfig

    @nn.compact
    def __call__(self, rhythm: Array, harmony: Array, timbre: Array, hits: Array, style: Array) -> PianoRoll:
        width = self.config.composer_width
        held = hold_at_hits(style[..., -1], hits)
        context = nn.Dense(width)(jnp.concatenate([rhythm, hits, style], axis=-1))
        context = nn.relu(context + nn.Dense(width)(timbre)[:, None, :])
        for dilation in (1, 4, 16, 32):
            context = context + nn.relu(nn.Conv(width, (5,), kernel_dilation=(dilation,))(context))
        voiced = close_position(harmony, style[..., REGISTER])
        chord = chord_features(voiced, held, style[..., DENSITY])
        x = nn.Dense(width)(jnp.concatenate([chord, bass_features(harmony)], axis=-1))
        x = nn.relu(x + nn.Dense(width)(context)[:, :, None, :])
        x = x + nn.relu(nn.Dense(width)(x))
        onsets, frames, velocities = jnp.moveaxis(nn.Dense(3)(x), -1, 0)
        return PianoRoll(onsets=onsets - 3.0, frames=frames - 2.0, velocities=nn.sigmoid(velocities))
