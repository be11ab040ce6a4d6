import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import spectra
from compjax.measures.spectra import StftConfig

CONFIG = StftConfig(size=1024, hop=256)


def test_sine_shows_its_amplitude():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    frequency = 40 * SAMPLE_RATE / 1024  # exactly bin 40
    spectrum = np.abs(spectra.stft(0.3 * np.sin(2 * np.pi * frequency * time), CONFIG))
    middle = spectrum[20:-20]
    np.testing.assert_allclose(middle[:, 40], 0.3, rtol=1e-3)
    assert (middle.argmax(axis=1) == 40).all()


def test_frame_is_centred_on_half_a_hop():
    audio = np.zeros(2560, np.float32)
    audio[5 * 256 + 128] = 1.0  # the centre of frame 5
    level = np.abs(spectra.stft(audio, CONFIG)).sum(axis=1)
    assert len(level) == 10 and level.argmax() == 5
    np.testing.assert_allclose(level[4], level[6], rtol=1e-5)
    assert spectra.frame_times(10, CONFIG)[5] == pytest.approx((5 * 256 + 128) / SAMPLE_RATE)


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 5000])
def test_inverse_returns_the_signal(rng, samples):
    audio = rng.standard_normal(samples).astype(np.float32)
    spectrum = spectra.stft(audio, CONFIG)
    assert spectrum.shape == (-(-samples // 256), 513)
    np.testing.assert_allclose(spectra.istft(spectrum, samples, CONFIG), audio, atol=2e-4)


def test_filters_have_unit_sum_and_cover_the_range():
    for bank in (spectra.unit_mel_filters(CONFIG, 20), spectra.log_filters(CONFIG)):
        np.testing.assert_allclose(bank.sum(axis=0), 1.0, rtol=1e-5)
    bins = np.flatnonzero(spectra.log_filters(CONFIG).sum(axis=1))
    assert (np.diff(bins) == 1).all()  # no bin between the ends is lost


def test_filtered_does_not_depend_on_blocks(rng, monkeypatch):
    audio = rng.standard_normal(20_000).astype(np.float32)
    bank = spectra.unit_mel_filters(CONFIG, 20)
    whole = spectra.filtered(audio, CONFIG, bank)
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 7)
    np.testing.assert_allclose(spectra.filtered(audio, CONFIG, bank), whole, rtol=1e-6)
    np.testing.assert_allclose(whole, np.abs(spectra.stft(audio, CONFIG)) @ bank, rtol=1e-5)
