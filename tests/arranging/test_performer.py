"""Who plays: an instrument that was heard, on chords that may say nothing."""

import pytest

from compjax.arranging.performer import Performer, Register, placed_span, turned, with_octaves
from compjax.hearing.notes import HeardNote
from compjax.music.score import MAX_PITCH, Harmony, Hit, Note, Rhythm, Span
from compjax.music.style import Style


@pytest.mark.parametrize("voice", [0, 1, 2])
def test_where_no_chord_is_to_sound_nothing_is_played(voice):
    spans = (Span(0.0, 1.0, (24, 28, 31), 24), Span(1.0, 2.0, (), 24), Span(2.0, 3.0, (26, 29, 33), 26))
    hits = tuple(Hit(time, 0.4, voice, 0.5) for time in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5))
    notes = Performer().play(Rhythm(hits), Harmony(spans), Style())
    assert {note.start for note in notes} == {0.0, 0.5, 2.0, 2.5}
    assert all(note.end <= 1.0 or note.start >= 2.0 for note in notes)


def test_a_drone_is_played_in_octaves_of_its_own():
    """Voices that all strike one pitch make no pattern, and are pieces of the drone itself."""
    spans = (Span(0.0, 4.0, (43,), 43),)
    hits = tuple(Hit(0.25 * step, 0.2, step % 3, 0.5) for step in range(12))
    heard = (HeardNote(0.0, 4.0, 43, 1.0, True),)
    notes = Performer(heard, sustained=True).play(Rhythm(hits), Harmony(spans), Style())
    pitches = {note.pitch for note in notes}
    assert len(pitches) >= 3
    assert {pitch % 12 for pitch in pitches} == {43 % 12}


def test_a_chord_of_three_tones_gets_none():
    assert with_octaves({48, 52, 55}, Register(), 3) == {48, 52, 55}
    assert with_octaves({24}, Register(24, 24, 24), 3) == {24, 36, 48}  # none below the piano roll


def test_a_chord_is_turned_and_not_struck_as_it_lies_in_the_clip():
    heard = tuple(HeardNote(0.0, 4.0, pitch, 1.0, True) for pitch in (48, 52, 55))
    span = placed_span(Span(0.0, 4.0, (48, 52, 55), 48), heard, Register(48, 52, 55))
    assert span.pitches == (52, 55, 60)
    assert span.bass == 48
    assert turned({MAX_PITCH - 5, MAX_PITCH}) == {MAX_PITCH - 5, MAX_PITCH}


def test_a_chord_that_comes_again_lies_where_it_was_heard_the_first_time():
    heard = tuple(HeardNote(0.0, 4.0, pitch, 1.0, True) for pitch in (36, 64, 79))
    first, again = (placed_span(Span(t, t + 4.0, (48, 52, 55), 48), heard, Register()) for t in (0.0, 4.0))
    assert first.pitches == again.pitches == (48, 64, 79)


def written(*pitches, start=0.5):
    return [Note(start, start + 0.1, pitch, 0.7) for pitch in pitches]


def test_written_notes_go_where_the_instrument_has_them():
    """C E G in close position from C3, on an instrument that was heard above that, G lowest."""
    heard = tuple(HeardNote(0.0, 4.0, pitch, 1.0) for pitch in (72, 76, 67)) + (HeardNote(0.0, 4.0, 43, 0.5),)
    harmony = Harmony((Span(0.0, 4.0, (48, 52, 55), 36),))
    notes = Performer(heard).play_written(written(36, 48, 52, 55), harmony, Style(register=0.0))
    assert [note.pitch for note in notes] == [48, 72, 76, 79]  # the chord is turned, as by the rules


def test_written_notes_are_held_as_the_instrument_holds_them():
    harmony = Harmony((Span(0.0, 4.0, (48, 52, 55), 36),))
    notes = [*written(48), *written(52, start=1.5)]
    long, short = (
        Performer(sustained=True).play_written(notes, harmony, Style(register=0.0, articulation=value))
        for value in (1.0, 0.0)
    )
    assert long[0].end == pytest.approx(1.5, abs=0.05) and long[0].end < 1.5
    assert short[0].end < long[0].end


def test_what_is_written_where_no_chord_is_to_sound_is_not_played():
    harmony = Harmony((Span(0.0, 1.0, (48, 52, 55), 36), Span(1.0, 2.0, (), 36)))
    notes = [*written(48), *written(60, start=1.5)]
    assert [n.start for n in Performer().play_written(notes, harmony, Style())] == [0.5]
