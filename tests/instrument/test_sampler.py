import numpy as np
import pytest

from compjax.constants import midi_to_hz
from compjax.instrument import sampler
from compjax.instrument.cutting import Sample
from compjax.music.score import Note

RATE = 24_000
PLAIN = sampler.SamplerConfig(accent=0.0)


def tone(pitch: float, seconds: float, struck: bool = True) -> Sample:
    time = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * k * midi_to_hz(pitch) * time) / k for k in (1, 2, 3)).astype(np.float32)
    return Sample(sound, pitch, len(sound) - 600, 1.0, struck, 1.0)


def level(sound, step=1200):
    return np.sqrt(np.square(sound[: len(sound) // step * step]).reshape(-1, step).mean(axis=1))


def test_a_loop_goes_on_without_a_seam():
    sound = sampler.looped(tone(57.3, 0.8).sound, 18_000, 4 * RATE, RATE, PLAIN)
    assert len(sound) >= 4 * RATE
    assert level(sound).min() > 0.93 * level(sound).max()
    assert np.abs(np.diff(sound, 2)).max() < 1.1 * np.abs(np.diff(tone(57.3, 0.8).sound, 2)).max()


def test_a_note_has_its_pitch_and_length():
    sound = sampler.play(
        [tone(60.0, 1.0)], [Note(0.5, 2.5, 63, 1.0)], 4 * RATE, RATE, True, 0.05, config=PLAIN
    )
    spectrum = np.abs(np.fft.rfft(sound[RATE : 2 * RATE] * np.hanning(RATE)))
    assert np.argmax(spectrum) == pytest.approx(midi_to_hz(63), abs=1.0)
    assert not sound[: RATE // 2].any()
    loud = level(sound)
    assert loud[12:48].min() > 0.85 * loud.max() and loud[56:].max() < 0.01 * loud.max()


def test_what_dies_away_is_not_looped():
    sound = sampler.play([tone(60.0, 0.5)], [Note(0.0, 2.0, 60, 1.0)], 3 * RATE, RATE, False, 0.05)
    assert not sound[round(0.6 * RATE) :].any() and sound[round(0.4 * RATE) : round(0.45 * RATE)].any()


def test_the_nearest_sample_plays_unless_it_is_poor():
    low, high, blind = tone(48, 1.0), tone(60, 1.0), tone(55, 1.0, struck=False)
    note = Note(0.0, 0.5, 56, 1.0)
    assert sampler.nearest([low, high, tone(55, 1.0)], note, RATE, False, PLAIN).pitch == 55
    assert sampler.nearest([low, high, blind], note, RATE, False, PLAIN) is high or blind
    assert sampler.nearest([low, high], Note(0.0, 0.5, 60, 1.0), RATE, True, PLAIN) is low


def test_samples_are_brought_halfway_to_one_level():
    soft, loud = tone(48, 1.0), tone(60, 1.0)
    loud = Sample(4.0 * loud.sound, 60, loud.body, 1.0, True, 1.0)
    levels = [level(sample.sound)[2] for sample in sampler.balanced([soft, loud], RATE)]
    assert levels[1] / levels[0] == pytest.approx(2.0, rel=0.05)
    assert sampler.balanced([], RATE) == ()
