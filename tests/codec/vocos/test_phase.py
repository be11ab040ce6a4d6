import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.audio.transforms import stft
from compjax.codec.vocos import phase

SIZE, HOP = 1280, 320


def log_magnitude(audio):
    return jnp.log(jnp.abs(stft.centered_stft(audio, SIZE, HOP, jnp)) + 1e-4)


def rebuilt(audio, steps=0):
    """`audio` from its magnitudes alone."""
    level = log_magnitude(audio)
    angle = phase.integrate(level, phase.time_gradient(level, HOP), phase.frequency_gradient(level, HOP))
    spectrum = jax.lax.complex(jnp.exp(level) * jnp.cos(angle), jnp.exp(level) * jnp.sin(angle))
    return stft.centered_istft(phase.refine(spectrum, HOP, steps), HOP, jnp)


def convergence(first, second):
    """Norm of the difference of two clips' magnitudes over the first's, in the middle of the clip."""
    one, two = (np.abs(stft.centered_stft(np.asarray(x), SIZE, HOP))[:, 3:-3] for x in (first, second))
    return np.linalg.norm(one - two) / np.linalg.norm(one)


@pytest.fixture
def chord():
    time = np.arange(40 * HOP) / 24_000
    tones = [np.sin(2 * np.pi * f * time) * np.exp(-2 * time) for f in (221.3, 331.7, 523.1, 1805.0)]
    return jnp.asarray(sum(tones)[None], jnp.float32) * 0.1


def test_nearest_peaks_by_hand():
    level = jnp.array([[[0.0, 3.0, 1.0, 0.0, 0.5, 2.0, 1.0]]])
    np.testing.assert_array_equal(phase.nearest_peaks(level)[0, 0], [1, 1, 1, 1, 5, 5, 5])


def test_flat_frame_has_a_peak():
    """Silence has no maximum but must not index out of range."""
    peaks = phase.nearest_peaks(jnp.zeros((1, 2, 5)))
    assert int(peaks.min()) >= 0 and int(peaks.max()) <= 4


def test_time_gradient_of_a_sine_is_its_frequency():
    frequency = 1000.0  # between bins 53 and 54
    audio = np.sin(2 * np.pi * frequency * np.arange(20 * HOP) / 24_000)
    advance = phase.time_gradient(log_magnitude(jnp.asarray(audio[None], jnp.float32)), HOP)[0, 10, 53:55]
    expected = 2 * np.pi * frequency * HOP / 24_000
    wrapped = np.angle(np.exp(1j * (np.asarray(advance) - expected)))
    assert np.all(np.abs(wrapped) < 0.15)


def test_frequency_gradient_of_a_click_is_its_delay():
    audio = np.zeros((1, 12 * HOP), np.float32)
    audio[0, 5 * HOP + 160 + 100] = 1.0  # 100 samples after the middle of frame 5
    slope = phase.frequency_gradient(log_magnitude(jnp.asarray(audio)), HOP)[0, 5, 100]
    assert float(slope) == pytest.approx(-2 * np.pi * 100 / SIZE, rel=0.2)


def test_magnitudes_suffice(chord):
    assert convergence(chord, rebuilt(chord)) < 0.2


def test_griffin_lim_improves(chord):
    assert convergence(chord, rebuilt(chord, 16)) < 0.9 * convergence(chord, rebuilt(chord))


def test_refining_keeps_magnitudes(chord, rng):
    spectrum = stft.centered_stft(chord, SIZE, HOP, jnp) * 1.5
    refined = phase.refine(spectrum, HOP, 3)
    np.testing.assert_allclose(np.abs(refined), np.abs(spectrum), atol=1e-3)
