import numpy as np
import pytest

from compjax.audio import loudness


def sine(amplitude, frequency=441.0, seconds=1.0, rate=24_000):
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_rms_of_a_sine_is_amplitude_over_root_two():
    assert loudness.rms(sine(0.5)) == pytest.approx(0.5 / np.sqrt(2), rel=1e-6)


def test_rms_of_nothing_is_zero():
    assert loudness.rms(np.zeros(0, np.float32)) == 0.0


def test_rms_of_huge_float32_does_not_overflow():
    assert loudness.rms(np.full(4, 1e30, np.float32)) == pytest.approx(1e30, rel=1e-6)


@pytest.mark.parametrize("amplitude", [1e-3, 0.1, 1.0, 1e4])
def test_normalize_rms_reaches_the_reference(amplitude):
    out = loudness.normalize_rms(sine(amplitude))
    assert out.dtype == np.float32
    assert loudness.rms(out) == pytest.approx(0.1, rel=1e-5)


def test_normalize_rms_leaves_silence_silent():
    hiss = np.full(1000, 1e-7, np.float32)
    assert loudness.is_silent(hiss)
    np.testing.assert_array_equal(loudness.normalize_rms(hiss), np.zeros(1000))


def test_limiter_leaves_quiet_audio_alone():
    audio = sine(0.9)
    np.testing.assert_array_equal(loudness.limit_peaks(audio), audio)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 24_000])
def test_limiter_never_exceeds_the_ceiling(rng, size):
    audio = (3.0 * rng.standard_normal(size) + 2.0).astype(np.float32)
    out = loudness.limit_peaks(audio)
    assert out.shape == audio.shape
    assert np.max(np.abs(out)) <= np.float32(0.98)
    assert np.all(np.sign(out) == np.sign(audio))


def test_limiter_turns_down_only_around_the_peak():
    audio = sine(0.5)
    audio[12_000] = 2.0
    out = loudness.limit_peaks(audio)
    assert out[12_000] == pytest.approx(0.98, abs=1e-6)
    far = np.abs(np.arange(audio.size) - 12_000) > 2048
    np.testing.assert_array_equal(out[far], audio[far])


def test_limiter_gain_has_no_jump():
    audio = sine(0.5)
    audio[12_000:12_100] *= 4
    near = np.abs(audio) > 0.05  # the gain can be read where there is signal
    gain = (loudness.limit_peaks(audio) / np.where(near, audio, 1))[near]
    assert gain.min() < 0.5
    assert np.max(np.abs(np.diff(gain))) < 0.01


def test_limited_steady_sine_keeps_its_shape():
    out = loudness.limit_peaks(sine(2.0))
    np.testing.assert_allclose(out[4096:-4096], sine(0.98)[4096:-4096], atol=2e-3)


@pytest.mark.parametrize(
    ("frequency", "known"), [(997.0, -3.01), (100.0, -4.835), (25.0, -14.09), (8_000.0, 0.338)]
)
def test_loudness_of_a_full_scale_sine(frequency, known):
    """-3.01 LKFS is BS.1770-4's own; the others are the gains of its filters, by their formulas at 48 kHz."""
    assert loudness.loudness_of(sine(1.0, frequency, 5.0)) == pytest.approx(known, abs=0.03)


def test_quiet_parts_do_not_count():
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 LUFS are -23."""
    quiet, loud = (sine(10 ** ((level + 3.01) / 20), 997.0) for level in (-36.0, -23.0))
    parts = [np.tile(quiet, 10), np.tile(loud, 60), np.tile(quiet, 10)]
    assert loudness.loudness_of(np.concatenate(parts)) == pytest.approx(-23.0, abs=0.1)


def test_loudness_does_not_depend_on_where_chunks_meet(rng):
    audio = (0.1 * rng.standard_normal(130 * 24_000)).astype(np.float32)
    parts = [loudness.loudness_of(audio[begin:]) for begin in (0, 24_000)]
    assert parts[0] == pytest.approx(parts[1], abs=0.01)
    assert loudness.loudness_of(np.concatenate([np.zeros(240_000, np.float32), audio])) == pytest.approx(
        parts[0], abs=0.01
    )


@pytest.mark.parametrize("size", [0, 100, 9_599])
def test_silence_has_no_loudness(size):
    assert loudness.loudness_of(np.zeros(size, np.float32)) == -np.inf
    assert loudness.sounding_loudness(np.zeros(size, np.float32)) == -np.inf


def test_sounding_loudness_is_that_of_any_level():
    loud = loudness.loudness_of(sine(0.5, 997.0))
    assert loudness.sounding_loudness(sine(0.5e-4, 997.0)) == pytest.approx(loud - 80.0, abs=0.01)


def test_gain_is_bounded():
    assert loudness.gain_to(-20.0, -26.0) == pytest.approx(2.0, rel=0.01)
    assert loudness.gain_to(0.0, -90.0) == loudness.MAX_GAIN
    assert loudness.gain_to(-20.0, -np.inf) == 0.0
