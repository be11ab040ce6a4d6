"""What the model's numbers are at any frequency and age, for playing it and for cutting notes out."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import BANDS_PER_OCTAVE, LATENT_SIZE, MIN_PITCH, midi_to_hz
from compjax.instrument.model import PARTIALS, PATTERN, ZONES, Parameters

HIGHEST = float(midi_to_hz(MIN_PITCH) * 2.0 ** ((LATENT_SIZE - 1) / BANDS_PER_OCTAVE))
"""Hz of the last of the bands that a clip is heard in: 11.6 kHz."""


@dataclasses.dataclass(frozen=True, eq=False)
class Air:
    """What an instrument has above the bands that it is heard in.

    Attributes:
        hz: `[B]` rising, the first being `HIGHEST`.
        power: `[B]` natural log beside what the last band would go on with; 0 at `HIGHEST`.
    """

    hz: np.ndarray
    power: np.ndarray

    def at(self, hz: np.ndarray) -> np.ndarray:
        """The log power at frequencies, 0 below `HIGHEST`."""
        return np.interp(hz, self.hz, self.power)


LEVEL = Air(np.array([HIGHEST]), np.zeros(1))
"""Going on as the last band."""


def place(hz: np.ndarray, knots: int) -> np.ndarray:
    """Where frequencies lie among knots over the bands, in [0, knots - 1]."""
    band = BANDS_PER_OCTAVE * np.log2(np.maximum(hz, 1.0) / midi_to_hz(MIN_PITCH))
    return np.clip(band * (knots - 1) / (LATENT_SIZE - 1), 0.0, knots - 1)


def at(values: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """What `values` `[knots]` over log frequency are at `hz`."""
    return np.interp(place(hz, len(values)), np.arange(len(values)), values)


def zone_shares(hz: np.ndarray) -> np.ndarray:
    """How much each zone counts at frequencies, `[6, F]`."""
    where = place(hz, ZONES)
    return np.maximum(0.0, 1.0 - np.abs(np.arange(ZONES)[:, None] - where[None])).astype(np.float32)


def partials(
    parameters: Parameters, pitch: float, highest: float, air: Air | None = None, all_of_them: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies `[K]` up to `highest` Hz of a pitch's partials, and their power `[K]`.

    With `air`, those of a pitch whose `PARTIALS` reach what was heard of it go on from there; with
    `all_of_them`, those of every pitch go on.
    """
    number = np.arange(1, PARTIALS + 1)
    if all_of_them or (air is not None and midi_to_hz(pitch) * PARTIALS >= HIGHEST):
        number = np.arange(1, max(int(highest / midi_to_hz(pitch)), PARTIALS) + 1)
    hz = midi_to_hz(pitch) * number
    pattern = np.concatenate(
        [parameters.pattern, np.full(len(number) - PATTERN, parameters.pattern[-4:].mean())]
    )
    pattern = pattern + parameters.tilt * np.log2(number) * (pitch - 60.0) / 12.0
    inside = hz < highest
    hz, pattern = hz[inside], pattern[inside]
    power = at(parameters.envelope, hz) + pattern
    return hz, np.exp(power if air is None else power + air.at(hz))


def amplitude(parameters: Parameters, age: np.ndarray, length: float, attack: float) -> np.ndarray:
    """Amplitude `[T, 6]` by zone at ages `[T]` of a note held for `length` seconds; 0 before it."""
    old = np.maximum(age, 0.0)[:, None]
    kept = 1.0 / (1.0 + np.exp(-parameters.share))
    fast, slow = np.exp(parameters.fast), np.exp(parameters.slow)
    power = (1.0 - kept) * np.exp(-old * (fast + slow)) + kept * np.exp(-old * slow)
    power *= np.exp(-np.maximum(old - length, 0.0) * np.exp(parameters.release))
    return np.sqrt(power) * (1.0 - np.exp(-old / attack)) * (age >= 0)[:, None]


def release_seconds(parameters: Parameters) -> float:
    """Seconds in which a note that is let go falls by 13 dB."""
    return 3.0 / float(np.exp(parameters.release).mean())


def goes_on(parameters: Parameters) -> float:
    """Share of a held note's power, in the middle zones, that is left half a second after its beginning."""
    power = amplitude(parameters, np.array([0.05, 0.6]), 10.0, 1e-3)[:, 1:4] ** 2
    return float((power[1] / power[0]).mean())
