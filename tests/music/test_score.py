import numpy as np
import pytest

from compjax.music.score import (
    Harmony,
    Hit,
    Note,
    Rhythm,
    Span,
    between,
    fold_pitch,
    heard,
    moved,
    salience,
    shifted,
)


@pytest.mark.parametrize(
    ("pitch", "folded"),
    [(24, 24), (87, 87), (23, 35), (12, 24), (0, 24), (88, 76), (99, 87), (100, 76), (60, 60)],
)
def test_fold_pitch_moves_by_octaves_into_the_roll(pitch, folded):
    assert fold_pitch(pitch) == folded


def test_chord_in_force_is_the_last_begun_and_the_first_before_that():
    harmony = Harmony((Span(1.0, 2.0, (60,), 60), Span(3.0, 4.0, (62,), 62)))
    assert [harmony.index_at(t) for t in (-5.0, 1.0, 2.5, 3.0, 9.0)] == [0, 0, 0, 1, 1]


def test_shifted_moves_hits_and_spans():
    rhythm, harmony = shifted(Rhythm((Hit(1.0, 0.5, 0, 1.0),)), Harmony((Span(0.0, 2.0, (60,), 60),)), -1.5)
    assert rhythm.hits[0].time == -0.5
    assert (harmony.spans[0].start, harmony.spans[0].end) == (-1.5, 0.5)


def test_between_keeps_what_sounds_and_cuts_at_the_end():
    hits = (Hit(-2.0, 1.0, 0, 1.0), Hit(-1.0, 3.0, 0, 1.0), Hit(3.0, 4.0, 1, 1.0), Hit(4.0, 1.0, 1, 1.0))
    kept = between(Rhythm(hits), 0.0, 4.0).hits
    assert [(hit.time, hit.length) for hit in kept] == [(-1.0, 3.0), (3.0, 1.0)]


def test_heard_keeps_exactly_the_pitches_that_sound():
    harmony = Harmony(
        (Span(0.0, 1.0, (60, 64, 67), 48), Span(1.0, 2.0, (62, 65), 50), Span(2.0, 9.0, (59,), 59))
    )
    notes = (Note(0.0, 0.9, 60, 1.0), Note(0.5, 0.9, 79, 1.0), Note(2.0, 3.0, 59, 1.0))
    spans = heard(harmony, notes, 4.0).spans
    assert [(span.start, span.pitches, span.bass) for span in spans] == [
        (0.0, (60, 79), 60),
        (2.0, (59,), 59),
    ]


def test_heard_ignores_what_sounds_only_before_the_clip_and_joins_equal_neighbours():
    harmony = Harmony((Span(-2.0, 0.0, (60,), 60), Span(0.0, 1.0, (64,), 64), Span(1.0, 2.0, (64, 67), 64)))
    notes = (Note(-2.0, -0.1, 60, 1.0), Note(0.0, 2.0, 64, 1.0))
    assert heard(harmony, notes, 4.0).spans == (Span(0.0, 2.0, (64,), 64),)


def test_salience_follows_spans_only_while_notes_sound():
    harmony = Harmony((Span(0.0, 0.2, (24, 28), 24), Span(0.2, 1.0, (87,), 87)))
    notes = (Note(0.0, 0.1, 24, 1.0), Note(0.2, 0.3, 87, 1.0))
    roll, bass = salience(harmony, notes, 30, release=0.0)
    times = (np.arange(30) + 0.5) / 75
    np.testing.assert_array_equal(roll[:, 0], times < 0.1)
    np.testing.assert_array_equal(roll[:, 4], times < 0.1)
    np.testing.assert_array_equal(roll[:, 63], (times >= 0.2) & (times < 0.3))
    assert roll.sum() == 2 * (times < 0.1).sum() + roll[:, 63].sum()
    np.testing.assert_array_equal(np.unique(bass), [-1, 24, 87])
    assert bass[0] == 24 and bass[-1] == -1


def test_a_kit_has_no_salience():
    roll, bass = salience(Harmony(), (Note(0.0, 1.0, 36, 1.0),), 75)
    assert not roll.any() and (bass == -1).all()


def test_moved():
    notes = (Note(0.1, 0.15, 60, 0.5), Note(0.15, 0.5, 62, 0.5), Note(0.3, 0.5, 64, 0.5))
    expected = (Note(0.0, pytest.approx(0.3), 62, 0.5), Note(pytest.approx(0.1), pytest.approx(0.3), 64, 0.5))
    assert moved(notes, -0.2) == expected
    assert moved(notes[:1], 1.0) == (Note(1.1, 1.15, 60, 0.5),)
