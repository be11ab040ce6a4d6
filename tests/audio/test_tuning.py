"""Tuning of signals whose tuning is known."""

import numpy as np
import pytest

from compjax.audio.tuning import tuning_of
from compjax.constants import SAMPLE_RATE, midi_to_hz


def chord(cents, seconds=2.0):
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = [
        np.sin(2 * np.pi * k * midi_to_hz(p + cents / 100) * time) / k
        for p in (60, 64, 67)
        for k in (1, 2, 3)
    ]
    return (0.1 * np.sum(tones, axis=0)).astype(np.float32)


@pytest.mark.parametrize("cents", [-40, -10, 0, 25, 45])
def test_a_chord_out_of_tune(cents):
    assert tuning_of(chord(cents)) == pytest.approx(cents, abs=3)


def test_noise_silence_and_clicks_have_none():
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    click = np.zeros(48_000, np.float32)
    click[1000] = 1.0
    assert tuning_of(noise) == tuning_of(np.zeros(48_000, np.float32)) == tuning_of(click) == 0.0


def test_a_very_short_clip():
    assert abs(tuning_of(chord(0, 0.05))) < 20
