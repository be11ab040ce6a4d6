"""The model of an instrument: a harmonic-plus-noise sound as few numbers, and the band power it makes.

A note is partials plus noise (Serra and Smith, "Spectral modeling synthesis", CMJ 14(4), 1990). How strong a
partial is depends on its number (the pattern: a clarinet's odd ones), on its frequency (the envelope: the
body), and on its age (two decays by frequency, an attack, a release). Nothing else tells two notes apart but
pitch and level, so what the clip has says how notes sound that it does not have.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.vocos.bands import sine_response
from compjax.codec.vocos.smearing import smeared
from compjax.constants import BANDS_PER_OCTAVE, FRAME_RATE, LATENT_SIZE, MIN_PITCH, SAMPLE_RATE, midi_to_hz

PARTIALS = 48
PATTERN = 16
"""Partials whose strength is their own; those above have the mean of the last four."""
KNOTS = 24
"""Points over the 128 bands at which what depends on frequency is given."""
ZONES = 6
"""The same for what depends on age and frequency."""
TABLE_STEPS = 16
"""Frequencies to a band at which the response of sines is known."""

Array = jax.Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Parameters:
    """An instrument. Powers and rates are natural logs; rates are of power, per second.

    Attributes:
        pattern: `[16]` power of the partials beside the envelope.
        envelope: `[24]` power over log frequency, 32.7 Hz to 11.7 kHz.
        tilt: `[]` power per octave of pitch above C4 and doubling of the partial's number.
        fast: `[6]` rate of the first decay by frequency zone.
        slow: `[6]` rate of the second.
        share: `[6]` logit of the second decay's share at the beginning.
        attack: `[]` seconds in which the sound comes up.
        release: `[6]` rate after the note is let go.
        noise: `[24]` power of the noise that decays as the partials do.
        burst: `[24]` power of the noise of the attack.
        burst_rate: `[]` rate of its decay.
        floor: `[24]` power of what sounds all the time.
    """

    pattern: Array
    envelope: Array
    tilt: Array
    fast: Array
    slow: Array
    share: Array
    attack: Array
    release: Array
    noise: Array
    burst: Array
    burst_rate: Array
    floor: Array


class NoteTable(NamedTuple):
    """Notes of a fixed number N, `[N]` each: seconds, seconds, MIDI pitch, natural log of amplitude.

    `weight` is 0 for those that are none.
    """

    start: Array
    end: Array
    pitch: Array
    level: Array
    weight: Array


def initial() -> Parameters:
    """An instrument that is nobody's: a falling spectrum, moderate decays."""

    def full(value: float, *shape: int) -> np.ndarray:
        return np.full(shape, value, np.float32)

    return Parameters(
        pattern=full(0.0, PATTERN),
        envelope=np.linspace(-1.0, -8.0, KNOTS, dtype=np.float32),
        tilt=full(0.0),
        fast=np.linspace(1.0, 2.5, ZONES, dtype=np.float32),
        slow=np.linspace(-0.5, 0.5, ZONES, dtype=np.float32),
        share=full(0.0, ZONES),
        attack=full(np.log(0.01)),
        release=full(np.log(30.0), ZONES),
        noise=full(-14.0, KNOTS),
        burst=full(-12.0, KNOTS),
        burst_rate=full(np.log(60.0)),
        floor=full(-18.0, KNOTS),
    )


def knot_map(knots: int) -> np.ndarray:
    """Linear interpolation from knots to bands, `[knots, 128]`."""
    place = np.linspace(0.0, knots - 1.0, LATENT_SIZE)
    return np.maximum(0.0, 1.0 - np.abs(np.arange(knots)[:, None] - place[None])).astype(np.float32)


def responses(pitches: np.ndarray, cents: float) -> np.ndarray:
    """Band power `[N, 48, 128]` of unit partials of pitches `[N]`; none above 12 kHz."""
    hz = midi_to_hz(np.asarray(pitches)[:, None] + cents / 100.0) * np.arange(1, PARTIALS + 1)[None, :]
    place = np.rint(BANDS_PER_OCTAVE * TABLE_STEPS * np.log2(hz / midi_to_hz(MIN_PITCH))).astype(int)
    place = np.clip(place, 0, LATENT_SIZE * TABLE_STEPS - 1)
    needed, index = np.unique(place, return_inverse=True)
    rows = _responses_at(needed)[index.reshape(place.shape)]
    return np.where((hz < 0.49 * SAMPLE_RATE)[..., None], rows, np.float32(0.0))


def _responses_at(places: np.ndarray) -> np.ndarray:
    """Band power `[N, 128]` of unit sines at places `[N]`, of which there are 16 to a band."""
    octaves = places / (TABLE_STEPS * BANDS_PER_OCTAVE)
    rows = sine_response(midi_to_hz(MIN_PITCH) * 2.0**octaves)
    return np.where(rows < 1e-5, 0.0, rows).astype(np.float32)


def pattern_of(parameters: Parameters, pitch: Array) -> Array:
    """Log power `[N, 48]` of the partials of pitches `[N]` beside the envelope."""
    above = jnp.broadcast_to(parameters.pattern[-4:].mean(), (PARTIALS - PATTERN,))
    own = jnp.concatenate([parameters.pattern, above])
    octaves = np.log2(np.arange(1, PARTIALS + 1)).astype(np.float32)
    return own[None, :] + parameters.tilt * octaves[None, :] * (pitch[:, None] - 60.0) / 12.0


def grown(parameters: Parameters, zone: int, old: Array, gone: Array) -> Array:
    """Power `[T, N]` in a zone of notes `old` seconds after their beginning and `gone` after their end."""
    kept = jax.nn.sigmoid(parameters.share[zone])
    fast, slow, release = (
        jnp.exp(rates[zone]) for rates in (parameters.fast, parameters.slow, parameters.release)
    )
    return jnp.exp(-old * slow - gone * release) * (kept + (1.0 - kept) * jnp.exp(-old * fast))


def band_power(parameters: Parameters, notes: NoteTable, response: Array, frames: int) -> Array:
    """Power `[T, 128]` that notes of the instrument have in the bands of `codec.vocos.bands`.

    Args:
        parameters: the instrument.
        notes: N notes.
        response: `[N, 48, 128]`, see `responses`.
        frames: T.
    """
    knots = knot_map(KNOTS)
    time = (np.arange(frames, dtype=np.float32)[:, None] + 0.5) / FRAME_RATE
    age = time - notes.start[None]  # [T, N]
    old, gone = jnp.maximum(age, 0.0), jnp.maximum(time - notes.end[None], 0.0)
    loud = (jnp.exp(2.0 * notes.level) * notes.weight)[None]
    begun = jnp.clip(age * FRAME_RATE + 0.5, 0.0, 1.0) * loud  # by how much of the frame the note sounds in
    attack = begun * (1.0 - jnp.exp(-old / jnp.exp(parameters.attack))) ** 2
    tones = jnp.einsum("nk,nkb->nb", jnp.exp(pattern_of(parameters, notes.pitch)), response)
    sound = tones * jnp.exp(parameters.envelope @ knots)[None] + jnp.exp(parameters.noise @ knots)[None]
    held = sum(_held(grown(parameters, zone, old, gone) * attack, sound, zone) for zone in range(ZONES))
    fading = jnp.exp(-old * jnp.exp(parameters.burst_rate)) * begun
    burst = fading.sum(axis=1)[:, None] * jnp.exp(parameters.burst @ knots)[None]
    return smeared(held + burst) + jnp.exp(parameters.floor @ knots)[None]


def _held(power: Array, sound: Array, zone: int) -> Array:
    """A zone's share of the band power `[T, 128]` of notes of power `[T, N]` and sound `[N, 128]`.

    Zone by zone, so that no array has times, notes and zones, and only in the bands that it counts in.
    """
    share = knot_map(ZONES)[zone]
    bands = np.flatnonzero(share)
    first, last = bands[0], bands[-1] + 1
    part = (power @ sound[:, first:last]) * share[None, first:last]
    return jnp.pad(part, ((0, 0), (first, LATENT_SIZE - last)))
