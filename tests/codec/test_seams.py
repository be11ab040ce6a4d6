import numpy as np
import pytest

from compjax.audio.windows import WindowConfig, over_windows
from compjax.codec import seams
from compjax.constants import HOP_LENGTH, SAMPLE_RATE

OVERLAP, LENGTH = 144 * HOP_LENGTH, 400 * HOP_LENGTH
MIDDLE, FADE = OVERLAP // 2, 16 * HOP_LENGTH
FREQUENCIES = np.array([131.0, 262.0, 330.0, 392.0, 784.0])


def tones(samples: int, phases) -> np.ndarray:
    """Sum of cosines at `FREQUENCIES`, `[samples]`."""
    angle = 2 * np.pi * FREQUENCIES[:, None] * np.arange(samples)[None, :] / SAMPLE_RATE
    return np.cos(angle + np.asarray(phases)[:, None]).sum(axis=0).astype(np.float32)


def joined(before, after):
    """Both cross-faded in a straight line around the middle of the overlap."""
    weight = np.clip((np.arange(OVERLAP) - MIDDLE) / FADE + 0.5, 0, 1)
    return np.concatenate([(1 - weight) * before + weight * after[:OVERLAP], after[OVERLAP:]])


def levels(audio) -> np.ndarray:
    """Magnitude of each tone over windows of 0.2 s, a tenth apart, `[T, 5]`."""
    size = SAMPLE_RATE // 5
    window = np.hanning(size) * np.exp(
        -2j * np.pi * FREQUENCIES[:, None] * np.arange(size)[None, :] / SAMPLE_RATE
    )
    views = np.lib.stride_tricks.sliding_window_view(audio, size)[:: size // 2]
    return np.abs(views @ window.T) / np.hanning(size).sum() * 2


@pytest.mark.parametrize("seed", range(3))
def test_held_tones_keep_their_level(seed):
    phases = np.random.default_rng(seed).uniform(-np.pi, np.pi, FREQUENCIES.size)
    before, after = tones(OVERLAP, np.zeros(5)), tones(LENGTH, phases)
    level = levels(joined(before, seams.mend(before, after, MIDDLE, FADE)))
    assert level.min() > 0.85 and level.max() < 1.15


def test_plain_cross_fade_cancels_what_is_out_of_phase():
    """What the test above would see without mending."""
    before, after = tones(OVERLAP, np.zeros(5)), tones(LENGTH, np.full(5, np.pi))
    assert levels(joined(before, after)).min() < 0.6
    assert levels(joined(before, seams.mend(before, after, MIDDLE, FADE))).min() > 0.85


def test_windows_that_agree_are_left_alone(rng):
    whole = rng.normal(size=LENGTH).astype(np.float32)
    np.testing.assert_allclose(seams.mend(whole[:OVERLAP], whole, MIDDLE, FADE), whole, atol=1e-5)


def test_only_the_beginning_is_touched():
    before, after = tones(OVERLAP, np.zeros(5)), tones(LENGTH, np.full(5, 2.0))
    mended = seams.mend(before, after, MIDDLE, FADE)
    assert mended.shape == after.shape and mended.dtype == np.float32
    settled = MIDDLE + FADE // 2 + seams.SeamConfig().settle
    np.testing.assert_allclose(mended[settled + 640 :], after[settled + 640 :], atol=1e-5)


def test_phase_difference_is_one_value_a_partial():
    before = np.array([[0.1, 1.0, 0.1, 0.2, 2.0, 0.2]], complex)
    after = before * np.exp(1j * np.array([0.3, 0.5, 0.7, -0.8, -1.0, -1.2]))[None]
    np.testing.assert_allclose(seams.phase_difference(before, after), [0.5, 0.5, 0.5, -1.0, -1.0, -1.0])


def test_nearest_peaks():
    np.testing.assert_array_equal(
        seams.nearest_peaks(np.array([0, 3, 1, 0, 1, 2, 0.0])), [1, 1, 1, 1, 5, 5, 5]
    )
    np.testing.assert_array_equal(seams.nearest_peaks(np.zeros(3)), [0, 0, 0])


def test_windows_are_mended_as_they_are_joined():
    """Windows that start a held chord anew, each at phases of its own, join to one chord."""
    windows = WindowConfig(length=300, context=64, fade=16)
    generator = np.random.default_rng(5)

    def decode(frames):
        return tones(len(frames) * HOP_LENGTH, generator.uniform(-np.pi, np.pi, 5))

    audio = over_windows(decode, [np.zeros(700)], windows, rate_out=HOP_LENGTH, mend=seams.mend)
    assert audio.shape == (700 * HOP_LENGTH,)
    level = levels(audio)
    assert level.min() > 0.8 and level.max() < 1.2
