"""A clip as it came: its channels, what lies above 12 kHz, and how loud it is."""

import numpy as np
import pytest
import soundfile

from compjax.audio import loudness, waveform

RATE = 44_100


def tone(hz: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def recorded(tmp_path, *channels):
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.stack(channels, axis=1), RATE, "FLOAT")
    return waveform.read_recording(path)


def level_at(sound: np.ndarray, hz: float, rate: int) -> float:
    """Amplitude of a sine in sound `[S]`."""
    window = np.hanning(len(sound))
    phase = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / rate)
    return 2 * abs(np.sum(sound * window * phase)) / window.sum()


def test_left_and_right_and_the_top_octave_are_there(tmp_path):
    original = recorded(tmp_path, tone(500.0) + tone(15_000.0), tone(700.0)).original
    assert (original.rate, original.channels, original.frames) == (RATE, 2, 2 * RATE)
    sound = original.stretch(0.5, 1.0, 48_000, 2)
    assert sound.shape == (48_000, 2)
    assert level_at(sound[:, 0], 500.0, 48_000) == pytest.approx(0.2, rel=0.02)
    assert level_at(sound[:, 0], 15_000.0, 48_000) == pytest.approx(0.2, rel=0.02)
    assert level_at(sound[:, 1], 500.0, 48_000) < 0.01
    assert level_at(original.stretch(0.5, 1.0, 48_000, 1)[:, 0], 700.0, 48_000) == pytest.approx(
        0.1, rel=0.02
    )


def test_channels_that_cancel_are_turned_and_sides_held_below_the_middle(tmp_path):
    turned = recorded(tmp_path, tone(500.0), -tone(500.0)).original
    assert turned.channels == 1
    wide = recorded(tmp_path, tone(500.0) + tone(90.0), tone(500.0) - 0.3 * tone(90.0)).original
    sound = wide.stretch(0.0, 2.0, RATE, 2)
    assert level_at(sound.mean(axis=1), 500.0, RATE) == pytest.approx(0.2, rel=0.02)
    middle, side = (level_at(sound @ np.float32([0.5, sign]), 90.0, RATE) for sign in (0.5, -0.5))
    assert side <= 1.2 * middle and level_at(wide.stretch(0.0, 2.0, RATE, 1)[:, 0], 90.0, RATE) < 0.08


def test_a_stretch_beyond_the_end_is_silent(tmp_path):
    sound = recorded(tmp_path, tone(500.0), tone(700.0)).original.stretch(1.5, 1.0, RATE, 2)
    assert len(sound) == RATE and np.abs(sound[-RATE // 4 :]).max() < 0.02


def test_the_same_twice_is_one_channel(tmp_path):
    assert recorded(tmp_path, tone(500.0), tone(500.0)).original.channels == 1
    assert waveform.mono(np.stack([tone(500.0), tone(700.0)], axis=1), RATE).original.channels == 2


def test_loudness_is_that_of_both_channels(tmp_path):
    left, right = tone(997.0), 0.5 * tone(1500.0)
    whole = recorded(tmp_path, left, right).original.loudness()
    assert whole == pytest.approx(loudness.loudness_of(np.stack([left, right], axis=1), RATE), abs=1e-6)
    powers = [10 ** (loudness.loudness_of(one, RATE) / 10) for one in (left, right)]
    assert whole == pytest.approx(10 * np.log10(sum(powers) * 10**0.0691) - 0.691, abs=0.7)
    assert loudness.loudness_of(tone(997.0) * 5, RATE) == pytest.approx(-3.01, abs=0.05)


def test_the_same_sound_twice_is_as_loud_as_its_file(tmp_path):
    left = tone(440.0)
    twice, once = recorded(tmp_path, left, left).original, loudness.loudness_of(left, RATE)
    assert twice.channels == 1 and twice.loudness() == pytest.approx(once + 10 * np.log10(2), abs=0.01)
