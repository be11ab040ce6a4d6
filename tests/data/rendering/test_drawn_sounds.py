"""Drawn instruments and kits: reproducible, at the pitch they are told, different from one another."""

import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE, midi_to_hz
from compjax.data.rendering.drums import LONGEST, Drums, piece
from compjax.data.rendering.tones import Tones, draw_tone, partials_of


def tone(program, key=60, seconds=1.0, tuning=0.0):
    samples = int(seconds * SAMPLE_RATE)
    events = [(0, key, 100), (samples, key, 0)]
    return Tones().render(events, 0, program, samples, SAMPLE_RATE, tuning)


def test_a_number_is_an_instrument():
    one, same, other = tone(7), tone(7), tone(8)
    assert np.array_equal(one, same) and not np.allclose(one, other)
    assert np.isfinite(one).all() and 1e-3 < np.abs(one).max() < 2.0


@pytest.mark.parametrize("program", range(12))
def test_a_tone_has_its_pitch(program):
    """The spectrum's energy lies at multiples of the fundamental, whatever the instrument."""
    audio = tone(program, key=57, seconds=2.0)
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    number = np.round(hz / 220.0)
    stretched = np.sqrt(1.0 + draw_tone(program).stretch * number**2)
    cents = 1200 * np.abs(np.log2(np.maximum(hz, 1.0) / np.maximum(220.0 * number * stretched, 1.0)))
    harmonic = (number > 0) & (number < 12) & (cents < 80)
    assert power[harmonic].sum() > 0.8 * power[(hz > 100) & (number < 12)].sum()


def test_tuning_is_in_cents():
    program = next(p for p in range(50) if not draw_tone(p).is_struck and not draw_tone(p).vibrato[1])
    flat = tone(program, 69, 2.0, tuning=-50.0)
    hz = np.fft.rfftfreq(len(flat), 1 / SAMPLE_RATE)
    near = (hz > 400) & (hz < 480)
    peak = hz[near][np.abs(np.fft.rfft(flat * np.hanning(len(flat))))[near].argmax()]
    assert abs(1200 * np.log2(peak / 440.0) + 50.0) < 25.0


def test_no_partial_is_above_the_band():
    for program in range(20):
        k, amplitude = partials_of(draw_tone(program), midi_to_hz(100), 1.0, SAMPLE_RATE)
        assert (k * midi_to_hz(100) < SAMPLE_RATE / 2).all() and (amplitude > 0).all()


def test_a_note_ends():
    samples = 4 * SAMPLE_RATE
    audio = Tones().render([(0, 60, 100), (SAMPLE_RATE // 2, 60, 0)], 0, 3, samples, SAMPLE_RATE)
    assert np.abs(audio[-SAMPLE_RATE // 2 :]).max() < 0.01 * np.abs(audio).max()


@pytest.mark.parametrize("key", [36, 37, 38, 39, 42, 45, 46, 51, 70])
def test_pieces_sound_and_die_away(key):
    wave = piece(key, 5, 48_000)
    assert np.isfinite(wave).all() and len(wave) == int(LONGEST * 48_000)
    assert np.abs(wave[-2400:]).max() < 0.5 * np.abs(wave[:2400]).max()


def test_a_kick_is_low_and_a_hat_is_high():
    def center(key):
        power = np.abs(np.fft.rfft(piece(key, 11, 48_000))) ** 2
        return (power * np.fft.rfftfreq(int(LONGEST * 48_000), 1 / 48_000)).sum() / power.sum()

    assert center(36) < 400 < 3000 < center(42)


def test_strokes_are_where_they_are_played():
    audio = Drums().render([(1000, 38, 127), (30_000, 36, 64), (40_000, 36, 0)], 0, 2, 48_000, 48_000)
    assert not audio[:1000].any() and np.abs(audio[1000:1500]).max() > 0.01
