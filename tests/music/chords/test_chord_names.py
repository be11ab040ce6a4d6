"""Every chord can be written and read again."""

import itertools

import pytest

from compjax.music.chords.chord_names import NOTES, QUALITIES, name_of, parse


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_quality_on_every_root(quality):
    for root in range(12):
        classes = tuple(sorted((root + interval) % 12 for interval in QUALITIES[quality]))
        name = NOTES[root] + quality
        assert name_of(classes, root) == name
        assert parse(name) == (classes, root)


def test_any_tones_on_any_bass_come_back():
    for count in (1, 2, 3, 4):
        for tones in itertools.combinations(range(12), count):
            for bass in (0, 5):
                classes, lowest = parse(name_of(tones, bass))
                assert lowest == bass and set(classes) == {*tones, bass}


@pytest.mark.parametrize(
    "text, classes, bass",
    [
        ("Am7/G", (0, 4, 7, 9), 7),
        ("C6/9", (0, 2, 4, 7, 9), 0),
        ("C6/9/E", (0, 2, 4, 7, 9), 4),
        ("F#m7b5", (0, 4, 6, 9), 6),
        ("B♭maj7", (2, 5, 9, 10), 10),
        ("D/C", (0, 2, 6, 9), 0),
        ("[E2, G3 D]", (2, 4, 7), 4),
        ("Gsus", (0, 2, 7), 7),
    ],
)
def test_spellings(text, classes, bass):
    assert parse(text) == (classes, bass)


def test_octaves_do_not_matter():
    assert name_of((48, 64, 67, 84), 36) == "C"


def test_name_on_the_bass_comes_before_one_over_it():
    assert name_of((0, 4, 7, 9), 9) == "Am7"
    assert name_of((0, 4, 7, 9), 0) == "C6"
    assert name_of((0, 4, 7), 4) == "C/E"
    assert name_of((0, 4, 6), 0) == "[C E F#]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H",
        "Cfoo",
        "Am7/",
        "Am7/X",
        "[]",
        "[C E",
        "[C H]",
        "c",
        "C/9",
        "Cmaj77",
        "C:(1,x)",
        "Cmaj7foo",
        "C" * 300,
    ],
)
def test_what_is_no_chord(text):
    with pytest.raises(ValueError, match="no (chord|note|list)"):
        parse(text)


@pytest.mark.parametrize("text", ["Am7/G", "Dm7/G", "C/D", "G/E", "F/G", "Bb/C", "Em7no5", "F#m7b5/E"])
def test_usual_names_come_back_as_they_were_written(text):
    written = name_of(*parse(text))
    assert written == {"G/E": "Em7", "F#m7b5/E": "Am6/E"}.get(text, text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("CMaj7", "Cmaj7"),
        ("Cma7", "Cmaj7"),
        ("CMA7", "Cmaj7"),
        ("C△", "Cmaj7"),
        ("CΔ9", "Cmaj9"),
        ("CM9", "Cmaj9"),
        ("C11", "C11"),
        ("Cm13", "Cm13"),
        ("Cmi7", "Cm7"),
        ("CMIN7", "Cm7"),
        ("C–7", "Cm7"),
        ("C-7b5", "Cm7b5"),
        ("G7(b9)", "G7b9"),
        ("G7 ( b9 )", "G7b9"),
        ("G7(♯9)", "G7#9"),
        ("G7-9", "G7b9"),
        ("G7+5", "G7#5"),
        ("G+7", "G7#5"),
        ("Bø", "Bm7b5"),
        ("BØ7", "Bm7b5"),
        ("B°7", "Bdim7"),
        ("Bo7", "Bdim7"),
        ("G7alt", "G7alt"),
        ("F♯m7♭5", "F#m7b5"),
        ("Cadd2", "Cadd9"),
        ("Cm(maj7)", "Cmmaj7"),
        ("Cm(add9)", "Cmadd9"),
        ("C(no3)", "C5"),
        ("C7sus", "C7sus4"),
        ("E#m", "Fm"),
        ("C##", "D"),
        ("C:maj", "C"),
        ("C:min7/b3", "Eb6"),
        ("A:min/b3", "Am/C"),
        ("F:maj7/3", "Fmaj7/A"),
        ("Bb:hdim7", "Bbm7b5"),
        ("A:(1,b3,5)", "Am"),
        ("A:min7(9)", "Am9"),
        ("C:sus4(b7)", "C7sus4"),
        ("N.C.", "N.C."),
        ("N", "N.C."),
        ("X", "N.C."),
        ("no chord", "N.C."),
    ],
)
def test_other_spellings(text, written):
    assert name_of(*parse(text)) == written
    assert parse(written) == parse(text)
