"""The equaliser moves colour, and only colour."""

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, rms
from compjax.codec.vocos.bands import encode
from compjax.constants import LATENT_STD, SILENT_LATENT
from compjax.instrument.equaliser import colour, equalise, levelled


def music(slope: float) -> np.ndarray:
    """Latents that fall by `slope` over the bands, half of the frames silent."""
    latents = np.tile(np.linspace(0.0, -slope, 128), (20, 1)).astype(np.float32)
    latents[10:] = SILENT_LATENT
    return latents


def test_a_colour_is_reached():
    bright, dark = music(0.2), music(1.0)
    moved = equalise(dark, colour(bright))
    assert np.abs(colour(moved) - colour(bright)).max() < 0.3 * np.abs(colour(dark) - colour(bright)).max()


def test_the_same_colour_changes_nothing():
    np.testing.assert_allclose(equalise(music(0.5), colour(music(0.5))), music(0.5), atol=1e-5)


def test_silence_stays():
    np.testing.assert_allclose(equalise(music(1.0), colour(music(0.0)))[10:], SILENT_LATENT, atol=1e-5)


def test_gains_are_limited():
    moved = equalise(music(2.0), colour(music(-2.0)))
    assert np.abs(moved - music(2.0)).max() <= 20.0 * np.log(10) / 20.0 / LATENT_STD + 1e-5


def test_level_is_not_colour():
    np.testing.assert_allclose(colour(music(0.5)), colour(music(0.5) + 0.3), atol=0.05)


def test_what_was_rendered_softly_is_brought_to_the_codecs_level(rng):
    time = np.arange(24_000) / 24_000
    sound = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 440.0, 660.0)) + 0.1 * rng.normal(
        size=24_000
    )
    sound = (sound / rms(sound)).astype(np.float32)
    reference = encode(REFERENCE_RMS * sound)
    for level in (0.001, 0.5):
        moved = levelled(encode(level * sound))
        decibels = 20.0 * LATENT_STD / np.log(10.0) * np.abs(np.mean(moved[10:-10] - reference[10:-10]))
        assert decibels < 3.0


def test_silence_is_not_made_louder():
    silence = np.full((20, 128), SILENT_LATENT, np.float32)
    np.testing.assert_array_equal(levelled(silence), silence)
    np.testing.assert_allclose(levelled(music(1.0))[10:], SILENT_LATENT, atol=1e-3)  # 0.02 dB
