"""Nothing is above -1 dBTP, between samples either, and what sounds together is turned down together."""

import numpy as np
import pytest
import soxr

from compjax.audio import true_peak

TIME = np.arange(24_000)


def between_samples(level: float) -> np.ndarray:
    """A quarter of the sampling rate whose samples miss its peaks by 3 dB, coming and going."""
    return (level * np.hanning(TIME.size) * np.sin(np.pi * TIME / 2 + np.pi / 4)).astype(np.float32)


def test_peaks_between_samples_are_seen():
    sound = between_samples(1.0)
    assert np.abs(sound).max() < 0.71
    assert true_peak.true_peak(sound) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("shape", [(24_000,), (24_000, 2), (70_001, 2)])
def test_limited_sound_has_no_true_peak_above_the_ceiling(rng, shape):
    sound = np.cumsum(rng.normal(size=shape), axis=0)
    sound = (sound - np.convolve(sound.reshape(-1), np.ones(2), "same").reshape(shape) / 3).astype(np.float32)
    sound *= 1.7 / np.abs(sound).max()
    done = true_peak.limit(sound)
    assert done.decibels > 4.0
    assert np.abs(soxr.resample(sound, 1, 4, quality="VHQ")).max() <= true_peak.CEILING


def test_quiet_sound_is_left_alone():
    sound = between_samples(0.85)
    same = sound.copy()
    assert true_peak.limit(sound).decibels == 0.0
    np.testing.assert_array_equal(sound, same)


def test_channels_and_stems_are_turned_down_alike(rng):
    loud = (3.0 * between_samples(1.0))[:, None] * np.float32([1.0, 0.25])
    parts = [loud * share for share in (np.float32(0.25), np.float32(0.75))]
    done = true_peak.limit(loud)
    np.testing.assert_allclose(loud[:, 1], 0.25 * loud[:, 0], rtol=1e-6)
    np.testing.assert_allclose(done.apply(parts[0]) + done.apply(parts[1]), loud, atol=1e-6)
