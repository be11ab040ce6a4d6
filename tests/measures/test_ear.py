import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import ear, onsets


def described(audio):
    return ear.describe(audio, onsets.detect(audio))


def test_brightness_is_the_frequency_of_a_pure_tone(tone):
    assert described(tone(81, partials=1)).centroid == pytest.approx(880.0, rel=0.02)
    assert described(tone(69, partials=16)).centroid > described(tone(69, partials=2)).centroid


def test_decay_is_the_fall_of_the_level(tone):
    sound = 0.3 * tone(60, 2.0)
    for rate in (15.0, 60.0):
        falling = sound * 10.0 ** (-rate / 20.0 * np.arange(len(sound)) / SAMPLE_RATE).astype(np.float32)
        audio = np.concatenate([falling[: SAMPLE_RATE // 2]] * 4)
        assert described(audio).decay == pytest.approx(rate, rel=0.1)
    assert described(sound).decay == ear.SLOWEST


def test_steps_by_hand():
    one, other = ear.Hearing(1000.0, 10.0), ear.Hearing(1050.0, 14.0)
    assert ear.brightness_steps(one, other) == pytest.approx(1.0) == ear.brightness_steps(other, one)
    assert ear.decay_steps(one, other) == pytest.approx(1.0)
    silent = described(np.zeros(SAMPLE_RATE, np.float32))
    assert ear.brightness_steps(one, silent) == ear.decay_steps(silent, one) == ear.MOST_STEPS


def test_spectral_distance_is_in_decibels(chord):
    audio = 0.1 * chord((48, 52, 55), 1.0)
    spectra = ear.spectra(audio)
    assert ear.spectral_distance(spectra, spectra) == 0.0
    assert ear.spectral_distance(spectra, ear.spectra(2.0 * audio)) == pytest.approx(6.02, abs=0.3)
    near = ear.spectral_distance(spectra, ear.spectra(0.1 * chord((48, 52, 55), 1.0, 6)))
    assert 0.5 < near < ear.spectral_distance(spectra, ear.spectra(0.1 * chord((50, 53, 57), 1.0)))
