"""Transforms of real signals: NumPy's numbers, in the precision that came, along any axis, under JAX too."""

import jax.numpy as jnp
import numpy as np
import pytest

from compjax.audio.transforms import fourier


@pytest.mark.parametrize(
    "shape, size, axis", [((3, 1024), None, -1), ((500, 2), 512, 0), ((2, 700), 601, -1)]
)
def test_spectra_are_those_of_numpy(rng, shape, size, axis):
    signal = rng.standard_normal(shape)
    wanted = np.fft.rfft(signal, size, axis=axis)
    np.testing.assert_allclose(fourier.rfft(signal, size, axis), wanted, atol=1e-11)
    single = fourier.rfft(signal.astype(np.float32), size, axis)
    assert single.dtype == np.complex64
    np.testing.assert_allclose(single, wanted, atol=1e-3)
    under_jax = fourier.rfft(jnp.asarray(signal, jnp.float32), size, axis, jnp)
    np.testing.assert_allclose(under_jax, wanted, atol=1e-3)


def test_there_and_back_keeps_the_signal_and_its_precision(rng):
    signal = rng.standard_normal((4, 750)).astype(np.float32)
    for xp in (np, jnp):
        back = fourier.irfft(fourier.rfft(xp.asarray(signal), xp=xp), 750, xp=xp)
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, signal, atol=1e-5)


@pytest.mark.parametrize("least", [1, 97, 4096, 216_001])
def test_fast_sizes_have_small_factors_and_are_near(least):
    size = fourier.fast_size(least)
    assert least <= size <= 1.2 * least + 1
    for factor in (2, 3, 5):
        while size % factor == 0:
            size //= factor
    assert size == 1
