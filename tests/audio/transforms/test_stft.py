import jax.numpy as jnp
import numpy as np
import pytest

from compjax.audio.transforms import stft


def test_hann_of_four():
    np.testing.assert_allclose(stft.hann(4), [0.0, 0.5, 1.0, 0.5], atol=1e-7)


def test_frames_by_hand():
    frames = stft.frame(np.arange(7.0), 4, 2)
    np.testing.assert_array_equal(frames, [[0, 1, 2, 3], [2, 3, 4, 5]])  # sample 6 fills no frame


def test_hop_must_divide_the_frame():
    with pytest.raises(ValueError, match=r"hop \(3\) must divide the frame size \(4\)"):
        stft.frame(np.zeros(9), 4, 3)


def test_overlap_add_by_hand():
    frames = np.array([[1.0, 2, 3, 4], [10, 20, 30, 40], [100, 200, 300, 400]])
    np.testing.assert_array_equal(stft.overlap_add(frames, 2), [1, 2, 13, 24, 130, 240, 300, 400])


def test_overlap_add_is_the_adjoint_of_frame(rng):
    audio, frames = rng.standard_normal((2, 24)), rng.standard_normal((2, 5, 8))
    left = np.sum(stft.frame(audio, 8, 4) * frames)
    right = np.sum(audio * stft.overlap_add(frames, 4))
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(("size", "hop"), [(1280, 320), (640, 320), (1024, 256)])
def test_centered_round_trip(rng, size, hop):
    audio = rng.standard_normal((2, 10 * hop)).astype(np.float32)
    spectrum = stft.centered_stft(audio, size, hop)
    assert spectrum.shape == (2, 10, size // 2 + 1)
    inside = slice(hop // 2, -hop // 2) if size == 2 * hop else slice(None)  # Hann is 0 at the very ends
    np.testing.assert_allclose(stft.centered_istft(spectrum, hop)[:, inside], audio[:, inside], atol=1e-4)


def test_centered_frame_is_centred():
    audio = np.zeros(3200, np.float32)
    audio[320 * 4 + 160] = 1.0  # the middle of frame 4
    energy = np.sum(np.abs(stft.centered_stft(audio, 1280, 320)) ** 2, axis=-1)
    assert np.argmax(energy) == 4
    np.testing.assert_allclose(energy[3], energy[5], rtol=1e-4)


def test_phase_is_counted_from_the_middle():
    """A cosine whose maximum lies in the middle of a frame has phase 0 over its main lobe."""
    time = np.arange(3200) - (320 * 4 + 160)
    spectrum = stft.centered_stft(np.cos(2 * np.pi * 0.1 * time), 1280, 320)[4]
    np.testing.assert_allclose(np.angle(spectrum[127:130]), 0.0, atol=1e-3)


def test_magnitude_of_a_sine():
    audio = np.sin(2 * np.pi * 0.125 * np.arange(4096))
    magnitude = stft.magnitude(audio, 512, 128)
    assert magnitude.shape == (33, 257)
    # A full-scale sine on a bin's centre reads half the window's sum, 512 / 4.
    np.testing.assert_allclose(magnitude[8:-8, 64], 128.0, rtol=1e-3)


def test_magnitude_of_silence_is_the_floor():
    np.testing.assert_allclose(stft.magnitude(np.zeros(1024), 512, 128), 1e-7)


def test_jax_gives_the_same(rng):
    audio = rng.standard_normal((2, 3200)).astype(np.float32)
    numpy, jax = (stft.centered_stft(xp.asarray(audio), 1280, 320, xp) for xp in (np, jnp))
    np.testing.assert_allclose(jax, numpy, atol=1e-3)
    numpy, jax = (stft.centered_istft(xp.asarray(numpy), 320, xp) for xp in (np, jnp))
    np.testing.assert_allclose(jax, numpy, atol=1e-4)
    numpy, jax = (stft.magnitude(xp.asarray(audio), 512, 128, xp) for xp in (np, jnp))
    np.testing.assert_allclose(jax, numpy, atol=1e-3)
