"""What a model has above 12 kHz and between left and right is what its clip has there."""

import dataclasses

import numpy as np
import pytest

from compjax.hearing.excerpt import FullBand
from compjax.instrument import additive, full_band
from compjax.instrument.envelopes import LEVEL
from compjax.music.score import Note

RATE = 48_000
NOTES = (Note(0.1, 1.2, 76, 0.3), Note(1.4, 2.6, 79, 0.3))
EDGES = np.arange(12_500, 22_501, 2_000)


def bands(sound: np.ndarray) -> np.ndarray:
    """Mean power in dB of sound `[S]` between `EDGES`."""
    power = np.square(np.abs(np.fft.rfft(sound)))
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    pairs = zip(EDGES, EDGES[1:], strict=False)
    return 10 * np.log10([power[(hz >= low) & (hz < high)].mean() for low, high in pairs])


@pytest.mark.parametrize("noisy", [True, False])
def test_the_top_octave_is_the_clips(hollow, rng, noisy):
    """Partials or noise, falling by 4 dB a kilohertz: neither what the last band has, nor nothing."""
    noise = np.full(len(hollow.noise), -12.0 if noisy else -25.0, np.float32)
    parameters = dataclasses.replace(hollow, noise=noise, envelope=0.0 * hollow.envelope - 3.0)
    made = additive.play(parameters, NOTES, 3 * RATE, RATE, air=LEVEL)
    hz = np.fft.rfftfreq(made.size, 1 / RATE)
    fall = 10 ** (-4.0 * np.maximum(hz - 11_640, 0.0) / 1000 / 20)
    clip = np.fft.irfft(np.fft.rfft(made) * fall).astype(np.float32)
    air = full_band.air_of(FullBand(clip[:, None], RATE), made)
    played = additive.play(parameters, NOTES, 3 * RATE, RATE, seed=(1,), air=air)
    assert np.abs(bands(played) - bands(clip)).max() < 2.0
    assert np.abs(bands(made) - bands(clip)).max() > 20.0


def test_bands_lie_where_the_clip_has_them(rng):
    """Noise whose low half comes from the left alone and whose high half is as wide as can be."""
    middle, other = rng.normal(size=(2, 4 * RATE))
    hz = np.fft.rfftfreq(middle.size, 1 / RATE)
    low, high = (
        np.fft.irfft(np.fft.rfft(part) * keep) for part, keep in ((middle, hz < 3000), (other, hz > 3000))
    )
    apart = np.fft.irfft(np.fft.rfft(rng.normal(size=middle.size)) * (hz > 3000))
    clip = np.stack([low + high + 0.7 * apart, high - 0.7 * apart], axis=1).astype(np.float32)
    sound = (0.1 * rng.normal(size=2 * RATE)).astype(np.float32)
    left, right = full_band.image_of(FullBand(clip, RATE)).spread(sound).T
    np.testing.assert_allclose(0.5 * (left + right), sound, atol=1e-6)
    spectra = [np.fft.rfft(part) for part in (left, right, 0.5 * (left - right), sound)]
    hz = np.fft.rfftfreq(sound.size, 1 / RATE)
    power = [np.square(np.abs(spectrum)) for spectrum in spectra]
    below, above = (hz > 200) & (hz < 2000), (hz > 5000) & (hz < 20_000)
    assert power[1][below].sum() < 0.02 * power[0][below].sum()
    assert power[1][above].sum() == pytest.approx(power[0][above].sum(), rel=0.1)
    assert power[2][above].sum() == pytest.approx(0.49 * power[3][above].sum(), rel=0.15)
    again = full_band.image_of(FullBand(clip, RATE))
    np.testing.assert_array_equal(again.taps, full_band.image_of(FullBand(clip, RATE)).taps)
