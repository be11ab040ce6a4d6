import dataclasses

import pytest

from compjax.music.arrange import arrange, high_tones, low_tones, mid_tones, revoiced, without_collisions
from compjax.music.score import HIGH, LOW, MID, Harmony, Hit, Note, Rhythm, Span
from compjax.music.style import Style

CHORD = Span(0.0, 8.0, (55, 60, 64, 71), 52)
LEGATO = Style(density=1.0, articulation=1.0, contour_depth=0.0)


def played(hits, *spans, style=LEGATO):
    notes = arrange(Rhythm(tuple(hits)), Harmony(spans), style)
    return [(n.start, n.end, n.pitch) for n in notes]


@pytest.mark.parametrize(("bass", "tones"), [(0.0, (52,)), (0.5, (40,)), (0.9, (40, 52))])
def test_low_voice_plays_the_bass_as_the_style_says(bass, tones):
    assert low_tones(CHORD, Style(bass=bass)) == tones


@pytest.mark.parametrize(
    ("density", "height", "tones"),
    [
        (0.0, 0.0, (55,)),
        (0.0, 1.0, (71,)),
        (0.0, 0.5, (64,)),
        (0.5, 0.0, (55, 60, 64)),
        (1.0, 0.3, (55, 60, 64, 71)),
    ],
)
def test_mid_voice_takes_neighbouring_tones(density, height, tones):
    assert mid_tones(CHORD, Style(density=density), height) == tones


def test_mid_voice_goes_down_an_octave_in_a_low_register_but_not_below_the_floor():
    low = Style(density=1.0, register=0.1)
    assert mid_tones(CHORD, low, 0.0) == (43, 48, 52, 59)
    assert mid_tones(Span(0, 1, (47, 50), 47), low, 0.0) == (47, 50)


def test_high_voice_goes_up_an_octave_in_a_high_register_while_it_fits():
    high = Style(register=0.9)
    assert high_tones(CHORD, high, 0.0) == (67,)
    assert high_tones(Span(0, 1, (76,), 76), high, 0.0) == (76,)
    assert high_tones(Span(0, 1, (75,), 75), high, 0.0) == (87,)
    assert high_tones(CHORD, Style(register=0.5), 1.0) == (71,)


def test_articulation_scales_lengths_down_to_a_shortest():
    staccato = dataclasses.replace(LEGATO, articulation=0.0)
    assert played([Hit(1.0, 1.0, HIGH, 1.0)], CHORD, style=staccato) == [(1.0, pytest.approx(1.3), 64)]
    assert played([Hit(1.0, 0.1, HIGH, 1.0)], CHORD, style=staccato) == [(1.0, pytest.approx(1.05), 64)]


def test_a_held_hit_is_struck_again_with_the_new_chord():
    change = Span(8.0, 9.0, (62, 65), 62)
    notes = played([Hit(7.0, 1.5, MID, 1.0)], CHORD, change)
    assert notes == [(7.0, 8.0, p) for p in CHORD.pitches] + [(8.0, 8.5, 62), (8.0, 8.5, 65)]


def test_a_short_rest_of_a_hit_is_not_struck_again():
    change = Span(8.0, 9.0, (62, 65), 62)
    assert played([Hit(7.0, 1.1, HIGH, 1.0)], CHORD, change) == [(7.0, pytest.approx(8.1), 64)]


def test_a_hit_just_before_a_change_belongs_to_the_new_chord():
    change = Span(8.0, 9.0, (62,), 62)
    assert played([Hit(7.97, 0.5, HIGH, 1.0)], CHORD, change) == [(7.97, pytest.approx(8.47), 62)]
    assert played([Hit(7.9, 0.2, HIGH, 1.0)], CHORD, change)[0][2] == 64


def test_the_first_chord_serves_hits_before_it_and_the_last_one_those_after():
    assert [n[2] for n in played([Hit(-3.0, 0.5, HIGH, 1.0), Hit(20.0, 0.5, HIGH, 1.0)], CHORD)] == [64, 64]


def test_without_harmony_the_voices_are_the_places_of_a_kit():
    hits = [Hit(0.0, 0.2, LOW, 0.9), Hit(0.5, 0.2, MID, 0.8), Hit(1.0, 0.2, HIGH, 0.7)]
    notes = arrange(Rhythm(tuple(hits)), Harmony(), LEGATO)
    assert [(n.pitch, n.velocity) for n in notes] == [(36, 0.9), (60, 0.8), (84, 0.7)]


def test_equal_pitches_never_overlap():
    notes = [
        Note(0.0, 1.0, 60, 0.5),
        Note(0.01, 2.0, 60, 0.9),
        Note(1.5, 3.0, 60, 0.4),
        Note(0.0, 9.0, 61, 0.1),
    ]
    assert without_collisions(notes) == (
        Note(0.0, 1.5, 60, 0.9), Note(0.0, 9.0, 61, 0.1), Note(1.5, 3.0, 60, 0.4),
    )  # fmt: skip


def test_a_chord_is_gathered_where_the_register_says():
    wide = Harmony((Span(0.0, 1.0, (41, 60, 64, 67, 76), 41),))  # F2, C4, E4, G4, E5
    low = revoiced(wide, dataclasses.replace(LEGATO, register=0.0)).spans[0]
    assert low.pitches == (48, 52, 53, 55) and low.bass == 41
    high = revoiced(wide, dataclasses.replace(LEGATO, register=0.5)).spans[0]
    assert high.pitches == (55, 60, 64, 65) and high.bass == 41
    top = revoiced(wide, dataclasses.replace(LEGATO, register=1.0)).spans[0]
    assert top.pitches == (60, 64, 65, 67)
