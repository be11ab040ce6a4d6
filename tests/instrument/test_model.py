"""The model's band power: zones put together again, each with rates of its own."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from compjax.codec.vocos.smearing import smeared
from compjax.instrument.model import (
    KNOTS,
    ZONES,
    NoteTable,
    band_power,
    grown,
    initial,
    knot_map,
    pattern_of,
    responses,
)


def test_zones_together_are_the_whole(rng):
    notes = NoteTable(*np.float32([[0.1, 0.3], [0.5, 0.35], [60, 52], [0, -1], [1, 1]]))
    silent = {name: np.full(KNOTS, -60.0, np.float32) for name in ("noise", "burst", "floor")}
    parameters = dataclasses.replace(initial(), **silent)
    response = responses(notes.pitch, 0.0)
    age = (np.arange(60)[:, None] + 0.5) / 75 - notes.start
    old, gone = np.maximum(age, 0.0), np.maximum(age + notes.start - notes.end, 0.0)
    power = np.stack([grown(parameters, zone, old, gone) for zone in range(ZONES)], axis=-1)
    power *= ((1 - np.exp(-old / np.exp(parameters.attack))) ** 2 * np.clip(75 * age + 0.5, 0, 1))[..., None]
    power *= np.exp(2.0 * notes.level)[:, None]
    tones = np.einsum("nk,nkb->nb", np.exp(pattern_of(parameters, notes.pitch)), response)
    sound = tones * np.exp(parameters.envelope @ knot_map(KNOTS))
    wanted = smeared(np.einsum("tnz,nb,zb->tb", power, sound, knot_map(ZONES)))
    found = np.asarray(band_power(parameters, notes, response, 60))
    np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())
    assert wanted[20].argmax() in (45, 35)  # a fundamental: 15 bands to the octave from C1


def test_a_zone_dies_away_by_its_own_rates():
    parameters = initial()
    old = jnp.array([[0.0], [0.5], [0.5]])
    gone = jnp.array([[0.0], [0.0], [0.1]])
    for zone in (0, ZONES - 1):
        begun, held, let_go = np.asarray(grown(parameters, zone, old, gone))[:, 0]
        kept, slow, fast = 0.5, np.exp(parameters.slow[zone]), np.exp(parameters.fast[zone])
        wanted = kept * np.exp(-0.5 * slow) + (1 - kept) * np.exp(-0.5 * (slow + fast))
        assert begun == 1.0
        np.testing.assert_allclose(held, wanted, rtol=1e-5)
        np.testing.assert_allclose(
            let_go, wanted * np.exp(-0.1 * np.exp(parameters.release[zone])), rtol=1e-5
        )
