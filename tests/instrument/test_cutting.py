import dataclasses

import numpy as np
import pytest

from compjax.constants import midi_to_hz
from compjax.hearing.notes import HeardNote
from compjax.instrument import additive, cutting
from compjax.music.score import Note

RATE = 24_000


def sounding(hollow, notes):
    return additive.play(hollow, [Note(n.start, n.end, n.pitch, n.level) for n in notes], 3 * RATE, RATE)


def strength(sound, pitch):
    """Magnitude at a pitch's fundamental."""
    time = np.arange(len(sound)) / RATE
    return abs(np.sum(sound * np.hanning(len(sound)) * np.exp(-2j * np.pi * midi_to_hz(pitch) * time)))


def test_a_note_alone_is_the_recording_itself(hollow):
    note = HeardNote(0.5, 1.5, 60, 0.2)
    audio = sounding(hollow, [note])
    [sample] = cutting.cut(audio, RATE, hollow, [note])
    assert sample.struck and sample.purity > 0.98
    offset = int(np.argmax(np.correlate(audio[11_000:18_000], sample.sound[:4_000], "valid"))) + 11_000
    assert offset == pytest.approx(0.5 * RATE, abs=0.005 * RATE)
    own = audio[offset : offset + 20_000]
    assert np.abs(own - sample.sound[:20_000]).max() < 0.05 * np.abs(own).max()


def test_notes_of_a_chord_come_apart(hollow):
    chord = [HeardNote(0.5, 2.0, pitch, 0.2) for pitch in (57, 61, 64)]
    samples = {round(s.pitch): s.sound for s in cutting.cut(sounding(hollow, chord), RATE, hollow, chord)}
    assert set(samples) == {57, 61, 64}
    for own, sound in samples.items():
        for other in set(samples) - {own}:
            assert strength(sound, other) < 0.1 * strength(sound, own)


def test_the_longest_loudest_note_of_a_pitch_is_taken_and_few_in_all():
    notes = [HeardNote(i * 0.1, i * 0.1 + 0.1 + 0.05 * (i % 3), 40 + i // 2, 0.1) for i in range(60)]
    config = cutting.CuttingConfig()
    chosen = cutting.best_notes(notes, config)
    assert len(chosen) == config.most == len({notes[i].pitch for i in chosen})
    unstruck = dataclasses.replace(notes[0], struck=False)
    assert cutting.best_notes([unstruck, notes[0]], config) == [1]


def test_nothing_to_cut():
    assert cutting.cut(np.zeros(RATE, np.float32), RATE, None, []) == ()


def test_a_low_note_keeps_what_is_above_the_models_partials(hollow):
    """Beside a higher note, whose partials reach further: without them it would have nothing up there."""
    time = np.arange(2 * RATE) / RATE
    low = 0.2 * sum(np.sin(2 * np.pi * 55.0 * k * time + k * k) / k for k in range(1, 200)).astype(np.float32)
    notes = (HeardNote(0.0, 1.9, 33, 0.2), HeardNote(0.0, 1.9, 64, 0.2))
    high = additive.play(hollow, [Note(0.0, 1.9, 64, 0.2)], 2 * RATE, RATE)

    def above(sound: np.ndarray) -> float:
        """Power above 5 kHz in the first second."""
        power = np.square(np.abs(np.fft.rfft(sound[:RATE])))
        return float(power[np.fft.rfftfreq(RATE, 1 / RATE) > 5000].sum())

    kept = []
    for config in (cutting.CuttingConfig(), cutting.CuttingConfig(all_partials=True)):
        samples = cutting.cut(low + high, RATE, hollow, notes, config=config)
        kept += [above(sample.sound) for sample in samples if round(sample.pitch) == 33]
    assert kept[1] > 0.2 * above(low) and kept[1] > 2 * kept[0]


def test_a_sample_that_sounds_at_another_pitch_is_not_true(hollow):
    note = HeardNote(0.5, 1.5, 60, 0.2)
    [sample] = cutting.cut(sounding(hollow, [note]), RATE, hollow, [note])
    assert cutting.trueness(sample, RATE) > 0.95
    assert cutting.trueness(dataclasses.replace(sample, pitch=sample.pitch + 3.0), RATE) < 0.5
    stereo = dataclasses.replace(sample, sound=np.stack([sample.sound, sample.sound], axis=1))
    assert cutting.trueness(stereo, RATE) == pytest.approx(cutting.trueness(sample, RATE))
