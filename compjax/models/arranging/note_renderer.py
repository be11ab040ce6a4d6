"""Renderer of the arranging agent: notes and a timbre become latents.

A note is a sum of partials plus noise, as in harmonic-plus-noise synthesis (Serra and Smith 1990;
DDSP, Engel et al. 2020), but in the band domain: the network says how strong each partial of each
note is at its age, in this timbre; where a partial appears in the bands and how the analysis
windows smear it in time is physics and is not learned. Notes enter as decided (struck, held), so
attacks stay sharp.
"""

from __future__ import annotations

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from compjax.audio.log_scale import to_latents
from compjax.codec.vocos.bands import sine_response
from compjax.codec.vocos.smearing import smeared
from compjax.constants import (
    FRAME_RATE,
    LATENT_SIZE,
    LOG_FLOOR,
    MIN_PITCH,
    NUM_PITCHES,
    REGISTER_EDGES,
    SAMPLE_RATE,
    SILENT_LATENT,
    midi_to_hz,
)
from compjax.models.arranging.config import ArrangingConfig

DECAYS = (0.04, 0.15, 0.6, 2.4)  # seconds, while a note is held
RELEASES = (0.06, 0.4)  # seconds, after it is let go

Array = jax.Array


@struct.dataclass
class NoteGrid:
    """Decided notes on the frame grid.

    Attributes:
        onsets: `[B, T, 64]` velocity in (0, 1] in the frame where a note starts, else 0.
        frames: `[B, T, 64]` 1 while a note is held, else 0.
    """

    onsets: Array
    frames: Array


@functools.lru_cache(maxsize=2)
def partial_map(num_partials: int) -> np.ndarray:
    """Band power of a unit sine at each partial of each pitch, `[64 * K, 128]`; none above 12 kHz."""
    pitches = midi_to_hz(MIN_PITCH + np.arange(NUM_PITCHES))
    frequencies = (pitches[:, None] * np.arange(1, num_partials + 1)[None, :]).reshape(-1)
    rows = np.where(frequencies[:, None] < 0.49 * SAMPLE_RATE, sine_response(frequencies), 0.0)
    return np.where(rows < 1e-4, 0.0, rows).astype(np.float32)


def note_ages(notes: NoteGrid, state: tuple[Array, Array] | None = None) -> tuple[Array, tuple[Array, Array]]:
    """Envelopes that tell how long ago a note was struck or let go, scaled by its velocity.

    Args:
        notes: `[B, T, 64]`.
        state: what an earlier call returned for the frames before; None if there are none.

    Returns:
        Ages `[B, T, 64, 7]` (held, four decays, two releases), and the state after the last frame.
    """
    hold = np.exp(-1.0 / (FRAME_RATE * np.asarray([np.inf, *DECAYS], np.float32)))
    fade = np.exp(-1.0 / (FRAME_RATE * np.asarray(RELEASES, np.float32)))

    def step(state, now):
        held, released = state
        onset, frame = (x[..., None] for x in now)
        released = jnp.where(frame > 0, 0.0, jnp.maximum(released * fade[None, None], held[..., :1]))
        held = jnp.where(onset > 0, onset, held * hold[None, None]) * frame
        return (held, released), jnp.concatenate([held, released], axis=-1)

    shape = notes.onsets.shape[::2]
    state = state or (jnp.zeros((*shape, len(hold))), jnp.zeros((*shape, len(fade))))
    sequence = (notes.onsets.transpose(1, 0, 2), notes.frames.transpose(1, 0, 2))
    state, ages = jax.lax.scan(step, state, sequence)
    return ages.transpose(1, 0, 2, 3), state


class ConditionedMLP(nn.Module):
    """Two layers over the last axis of `[B, T, N, F]`, each scaled and shifted by the timbre (FiLM)."""

    width: int
    out: int

    @nn.compact
    def __call__(self, x: Array, timbre: Array) -> Array:
        for _ in range(2):
            scale, shift = jnp.split(nn.Dense(2 * self.width)(timbre)[:, None, None, :], 2, axis=-1)
            x = nn.relu(nn.Dense(self.width)(x) * (1.0 + scale) + shift)
        return nn.Dense(self.out)(x)


class NoteRenderer(nn.Module):
    """Ages of notes `[B, T, 64, 7]` and a timbre `[B, 64]` to latents `[B, T, 128]`.

    The level is free up to a constant.
    """

    config: ArrangingConfig

    @nn.compact
    def __call__(self, ages: Array, timbre: Array) -> Array:
        power = smeared(self._partials(ages, timbre) + self._noise(ages, timbre))
        latents = to_latents(0.5 * jnp.log(power + LOG_FLOOR**2))
        return latents + self._correction(latents, timbre)

    def _partials(self, ages: Array, timbre: Array) -> Array:
        """Band power of all partials, `[B, T, 128]`."""
        count = self.config.num_partials
        height = jnp.linspace(-1.0, 1.0, NUM_PITCHES)[None, None, :, None]
        height = jnp.broadcast_to(height, (*ages.shape[:3], 1))
        x = jnp.concatenate([ages, height, height**2], axis=-1)
        level = ConditionedMLP(self.config.renderer_width, count, name="partials")(x, timbre)
        level = level + self._envelope(timbre)[:, None] - 6.0
        power = jnp.exp(jnp.clip(level, -24.0, 4.0)) * ages.sum(axis=-1, keepdims=True)
        return power.reshape(*power.shape[:2], -1) @ partial_map(count)

    def _envelope(self, timbre: Array) -> Array:
        """The timbre's spectral envelope at each partial of each pitch, `[B, 64, K]`, log of power."""
        count = self.config.num_partials
        bands = nn.Dense(LATENT_SIZE, name="envelope")(timbre)
        where = partial_map(count)
        where = where / np.maximum(where.sum(axis=1, keepdims=True), 1e-6)
        return (bands @ where.T).reshape(-1, NUM_PITCHES, count)

    def _noise(self, ages: Array, timbre: Array) -> Array:
        """Band power of attacks, breath and drums, `[B, T, 128]`, from the notes of each register."""
        pitch = MIN_PITCH + np.arange(NUM_PITCHES)
        member = np.eye(3, dtype=np.float32)[np.searchsorted(REGISTER_EDGES, pitch, side="right")]
        registers = jnp.einsum("btpf,pr->btrf", ages, member)
        place = jnp.broadcast_to(jnp.eye(3)[None, None], (*ages.shape[:2], 3, 3))
        x = jnp.concatenate([registers, place], axis=-1)
        level = ConditionedMLP(self.config.renderer_width, LATENT_SIZE, name="noise")(x, timbre)
        power = jnp.exp(jnp.clip(level - 10.0, -24.0, 4.0)) * registers.sum(axis=-1, keepdims=True)
        return power.sum(axis=2)

    def _correction(self, latents: Array, timbre: Array) -> Array:
        """What partials and noise leave out, such as room and beating, `[B, T, 128]`; starts at zero."""
        x = nn.Conv(self.config.timbre_width, (3,))(latents - SILENT_LATENT)
        x = nn.relu(x + nn.Dense(self.config.timbre_width)(timbre)[:, None, :])
        return nn.Conv(LATENT_SIZE, (3,), kernel_init=nn.initializers.zeros)(x)
