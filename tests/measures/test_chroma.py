import librosa
import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import chroma


def share(audio, pitches):
    """Share of energy on the pitch classes of the pitches."""
    energy = chroma.describe(audio).chroma.sum(axis=0)
    return energy[[p % 12 for p in pitches]].sum() / energy.sum()


@pytest.mark.parametrize("pitches", [(48,), (36,), (48, 52, 55), (45, 48, 52, 55), (40, 47, 52, 56, 59, 64)])
def test_energy_is_on_the_notes_and_not_on_their_overtones(chord, pitches):
    assert share(chord(pitches), pitches) > 0.99


def test_every_tone_of_a_chord_is_heard(chord):
    energy = chroma.describe(chord((48, 52, 55, 59))).chroma.sum(axis=0)
    assert set(np.argsort(energy)[-4:]) == {0, 4, 7, 11}
    assert energy[[0, 4, 7, 11]].min() > 0.3 * energy.max()


def test_octaves_of_single_notes(tone):
    for pitch in (36, 52, 69, 84):
        assert chroma.describe(tone(pitch)).notes.sum(axis=0).argmax() == pitch - chroma.LOWEST


@pytest.mark.parametrize("cents", [-35.0, 0.0, 20.0, 40.0])
def test_tuning_is_heard_and_taken_off(chord, tone, cents):
    audio = sum(tone(p, cents=cents) for p in (60, 64, 67))
    assert chroma.describe(audio).tuning == pytest.approx(cents, abs=4.0)
    assert share(audio, (60, 64, 67)) > 0.98


@pytest.mark.slow  # librosa compiles its peak picker first
def test_librosa_hears_the_same_tuning(tone):
    audio = sum(tone(p, cents=20.0) for p in (60, 64, 67))
    theirs = 100 * librosa.estimate_tuning(y=audio, sr=SAMPLE_RATE)
    assert chroma.describe(audio).tuning == pytest.approx(theirs, abs=6.0)


def test_noise_has_no_chord_and_silence_nothing(rng):
    energy = chroma.describe(0.1 * rng.standard_normal(4 * SAMPLE_RATE).astype(np.float32)).chroma.sum(axis=0)
    assert energy.max() < 0.35 * energy.sum()
    assert chroma.describe(np.zeros(SAMPLE_RATE, np.float32)).chroma.sum() < 1e-12


def test_clicks_hardly_disturb_a_chord(chord, clicks):
    audio = 0.1 * chord((48, 52, 55), 4.0) + 0.2 * clicks(np.arange(0.2, 3.9, 0.25))
    assert share(audio, (48, 52, 55)) > 0.9


def test_templates_by_hand():
    bank = chroma.templates(partials=3, decay=0.5)
    low = bank[0]  # fundamental, octave, and the twelfth, 2 cents from 19 semitones
    np.testing.assert_allclose(low[[0, 12, 19]], [1.0, 0.5, 0.25], rtol=5e-3)
    assert np.count_nonzero(low) == 3


def test_fold_adds_octaves():
    notes = np.zeros((1, chroma.NOTES))
    notes[0, [60 - chroma.LOWEST, 72 - chroma.LOWEST, 61 - chroma.LOWEST]] = [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(chroma.fold(notes)[0], [3, 4] + [0] * 10)
