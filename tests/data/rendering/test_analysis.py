import numpy as np
import pytest

from compjax.codec.vocos import bands
from compjax.data.rendering import analysis


def burst(rng):
    return (rng.standard_normal(24000) * 0.1 * (np.arange(24000) < 6000)).astype(np.float32)


def sine(rng):
    return np.sin(np.arange(24000) * 0.1).astype(np.float32)


@pytest.mark.parametrize("signal", [burst, sine])
@pytest.mark.parametrize("samples", [24000, 23999, 23000, 320, 100])
def test_equal_to_the_codecs_own_analysis(signal, samples, rng):
    audio = signal(rng)[:samples]
    np.testing.assert_allclose(analysis.encode(audio), bands.encode(audio), atol=2e-3)


def test_equal_for_mel_bands_too(rng):
    config, audio = bands.BandConfig(spacing="mel"), burst(rng)
    np.testing.assert_allclose(analysis.encode(audio, config), bands.encode(audio, config), atol=2e-3)


def test_silence_reads_the_floor():
    latents = analysis.encode(np.zeros(3200, np.float32))
    assert latents.shape == (10, 128) and latents.dtype == np.float32
    config = bands.BandConfig()
    np.testing.assert_allclose(latents, (np.log(bands.LOG_FLOOR) - config.mean) / config.std, rtol=1e-5)
