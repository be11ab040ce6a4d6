import numpy as np
import pytest

from compjax.audio.loudness import REFERENCE_RMS, rms
from compjax.constants import SAMPLE_RATE
from compjax.measures import adherence, baselines, chroma, matching, onsets, timbre

STEPS = np.array([0.25, 0.5, 1.25, 1.5, 2.25, 2.5, 3.0, 3.25])


@pytest.fixture
def pair(clicks, chord):
    fading = np.linspace(1.0, 0.05, 3 * SAMPLE_RATE, dtype=np.float32)
    return clicks(STEPS, half_life=0.03), 0.1 * fading * chord((48, 52, 55), 3.0)


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_every_baseline_is_as_long_as_the_input_and_levelled(pair, name):
    made = baselines.BASELINES[name](*pair)
    assert made.shape == pair[0].shape and made.dtype == np.float32
    assert rms(made) == pytest.approx(REFERENCE_RMS, rel=1e-3)


@pytest.mark.parametrize("name", ["gated", "re-sliced", "mosaic"])
def test_rhythm_of_the_input_with_harmony_and_timbre_of_the_target(pair, name):
    given, target = pair
    made = baselines.BASELINES[name](given, target)
    assert matching.lagged_f1(STEPS, onsets.detect(made))[0] > 0.75
    energy = chroma.describe(made).chroma.sum(axis=0)
    assert energy[[0, 4, 7]].sum() > 0.7 * energy.sum()
    assert timbre.margin(*(adherence.describe(x).timbre for x in (made, target, given))) > 0


def test_copies_and_mix(pair):
    given, target = pair
    copy = baselines.copy_target(given, target)
    np.testing.assert_allclose(copy[: len(target)] * target[1000], target * copy[1000], atol=1e-5)
    np.testing.assert_array_equal(copy[len(target) :], copy[: len(given) - len(target)])  # looped
    mixed = baselines.mix(given, target)
    together = baselines.copy_input(given, target) + copy
    assert np.corrcoef(mixed, together)[0, 1] == pytest.approx(1.0)


def test_envelope_follows_the_amplitude():
    time = np.arange(24_000) / 24_000
    loudness = baselines.envelope(np.where(time < 0.5, 0.2, 0.8) * np.sin(2 * np.pi * 1000 * time))
    np.testing.assert_allclose(loudness[2000:11_000], 0.2 / np.sqrt(2), rtol=0.01)
    np.testing.assert_allclose(loudness[13_000:22_000], 0.8 / np.sqrt(2), rtol=0.01)


def test_silent_target_or_input_stays_silent(pair):
    given, target = pair
    for name in ("gated", "re-sliced", "mosaic"):
        assert not baselines.BASELINES[name](given, np.zeros_like(target)).any()
        assert not baselines.BASELINES[name](np.zeros_like(given), target).any()
