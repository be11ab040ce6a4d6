"""Distance of composed latents to the rendered arrangement's."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compjax.audio.log_scale import to_latents, to_log
from compjax.constants import LATENT_STD, LOG_FLOOR, SILENT_LATENT
from compjax.losses.shapes import require_same_shape

AUDIBLE = 1.0  # in latent units above silence: about 20 dB
BEYOND_SOUND = 10.0
"""Log amplitude far above any sound's, where the floor no longer counts: 87 dB over full scale."""

Array = jax.Array


def match_level(latents: Array, truth: Array) -> Array:
    """`latents` `[B, T, 128]` with each clip's level set to the truth's, by the mean over audible cells.

    Composed audio is levelled after decoding, so the level of the latents is free. The gain acts on
    the sound above the floor: silence stays silence. No gradient flows through the gain.
    """
    audible = (truth > SILENT_LATENT + AUDIBLE).astype(latents.dtype)
    gap = jnp.sum((truth - latents) * audible, axis=(1, 2)) / jnp.maximum(audible.sum(axis=(1, 2)), 1.0)
    gain = jax.lax.stop_gradient(jnp.clip(gap, -2.0, 2.0) * LATENT_STD)[:, None, None]
    log = to_log(latents)
    audible_log = jnp.minimum(log, BEYOND_SOUND)  # the power of what lies far above overflows
    power = jnp.exp(2.0 * (audible_log + gain)) - LOG_FLOOR**2 * jnp.expm1(2.0 * gain)
    levelled = 0.5 * jnp.log(jnp.maximum(power, LOG_FLOOR**2))
    return to_latents(jnp.where(log > BEYOND_SOUND, log + gain, levelled))


def latent_loss(latents: Array, truth: Array) -> Array:
    """Mean absolute difference to the truth, both `[B, T, 128]`, after the levels are matched.

    Audible cells count fully, those near silence a fifth: whether a room ends at -95 or -100 dB is
    not worth a note.
    """
    require_same_shape(3, latents=latents, truth=truth)
    matched = match_level(latents, truth)
    loudest = jnp.maximum(truth, jax.lax.stop_gradient(matched))
    weight = jnp.clip((loudest - SILENT_LATENT) / AUDIBLE, 0.2, 1.0)
    return jnp.sum(jnp.abs(matched - truth) * weight) / jnp.sum(weight)
