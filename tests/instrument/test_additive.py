import numpy as np
import pytest

from compjax.constants import midi_to_hz
from compjax.instrument import additive
from compjax.music.score import Note

NOTE = Note(0.5, 1.0, 60, 0.5)


@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_attack_is_sharp_and_nothing_is_heard_before_it(hollow, rate):
    sound = additive.play(hollow, [NOTE], 2 * rate, rate)
    level = np.abs(sound)
    begun = round(0.5 * rate)
    assert level[: begun - rate // 100].max() < 1e-3 * level.max()
    loud = np.flatnonzero(level > 0.5 * level.max())[0]
    assert begun <= loud < begun + 0.015 * rate


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_partials_lie_where_the_pitch_has_them_at_any_rate(hollow, rate):
    sound = additive.play(hollow, [Note(0.0, 2.0, 60, 1.0)], 2 * rate, rate, cents=30.0)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hz = midi_to_hz(60.3)
    assert np.argmax(spectrum) / 2.0 == pytest.approx(hz, abs=0.5)
    first, second, third = (spectrum[round(2 * k * hz) - 2 : round(2 * k * hz) + 3].max() for k in (1, 2, 3))
    assert second < 0.1 * third < 0.1 * first


def test_a_note_that_is_let_go_dies_away_without_a_click(hollow):
    sound = additive.play(hollow, [NOTE], 48_000, 24_000)
    assert np.abs(sound[round(1.5 * 24_000) :]).max() < 0.01 * np.abs(sound).max()
    held, after = sound[20_000:24_000], sound[24_000:36_000]
    assert np.abs(np.diff(after, 2)).max() < 1.2 * np.abs(np.diff(held, 2)).max()


def test_same_seed_same_sound(hollow):
    one, again, other = (additive.play(hollow, [NOTE], 24_000, 24_000, seed=(s,)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_noise_is_as_loud_as_the_bands_say(hollow):
    import dataclasses

    from compjax.codec.vocos.bands import log_bands

    noisy = dataclasses.replace(hollow, envelope=hollow.envelope - 40.0, noise=hollow.noise * 0 - 8.0)
    sound = additive.play(noisy, [Note(0.0, 2.0, 60, 1.0)], 48_000, 24_000)
    power = np.exp(2.0 * log_bands(sound)[8:20]).mean(axis=0)
    assert np.log(power[30:110].mean()) == pytest.approx(-8.0 - 0.3, abs=0.5)  # it has begun to decay
