"""How far a composition is from a clip in one factor, where no arrangement tells the truth.

Rhythm, harmony and timbre of log-band latents, differentiable and deliberately blunt: each sees its own
factor and as little as possible of the others. None is one of the descriptors that evaluation uses.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from compjax.audio.log_scale import to_log
from compjax.constants import (
    BANDS_PER_OCTAVE,
    FRAME_RATE,
    LATENT_SIZE,
    LATENT_STD,
    SILENT_LATENT,
)
from compjax.losses.shapes import require_same_shape
from compjax.music.factors import FACTORS

Array = jax.Array

RISE_FRAMES = 2
"""Frames (27 ms) over which a rise in level counts as an onset."""

ONSET_BLUR = 7
"""Frames of the window that blurs onsets, so that a near miss is better than none."""

HARMONY_SECONDS = 0.5
"""Length of the stretches whose pitch classes are compared."""

PITCHED_BANDS = (15, 105)
"""Bands in which pitch classes are looked for: C2 to C8."""

NUM_CEPSTRA = 13
"""Shape of the spectrum: cosines over the bands, the constant one (the level) left out."""

RANGE = 60.0 * np.log(10.0) / 20.0 / LATENT_STD
"""60 dB in latent units: what is further below a clip's loudest cell is not heard."""

TINY = 1e-6


def audible(latents: Array) -> Array:
    """Level above what can be heard, `[B, T, 128]`: 0 at 60 dB below a clip's loudest cell, 1 there."""
    loudest = jax.lax.stop_gradient(jnp.max(latents, axis=(1, 2), keepdims=True))
    floor = jnp.maximum(loudest - RANGE, SILENT_LATENT)
    return jax.nn.relu(latents - floor) / RANGE


def onset_strength(latents: Array) -> Array:
    """How much louder the bands become, blurred over time: `[B, T, 128]` to `[B, T]`."""
    level = audible(latents)
    before = jnp.pad(level, ((0, 0), (RISE_FRAMES, 0), (0, 0)), mode="edge")[:, : level.shape[1]]
    rise = jnp.mean(jax.nn.relu(level - before), axis=-1)
    half = ONSET_BLUR // 2
    wide = jnp.pad(rise, ((0, 0), (half, half)))
    window = np.hanning(ONSET_BLUR + 2)[1:-1]
    return sum(float(weight) * wide[:, i : i + rise.shape[1]] for i, weight in enumerate(window))


@functools.lru_cache(maxsize=1)
def pitch_class_weights() -> np.ndarray:
    """Share of each band in each pitch class, `[128, 12]`: triangles of a semitone around it."""
    pitch = np.arange(LATENT_SIZE) * 12.0 / BANDS_PER_OCTAVE  # above the lowest C
    away = np.abs((pitch[:, None] - np.arange(12)[None] + 6.0) % 12.0 - 6.0)
    weights = np.maximum(0.0, 1.0 - away)
    weights[: PITCHED_BANDS[0]] = weights[PITCHED_BANDS[1] :] = 0.0
    return weights.astype(np.float32)


def chroma(latents: Array) -> Array:
    """Magnitude in each pitch class over stretches of half a second: `[B, T, 128]` to `[B, W, 12]`."""
    batch, frames, bands = latents.shape
    magnitude = jnp.exp(to_log(latents)) @ pitch_class_weights()
    length = min(int(HARMONY_SECONDS * FRAME_RATE), frames)
    count = frames // length
    return jnp.mean(magnitude[:, : count * length].reshape(batch, count, length, 12), axis=2)


@functools.lru_cache(maxsize=1)
def cepstral_basis() -> np.ndarray:
    """Cosines 1 to 13 over the bands, `[128, 13]`, of unit length."""
    place = (np.arange(LATENT_SIZE) + 0.5) / LATENT_SIZE
    order = np.arange(1, NUM_CEPSTRA + 1)
    return (np.cos(np.pi * place[:, None] * order[None]) * np.sqrt(2.0 / LATENT_SIZE)).astype(np.float32)


def spectral_shape(latents: Array) -> Array:
    """Mean and deviation over time of the spectrum's shape, loud frames counting more: `[B, 2 * 13]`."""
    level = audible(latents)
    shape = level @ cepstral_basis()
    weight = jnp.mean(level, axis=-1, keepdims=True) + TINY
    weight = weight / jnp.sum(weight, axis=1, keepdims=True)
    mean = jnp.sum(shape * weight, axis=1)
    spread = jnp.sum(jnp.square(shape - mean[:, None]) * weight, axis=1)
    return jnp.concatenate([mean, jnp.sqrt(spread + TINY)], axis=-1)


def _one_less_correlation(a: Array, b: Array) -> Array:
    """1 less Pearson's correlation over the last axis, in [0, 2]; 1 where one of them is constant."""
    a, b = (x - jnp.mean(x, axis=-1, keepdims=True) for x in (a, b))
    norms = jnp.sqrt((jnp.sum(a * a, axis=-1) + TINY**2) * (jnp.sum(b * b, axis=-1) + TINY**2))
    return 1.0 - jnp.sum(a * b, axis=-1) / norms


def rhythm_distance(output: Array, source: Array) -> Array:
    """1 less the correlation of onset strengths of `[B, T, 128]`, `[B]` in [0, 2]."""
    return _one_less_correlation(onset_strength(output), onset_strength(source))


def harmony_distance(output: Array, source: Array) -> Array:
    """1 less the correlation of pitch classes, louder stretches counting more: `[B]` in [0, 2]."""
    mine, theirs = chroma(output), chroma(source)
    weight = jax.lax.stop_gradient(jnp.sum(theirs, axis=-1)) + TINY
    apart = _one_less_correlation(mine, theirs)
    return jnp.sum(apart * weight, axis=-1) / jnp.sum(weight, axis=-1)


def timbre_distance(output: Array, source: Array) -> Array:
    """Root mean square difference of the spectral shapes, `[B]`; about 1 between different instruments."""
    difference = spectral_shape(output) - spectral_shape(source)
    return jnp.sqrt(jnp.mean(jnp.square(difference), axis=-1) + TINY)


DISTANCES = {"rhythm": rhythm_distance, "harmony": harmony_distance, "timbre": timbre_distance}


def factor_losses(
    output: Array, input_latents: Array, target_latents: Array, gates: Array
) -> dict[str, Array]:
    """Distance to the clip that each factor is taken from, `[B]` by factor.

    Args:
        output, input_latents, target_latents: log-band latents `[B, T, 128]`.
        gates: `[B, 6]` in [0, 1]: rhythm, harmony, timbre of the input, then of the target. Where both gates
            of a factor are open, both distances count by them; where both are shut, the factor is free (0).
    """
    require_same_shape(3, output=output, input_latents=input_latents, target_latents=target_latents)
    found = {}
    for place, factor in enumerate(FACTORS):
        of_clips = jnp.stack(
            [DISTANCES[factor](output, clip) for clip in (input_latents, target_latents)], -1
        )
        share = gates[:, [place, place + len(FACTORS)]]
        found[factor] = jnp.sum(of_clips * share, -1) / jnp.maximum(jnp.sum(share, -1), 1.0)
    return found
