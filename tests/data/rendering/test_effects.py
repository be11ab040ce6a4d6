import dataclasses

import numpy as np
import pytest

from compjax.data.rendering.effects import (
    EQ_POINTS,
    Colour,
    Recording,
    apply_colour,
    apply_recording,
    draw_colour,
    draw_recording,
    fast_length,
    room_response,
)


def sine(hz, seconds=0.5):
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(int(24000 * seconds)) / 24000)).astype(np.float32)


def level(audio):
    return 20 * np.log10(np.sqrt(np.mean(audio[2400:-2400].astype(float) ** 2)))


def test_defaults_change_nothing():
    audio = sine(440)
    np.testing.assert_array_equal(apply_colour(audio, Colour()), audio)
    np.testing.assert_array_equal(apply_recording(audio, Recording()), audio)


def test_equaliser_gains_are_in_decibels_at_their_frequencies():
    gains = tuple(6.0 if hz == 1000.0 else 0.0 for hz in EQ_POINTS)
    assert level(apply_colour(sine(1000), Colour(gains))) - level(sine(1000)) == pytest.approx(6.0, abs=0.1)
    assert level(apply_colour(sine(150), Colour(gains))) - level(sine(150)) == pytest.approx(0.0, abs=0.1)


def test_room_begins_with_the_direct_sound_and_decays():
    response = room_response(Colour(room_seconds=0.5, room_level=0.5, room_seed=1))
    assert response[0] == pytest.approx(1.0) and len(response) == 12000
    assert np.sum(response[1:] ** 2) == pytest.approx(0.25, rel=0.01)
    early, late = np.sum(response[800:3000] ** 2), np.sum(response[9000:] ** 2)
    assert late < 1e-3 * early


def test_room_keeps_onsets_and_rings_after_the_end():
    click = np.zeros(24000, np.float32)
    click[6000] = 1.0
    wet = apply_colour(click, Colour(room_seconds=0.3, room_level=0.5, room_seed=2))
    assert np.abs(wet[:5990]).max() < 1e-6 and np.argmax(np.abs(wet)) == 6000
    assert np.abs(wet[6400:9000]).max() > 1e-3


def test_saturation_is_bounded_and_keeps_quiet_sound():
    audio = sine(200)
    hard = apply_colour(audio, Colour(drive=3.0))
    assert np.abs(hard).max() < np.abs(audio).max()
    assert np.corrcoef(hard, audio)[0, 1] > 0.95


def test_noise_has_the_level_asked_for():
    audio = sine(440, 2.0)
    noisy = apply_recording(audio, Recording(noise=0.1, noise_seed=3))
    assert np.std(noisy - audio) / np.std(audio) == pytest.approx(0.1, rel=0.05)


def test_bandwidth_removes_what_is_above():
    dull = Recording(bandwidth=4000.0)
    assert level(apply_recording(sine(8000), dull)) < -100
    assert level(apply_recording(sine(1000), dull)) == pytest.approx(level(sine(1000)), abs=0.1)


def test_draws_are_seeded_and_various():
    draws = [draw_colour(np.random.default_rng(seed)) for seed in range(40)]
    assert draws == [draw_colour(np.random.default_rng(seed)) for seed in range(40)]
    assert 5 < sum(colour.room_level > 0 for colour in draws) < 35
    recordings = [draw_recording(np.random.default_rng(seed)) for seed in range(40)]
    assert any(r == dataclasses.replace(r, noise=0.0, bandwidth=0.0) for r in recordings)
    assert any(r.noise > 0 for r in recordings) and any(r.bandwidth > 0 for r in recordings)


@pytest.mark.parametrize("samples", [2, 7, 1000, 96001, 120000])
def test_fast_length_is_a_near_product_of_small_primes(samples):
    length = fast_length(samples)
    assert samples <= length <= 1.35 * samples + 2
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    assert length == 1
