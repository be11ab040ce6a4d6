"""Novelty and anti-modulation, with answers worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses.novelty import anti_modulation, novelty_hinge, novelty_score, peak_envelope


def frames(*vectors):
    """One example with these frames, `[1, T, D]`."""
    return jnp.asarray(vectors, jnp.float32)[None]


# Cosines to the output: 0.8 and 0.6 to the input, 1 and -1 to the target.
OUTPUT = frames([1, 0], [1, 0])
INPUT = frames([4, 3], [3, 4])
TARGET = frames([2, 0], [-2, 0])


def test_hinge():
    # Frame 0: (0.8 - 0.7) + (1 - 0.7); frame 1: nothing above 0.7. The mean of 0.4 and 0.
    assert novelty_hinge(OUTPUT, INPUT, TARGET) == pytest.approx(0.2, abs=1e-5)
    assert novelty_hinge(OUTPUT, INPUT, TARGET, limit=0.5) == pytest.approx((0.3 + 0.5 + 0.1) / 2, abs=1e-5)


def test_copies_are_punished_and_new_frames_are_not():
    assert novelty_hinge(OUTPUT, OUTPUT, OUTPUT) == pytest.approx(0.6, abs=1e-5)
    assert novelty_hinge(OUTPUT, frames([0, 1], [0, 1]), frames([1, 2], [-1, 0])) == 0


def test_gradient_leads_away_and_is_finite_at_silence():
    output = frames([1, 0.1], [0, 0])
    slope = jax.grad(novelty_hinge)(output, TARGET, INPUT)
    assert np.isfinite(slope).all()
    assert novelty_hinge(output - 0.05 * slope, TARGET, INPUT) < novelty_hinge(output, TARGET, INPUT)


def test_score():
    # Nearest source: 1 in frame 0, 0.6 in frame 1.
    assert novelty_score(OUTPUT, INPUT, TARGET) == pytest.approx((0 + 0.4) / 2, abs=1e-5)
    assert novelty_score(OUTPUT, -OUTPUT, -OUTPUT) == 1


@pytest.mark.parametrize("function", [novelty_hinge, novelty_score])
def test_shapes_are_not_broadcast(function):
    with pytest.raises(ValueError, match=r"target_latents \[1, 1, 2\]"):
        function(OUTPUT, INPUT, TARGET[:, :1])
    with pytest.raises(ValueError, match="3 axes"):
        function(OUTPUT[0], INPUT[0], TARGET[0])


def test_peak_envelope():
    audio = jnp.asarray([[1.0, -3, 2, 0, 0.5, 0.5, 9]])
    np.testing.assert_array_equal(
        peak_envelope(audio, segments=3), [[3, 2, 0.5]]
    )  # the last sample is left over
    with pytest.raises(ValueError, match="at least"):
        peak_envelope(audio, segments=8)


def swell(shape):
    """Audio whose envelope of 250 segments is `shape`; two samples to a segment, of either sign."""
    return jnp.asarray(np.stack([shape, -np.asarray(shape)], axis=1).reshape(1, 500), jnp.float32)


def test_anti_modulation():
    time = 2 * np.pi * np.arange(250) / 250
    wave, other = 2 + np.sin(time), 2 + np.cos(time)
    assert anti_modulation(swell(wave), swell(5 * wave + 1)) == pytest.approx(1, abs=1e-5)
    assert anti_modulation(swell(wave), swell(4 - wave)) == pytest.approx(1, abs=1e-5)
    assert anti_modulation(swell(wave), swell(other)) == pytest.approx(0, abs=1e-5)
    assert anti_modulation(swell(wave), swell(wave + other)) == pytest.approx(0.5, abs=1e-5)
    assert anti_modulation(swell(np.ones(250)), swell(wave)) == pytest.approx(0, abs=1e-5)
