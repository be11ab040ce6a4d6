import numpy as np
import pytest
import soundfile

from compjax.audio import waveform


@pytest.fixture
def sound(rng):
    return 0.1 * rng.standard_normal(48_000)


def correlation(one, other):
    return abs(float(np.corrcoef(one, other)[0, 1]))


@pytest.mark.parametrize("factors", [(1, -1), (-1, 1), (0.5, -0.5), (1, -0.98), (1, -0.8), (1, 1, -1, -1)])
@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_channels_that_cancel_are_turned_over(sound, rng, factors, offset):
    channels = sound[:, None] * np.array(factors) + offset + 1e-3 * rng.standard_normal((48_000, 1))
    recording = waveform.mono(channels, 24_000)
    assert correlation(recording.audio, sound) > 0.99
    assert np.std(recording.audio) == pytest.approx(0.1 * np.abs(factors).mean(), rel=0.02)
    assert "cancel" in recording.remarks[0]


@pytest.mark.parametrize("factors", [(1, 1), (1, 0), (0.2, 0.9), (1, -0.3)])
def test_channels_that_do_not_cancel_are_averaged(sound, factors):
    recording = waveform.mono(sound[:, None] * np.array(factors), 24_000)
    np.testing.assert_allclose(recording.audio, sound * np.mean(factors), atol=1e-6)
    assert not recording.remarks


def test_unrelated_channels_are_averaged(rng):
    channels = rng.standard_normal((48_000, 2))
    recording = waveform.mono(channels, 24_000)
    np.testing.assert_allclose(recording.audio, channels.mean(axis=1), atol=1e-6)
    assert not recording.remarks


@pytest.mark.parametrize("worst", [1e38, -1e38, 1e4, 3e38])
def test_a_few_samples_beyond_all_bounds_do_no_harm(tmp_path, sound, worst):
    damaged = sound.copy()
    damaged[[1_000, 30_000]] = worst
    soundfile.write(tmp_path / "a.wav", damaged, 44_100, subtype="FLOAT")
    recording = waveform.read_recording(tmp_path / "a.wav")
    assert np.isfinite(recording.audio).all() and np.abs(recording.audio).max() < 100.0
    assert "far beyond all others" in recording.remarks[0]
    clean = waveform.mono(sound[:, None], 44_100).audio
    places = np.array([1_000, 30_000]) * 24_000 / 44_100
    far = np.abs(np.arange(clean.size)[:, None] - places).min(axis=1) > 500
    np.testing.assert_allclose(recording.audio[far], clean[far], atol=1e-3)


@pytest.mark.parametrize("scale", [1e38, 1e300])
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_huge_throughout(sound, scale, rate):
    audio = waveform.mono(sound[:, None] * scale, rate).audio
    assert np.isfinite(audio).all()
    assert correlation(audio, waveform.mono(sound[:, None], rate).audio) > 0.999
