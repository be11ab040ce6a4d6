"""The spectrum for hearing pitches: places, levels, lengths."""

import numpy as np

from compjax.audio.transforms.pitch_spectrum import LOWEST, NUM_BINS, pitch_spectrum
from compjax.constants import LATENT_MEAN, LATENT_STD, SAMPLE_RATE, SILENT_LATENT, midi_to_hz


def sine(pitch, seconds=1.0, amplitude=0.5):
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * midi_to_hz(pitch) * time)).astype(np.float32)


def test_a_sine_stands_in_its_bin_at_its_level():
    for pitch in (36, 50, 69, 84, 100):
        spectrum = pitch_spectrum(sine(pitch, 2.0))
        middle = spectrum[len(spectrum) // 2]
        place = round(3 * (pitch - LOWEST))
        assert abs(int(middle.argmax()) - place) <= 1
        magnitude = np.exp(middle[place] * LATENT_STD + LATENT_MEAN)
        assert 0.2 < magnitude <= 0.55, (pitch, magnitude)


def test_whole_tones_are_told_apart_an_octave_below_middle_c():
    spectrum = pitch_spectrum(sine(49, 2.0) + sine(51, 2.0))
    middle = spectrum[len(spectrum) // 2]
    low, between, high = (middle[round(3 * (p - LOWEST))] for p in (49, 50, 51))
    assert between < low - 0.1 and between < high - 0.1


def test_length_and_silence():
    for samples, frames in ((320, 1), (1280, 1), (1281, 2), (96_000, 75)):
        spectrum = pitch_spectrum(np.zeros(samples, np.float32))
        assert spectrum.shape == (frames, NUM_BINS) and spectrum.dtype == np.float32
        np.testing.assert_allclose(spectrum, SILENT_LATENT, atol=1e-3)


def test_a_clip_and_its_beginning_agree_away_from_the_end():
    audio = np.random.default_rng(0).normal(0, 0.1, 96_000).astype(np.float32)
    np.testing.assert_allclose(pitch_spectrum(audio)[:50], pitch_spectrum(audio[:90_000])[:50], atol=1e-3)
