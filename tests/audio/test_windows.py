import numpy as np
import pytest

from compjax import progress
from compjax.audio.windows import WindowConfig, over_windows, starts

CONFIG = WindowConfig(length=32, context=4, fade=4)  # stride 20


@pytest.mark.parametrize(
    "total, expected", [(1, [0]), (32, [0]), (33, [0, 1]), (52, [0, 20]), (60, [0, 20, 28])]
)
def test_windows_start_every_stride_and_the_last_ends_with_the_clip(total, expected):
    assert starts(total, CONFIG) == expected


@pytest.mark.parametrize("total", [1, 31, 32, 33, 52, 53, 71, 72, 73, 500])
def test_identity_stays_identity(total, rng):
    whole = rng.normal(size=(total, 3)).astype(np.float32)
    joined = over_windows(lambda x: x, [whole], CONFIG)
    assert joined.shape == whole.shape
    np.testing.assert_allclose(joined, whole, atol=1e-6)


@pytest.mark.parametrize("total", [20, 33, 100, 241])
def test_local_function_has_no_seam(total, rng):
    """A filter that reaches as far as the context gives what it gives over the whole clip."""
    kernel = rng.normal(size=2 * CONFIG.context + 1)
    whole = rng.normal(size=total).astype(np.float32)

    def smooth(x):
        return np.convolve(np.pad(x, CONFIG.context), kernel, mode="valid")

    np.testing.assert_allclose(over_windows(smooth, [whole], CONFIG), smooth(whole), atol=1e-5)


def test_filter_beyond_the_context_does_show():
    """The test above could fail: half the context is too little for the same filter."""
    whole = np.random.default_rng(3).normal(size=100)
    narrow = WindowConfig(length=32, context=2, fade=0)

    def smooth(x):
        return np.convolve(np.pad(x, 4), np.ones(9), mode="valid")

    assert np.abs(over_windows(smooth, [whole], narrow) - smooth(whole)).max() > 0.1


def test_windows_that_disagree_are_cross_faded():
    """Constants 0, 1, 2, ... by window: a straight line over the fade, in the middle of the overlap."""
    count = iter(range(10))
    joined = over_windows(lambda x: np.full(32, float(next(count))), [np.zeros(52)], CONFIG)
    # The overlap is frames 20 to 31, its middle 26; the fade is frames 24 to 27.
    np.testing.assert_allclose(joined[22:30], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])


def test_short_clip_is_padded():
    seen = []

    def function(x):
        seen.append(x.copy())
        return x

    joined = over_windows(function, [np.ones(5)], CONFIG, pad=-2.0)
    np.testing.assert_array_equal(joined, np.ones(5))
    np.testing.assert_array_equal(seen[0], [1.0] * 5 + [-2.0] * 27)


def test_rates_change_between_samples_and_frames(rng):
    audio = rng.normal(size=100 * 8).astype(np.float32)
    frames = over_windows(lambda x: x.reshape(-1, 8).mean(1), [audio], CONFIG, rate_in=8)
    np.testing.assert_allclose(frames, audio.reshape(-1, 8).mean(1), atol=1e-6)
    back = over_windows(lambda x: np.repeat(x, 8), [frames], CONFIG, rate_out=8)
    np.testing.assert_allclose(back, np.repeat(frames, 8), atol=1e-6)


def test_several_arrays_and_results(rng):
    one, other = rng.normal(size=(2, 70, 2)).astype(np.float32)
    total, first = over_windows(lambda a, b: (a + b, a[:, 0]), [one, other], CONFIG)
    np.testing.assert_allclose(total, one + other, atol=1e-6)
    np.testing.assert_allclose(first, one[:, 0], atol=1e-6)


def test_progress_counts_windows():
    heard = []
    with progress.told_to(lambda *said: heard.append(said)), progress.phase("test", {}):
        over_windows(lambda x: x, [np.zeros(60)], CONFIG)
    assert heard == [("test", 0, 1), ("test", 1, 3), ("test", 2, 3), ("test", 3, 3)]


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="no room"):
        WindowConfig(length=10, context=4, fade=4)
    with pytest.raises(ValueError, match="not one length"):
        over_windows(lambda a, b: a, [np.zeros(5), np.zeros(6)], CONFIG)
    with pytest.raises(ValueError, match="gave a result"):
        over_windows(lambda a: a[1:], [np.zeros(5)], CONFIG)
