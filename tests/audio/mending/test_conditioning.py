import numpy as np
import pytest

from compjax.audio.loudness import rms
from compjax.audio.mending import conditioning


def sine(frequency, seconds=3.0, amplitude=0.1):
    time = np.arange(round(seconds * 24_000)) / 24_000
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.parametrize("frequency", [25.0, 41.2, 440.0])
@pytest.mark.parametrize("offset", [0.02, 0.5, -0.9])
def test_constant_is_taken_out(frequency, offset):
    audio = sine(frequency)
    out, remarks = conditioning.without_offset(audio + np.float32(offset))
    np.testing.assert_allclose(out[6_000:-6_000], audio[6_000:-6_000], atol=2e-3)
    assert "constant" in remarks[0]


def test_slow_wander_is_taken_out():
    audio, wander = sine(220.0, amplitude=0.02), sine(0.3, amplitude=0.5)
    out, remarks = conditioning.without_offset(audio + wander)
    assert rms((out - audio)[12_000:-12_000]) < 0.01 and remarks


@pytest.mark.parametrize("frequency", [25.0, 41.2, 440.0])
def test_sound_without_a_constant_is_left_alone(frequency):
    audio = sine(frequency)
    out, remarks = conditioning.without_offset(audio)
    assert out is audio and not remarks


def test_a_constant_alone_is_silence():
    out, remarks = conditioning.without_offset(np.full(24_000, 0.25, np.float32))
    assert rms(out) < 1e-6 and remarks


@pytest.mark.parametrize("gain", [2.0, 10.0, 1e6])
def test_over_full_scale_is_turned_down_to_it(gain):
    audio = sine(440.0, amplitude=gain)
    out, remarks = conditioning.within_range(audio, audio)
    assert np.abs(out).max() == pytest.approx(1.0, abs=1e-3) and "over full scale" in remarks[0]


@pytest.mark.parametrize("gain", [1e-4, 1e-3])
def test_very_quiet_is_turned_up(gain):
    audio = sine(440.0, amplitude=gain)
    out, remarks = conditioning.within_range(audio, audio)
    assert rms(out) == pytest.approx(0.1, rel=1e-3) and "turned up" in remarks[0]


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.3])
def test_usual_levels_are_left_alone(gain):
    audio = sine(440.0, amplitude=gain)
    out, remarks = conditioning.within_range(audio, audio)
    assert out is audio and not remarks
