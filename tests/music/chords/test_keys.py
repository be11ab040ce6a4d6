"""Keys of chords."""

import dataclasses

from compjax.music.chords.chord_files import parse_chords
from compjax.music.chords.keys import key_of
from compjax.music.score import Harmony


def chords(text, seconds):
    *spans, last = parse_chords(text).spans
    return Harmony((*spans, dataclasses.replace(last, end=seconds)))


def test_keys_of_plain_cadences():
    assert str(key_of(chords("0 C\n2 F\n4 G\n6 C\n8 Am\n", 10.0))) == "C"
    assert str(key_of(chords("0 F#m\n2 Bm\n4 C#7\n6 F#m\n", 8.0))) == "F#m"
    assert key_of(Harmony()) is None
