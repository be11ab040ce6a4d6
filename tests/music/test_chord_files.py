"""Chords as text and MIDI."""

import pytest

from compjax.errors import UserError
from compjax.music.chord_files import parse_chords, read_chords, save_chords, text_of
from compjax.music.score import Harmony, Span

CHORDS = Harmony((Span(0.0, 1.5, (24, 28, 31, 33), 33), Span(1.5, 4.0, (24, 28, 30), 24)))


def facts(harmony):
    return [(s.start, tuple(p % 12 for p in s.pitches), s.bass % 12) for s in harmony.spans]


def test_text(tmp_path):
    assert text_of(CHORDS).splitlines()[1:] == ["   0.000  Am7", "   1.500  [C E F#]"]
    back = read_chords(save_chords(CHORDS, tmp_path / "a.chords"))
    assert facts(back) == facts(CHORDS)
    assert back.spans[0].end == 1.5 and back.spans[1].end > 3600  # the last goes on


def test_midi(tmp_path):
    back = read_chords(save_chords(CHORDS, tmp_path / "a.mid"))
    assert [(start, set(classes), bass) for start, classes, bass in facts(back)] == [
        (0.0, {0, 4, 7, 9}, 9),
        (1.5, {0, 4, 6}, 0),
    ]


def test_text_by_hand():
    chords = parse_chords("# verse\n0 Am7/G  # soft\n\n1.95 Dm\n3.9 F#\n")
    assert facts(chords) == [(0.0, (0, 4, 7, 9), 7), (1.95, (2, 5, 9), 2), (3.9, (1, 6, 10), 6)]


@pytest.mark.parametrize(
    "text, message",
    [
        ("0 Am\n1 Hm\n", "line 2: there is no chord called 'Hm'"),
        ("zero Am\n", "line 1: a chord's time in seconds must be a number"),
        ("0 Am\n0 Dm\n", "line 2: 0 s is not after the chord above, at 0 s"),
        ("2 Am\n1 Dm\n", "line 2: 1 s is not after"),
        ("0\n", "line 1: there is no chord called ''"),
        ("0 [C E\n", "line 1: .* no list of notes"),
        ("# none\n", "hold"),
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        parse_chords(text)
    path = tmp_path / "a.chords"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as raised:
        read_chords(path)
    assert "a.chords" in str(raised.value) and "\n" not in str(raised.value)


def test_midi_without_notes(tmp_path):
    save_chords(Harmony(), tmp_path / "none.mid")
    with pytest.raises(UserError, match="holds no chord"):
        read_chords(tmp_path / "none.mid")
