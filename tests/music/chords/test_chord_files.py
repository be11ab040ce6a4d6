"""Chords as text and MIDI."""

import pytest

from compjax.errors import UserError
from compjax.music.arrange import arrange, revoiced
from compjax.music.chords.chord_files import parse_chords, read_chords, save_chords, text_of
from compjax.music.chords.chord_names import name_of
from compjax.music.score import Harmony, Hit, Rhythm, Span
from compjax.music.style import Style

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


def named(harmony):
    return [(s.start, name_of(s.pitches, s.bass)) for s in harmony.spans]


def test_no_chord_is_written_and_read_again():
    chords = parse_chords("0 C\n2 N.C.\n3 Am\n")
    assert named(chords) == [(0.0, "C"), (2.0, "N.C."), (3.0, "Am")]
    assert named(parse_chords(text_of(chords))) == named(chords)


def test_where_no_chord_sounds_nothing_is_played():
    chords = parse_chords("0 C\n2 N\n3 Am\n")
    hits = tuple(Hit(time / 2, 4.0, time % 3, 0.5) for time in range(8))
    notes = arrange(Rhythm(hits), revoiced(chords, Style()), Style(articulation=1.0))
    assert not [note for note in notes if 2.0 <= note.start < 2.9]
    assert max(note.end for note in notes if note.start < 1.9) == 2.0
    assert [note for note in notes if note.start >= 3.0]


LAB = "0.000\t1.500\tN\n1.5 3.25 C:maj\n3.25 5 A:min7/b3\n6.5 8.0 G:7\n"


@pytest.mark.parametrize("text", [LAB, LAB.replace("\t", "  "), LAB.encode("utf-16")])
def test_lab_files(tmp_path, text):
    path = tmp_path / "song.lab"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert named(read_chords(path)) == [
        (0.0, "N.C."), (1.5, "C"), (3.25, "C6"), (5.0, "N.C."), (6.5, "G7"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        '0,"C"\n2.5,"Am7/G"\n',
        "0;C\n",
        "0,0 C\n2,5 Am7/G\n",
        "0.0,2.5,C\n2.5,4.0,Am7/G\n",
        "0\tC\t# one\n\t# two\n2.5\tAm7/G\n",
    ],
)
def test_columns_however_divided(text):
    assert named(parse_chords(text)) in ([(0.0, "C")], [(0.0, "C"), (2.5, "Am7/G")])


def test_no_chord_at_all_is_none():
    with pytest.raises(UserError, match="hold none"):
        parse_chords("0 N.C.\n")


@pytest.mark.parametrize("coding", ["utf-16", "cp1252", "utf-8-sig"])
def test_texts_as_other_programs_save_them(tmp_path, coding):
    (tmp_path / "a.chords").write_bytes("# Zwölf\r\n0 C\r\n".encode(coding))
    assert named(read_chords(tmp_path / "a.chords")) == [(0.0, "C")]
