"""Tones and strokes are parted."""

import numpy as np

from compjax.evaluation.hearing.parting import parted


def test_tones_and_strokes_are_parted(rng):
    time = np.arange(48_100) / 24_000
    tones = 0.2 * sum(np.sin(2 * np.pi * hz * time) for hz in (220.0, 330.0, 660.0))
    strokes = np.zeros(48_100)
    for place in range(3_000, 46_000, 6_000):
        strokes[place : place + 200] = rng.standard_normal(200)
    harmonic, percussive = parted((tones + strokes).astype(np.float32))
    np.testing.assert_allclose(harmonic + percussive, tones + strokes, atol=1e-5)
    inside = slice(4_000, -4_000)
    assert np.corrcoef(harmonic[inside], tones[inside])[0, 1] > 0.98
    assert np.corrcoef(percussive[inside], strokes[inside])[0, 1] > 0.9
    assert np.corrcoef(percussive[inside], tones[inside])[0, 1] < 0.2


def test_silence_is_silent():
    harmonic, percussive = parted(np.zeros(5_000, np.float32))
    assert not harmonic.any() and not percussive.any()
