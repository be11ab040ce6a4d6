"""Who plays: an instrument that was heard, on chords that may say nothing."""

import pytest

from compjax.arranging.performer import Performer
from compjax.music.score import Harmony, Hit, Rhythm, Span
from compjax.music.style import Style


@pytest.mark.parametrize("voice", [0, 1, 2])
def test_where_no_chord_is_to_sound_nothing_is_played(voice):
    spans = (Span(0.0, 1.0, (24, 28, 31), 24), Span(1.0, 2.0, (), 24), Span(2.0, 3.0, (26, 29, 33), 26))
    hits = tuple(Hit(time, 0.4, voice, 0.5) for time in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5))
    notes = Performer().play(Rhythm(hits), Harmony(spans), Style())
    assert {note.start for note in notes} == {0.0, 0.5, 2.0, 2.5}
    assert all(note.end <= 1.0 or note.start >= 2.0 for note in notes)
