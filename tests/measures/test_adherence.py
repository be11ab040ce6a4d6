import dataclasses
import time
import types

import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import adherence
from compjax.measures.adherence import Known
from compjax.music.factors import Switches

BEATS = np.arange(0.25, 3.9, 0.5)
STEPS = np.array([0.25, 0.5, 1.25, 1.5, 2.25, 2.5, 3.0, 3.25])


def span(start, end, *pitches):
    return types.SimpleNamespace(start=start, end=end, pitches=pitches, bass=pitches[0])


@pytest.fixture
def pair(clicks, chord):
    """Drums on STEPS, and two held chords of a bright tone: C major, then F minor."""
    held = np.concatenate([chord((48, 52, 55), 2.0, 16), chord((53, 56, 60), 2.0, 16)])
    return adherence.describe(clicks(STEPS)), adherence.describe(held)


@pytest.fixture
def ideal(melody):
    """The drums' rhythm on the tones of the chords, with their timbre."""
    return adherence.describe(melody(STEPS, [60, 52, 55, 64, 60, 65, 68, 53], partials=16))


def test_the_ideal_output_keeps_every_factor_and_is_new(pair, ideal):
    scores = adherence.evaluate(ideal, *pair)
    assert scores.onset_f1 == 1.0 and abs(scores.onset_lag) <= 0.02
    assert scores.envelope_cosine > 0.7
    assert scores.in_chord > 0.9 and scores.chroma_cosine > 0.6
    assert scores.timbre_margin > 0.3
    assert scores.gating_r2 < 0.8 and scores.mix_r2 < 0.3
    assert scores.note_f1 is None and scores.ngram_novelty is None


def test_copies_win_their_own_columns_only(pair):
    given, target = pair
    scores = adherence.evaluate(target, given, target)
    assert (
        scores.in_chord > 0.98 and scores.chroma_cosine == pytest.approx(1.0) and scores.timbre_margin == 1.0
    )
    assert scores.onset_f1 < 0.5 and scores.gating_r2 > 0.99 and scores.copy_target > 0.99
    scores = adherence.evaluate(given, given, target)
    assert scores.onset_f1 == 1.0 and scores.timbre_margin == -1.0 and scores.copy_input > 0.99


def test_switches_choose_the_source(pair):
    given, target = pair
    scores = adherence.evaluate(target, given, target, Switches("target", "target", "input"))
    assert scores.onset_f1 == scores.beat_f1 == 1.0
    assert scores.envelope_cosine == pytest.approx(1.0)
    assert scores.timbre_margin == -1.0


def test_known_chords_and_notes_are_used(pair, ideal):
    note = lambda start, pitch: types.SimpleNamespace(start=start, end=start + 0.2, pitch=pitch)  # noqa: E731
    notes = tuple(note(s, p) for s, p in zip(STEPS, [60, 52, 55, 64, 60, 65, 68, 53], strict=True))
    right = Known((span(0.0, 2.0, 48, 52, 55), span(2.0, 4.0, 53, 56, 60)), notes, notes)
    scores = adherence.evaluate(ideal, *pair, known=right, notes=notes)
    assert scores.in_chord > 0.95 and scores.note_f1 == 1.0 and scores.ngram_novelty == 0.0
    wrong = dataclasses.replace(right, spans=(span(0.0, 4.0, 49, 54, 58),))
    assert adherence.evaluate(ideal, *pair, known=wrong, notes=notes[:4]).in_chord < 0.05
    assert adherence.evaluate(ideal, *pair, known=wrong, notes=notes[:4]).note_f1 == pytest.approx(8 / 12)


def test_known_classes_by_hand():
    spans = (span(1.0, 2.0, 48, 64), span(2.0, 3.0, 53))
    classes = adherence.known_classes(spans, np.array([0.0, 1.5, 1.95, 2.05, 2.5, 9.0]))
    sounding = [sorted(np.flatnonzero(row)) for row in classes]
    assert sounding == [[0, 4], [0, 4], [0, 4, 5], [0, 4, 5], [5], [5]]


def test_sounding_classes_of_a_recording(pair):
    _, target = pair
    classes = adherence.sounding_classes(target, len(target.pitch.times))
    before, after = target.pitch.times < 1.6, target.pitch.times > 2.4
    assert (classes[before] == np.isin(np.arange(12), [0, 4, 7])).all()
    assert (classes[after] == np.isin(np.arange(12), [5, 8, 0])).all()


def test_what_sounded_last_goes_on_through_silence(chord):
    audio = np.concatenate([chord((48, 52, 55), 1.0), np.zeros(2 * SAMPLE_RATE, np.float32)])
    classes = adherence.sounding_classes(adherence.describe(audio), 30)
    assert (classes[-1] == np.isin(np.arange(12), [0, 4, 7])).all()


def test_a_short_source_is_looped(clicks, melody):
    times = np.array([0.1, 0.4, 0.8])
    source = adherence.describe(clicks(times, 1.0))
    output = adherence.describe(melody(np.concatenate([times + k for k in range(4)]), [60, 64, 67] * 4))
    assert adherence.onset_agreement(output, source)[0] == 1.0
    np.testing.assert_allclose(adherence.looped(times, 1.0, 2.3), [0.1, 0.4, 0.8, 1.1, 1.4, 1.8, 2.1])


@pytest.mark.parametrize("audio", [np.zeros((2, 8)), np.zeros(0), np.array([0.0, np.nan])])
def test_audio_is_validated(audio):
    with pytest.raises(ValueError, match="finite samples"):
        adherence.describe(audio)


def test_silence_scores_nothing(pair):
    silence = adherence.describe(np.zeros(4 * SAMPLE_RATE, np.float32))
    scores = adherence.evaluate(silence, *pair)
    assert scores.onset_f1 == scores.in_chord == scores.chroma_cosine == scores.envelope_cosine == 0.0
    assert scores.gating_r2 == scores.mosaic_r2 == 1.0


def test_switches_are_validated():
    assert Switches().label == "ITT"
    with pytest.raises(ValueError, match="harmony"):
        Switches(harmony="auto")


def test_eight_seconds_are_described_quickly(rng):
    audio = rng.standard_normal(8 * SAMPLE_RATE).astype(np.float32)
    adherence.evaluate(*[adherence.describe(audio)] * 3)  # filters are made once
    start = time.process_time()
    adherence.evaluate(*[adherence.describe(audio)] * 3)
    assert time.process_time() - start < 1.0  # 0.2 s on a quiet core; compose pays this once
