import jax.numpy as jnp
import numpy as np
import pytest

from compjax.codec.vocos import bands, frequency

CONFIG = bands.BandConfig()


def levels(hertz):
    """Log band magnitudes `[1, T, 128]` of a steady sine."""
    audio = 0.1 * np.sin(2 * np.pi * hertz * np.arange(9600) / 24_000).astype(np.float32)
    return jnp.asarray(bands.log_bands(audio)[None, 12:18])


def cents(first, second):
    return 1200 * np.log2(float(first) / second)


def test_lobe_is_that_of_a_hann_window():
    """At whole bins from the sine: 1, 1/4, 0 (the window's transform is 1/2, 1, 1/2 there)."""
    np.testing.assert_allclose(
        frequency.lobe(np.array([0.0, 1.0, -1.0, 2.0])), [1.0, 0.25, 0.25, 0.0], atol=1e-3
    )


@pytest.mark.parametrize("hertz", [65.0, 100.3, 147.0, 311.1, 440.0, 501.7])
def test_low_partials_to_a_cent(hertz):
    level = levels(hertz)
    found, peaks = frequency.partials(level, CONFIG)
    band = int(np.argmax(level[0, 3]))
    assert bool(peaks[0, 3, band])
    assert abs(cents(found[0, 3, band], hertz)) < 1.0


@pytest.mark.parametrize("hertz", [700.0, 1234.0, 3001.0])
def test_high_partials_to_a_quarter_tone(hertz):
    level = levels(hertz)
    found, _ = frequency.partials(level, CONFIG)
    assert abs(cents(found[0, 3, int(np.argmax(level[0, 3]))], hertz)) < 30.0


def test_bins_of_the_main_lobe_take_the_partial():
    hertz, inside = frequency.nearest_partial(levels(330.0), 641, CONFIG)  # bin 17.6
    assert bool(jnp.all(inside[0, 3, 16:20]))
    np.testing.assert_allclose(hertz[0, 3, 16:20], 330.0, rtol=1e-3)


def test_advance_of_by_hand():
    """75 Hz turns once per hop, 93.75 Hz one and a quarter times."""
    np.testing.assert_allclose(frequency.advance_of(jnp.array([75.0, 93.75])), [0.0, np.pi / 2], atol=1e-5)


def test_silence_has_no_nan():
    hertz, _ = frequency.nearest_partial(jnp.full((1, 3, 128), np.log(1e-5)), 641, CONFIG)
    assert bool(jnp.all(jnp.isfinite(hertz)))
