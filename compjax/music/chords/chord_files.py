"""The chords of a piece as a file: read, edited, and composed on.

The text form is one chord a line, in force until the next:

    # time  chord
    0.00    Am7/G
    1.95    Dm
    3.90    [C E F#]

Times are seconds of the new piece; N.C. says that no chord sounds. Lines "start end chord" (.lab files,
chords in Harte's spelling such as A:min7/b3) are read too. A MIDI file (.mid) holds the chords as held notes.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from compjax.constants import MAX_SECONDS, MIN_PITCH
from compjax.errors import UserError
from compjax.files import atomic_path, shown
from compjax.music.chords import chord_names
from compjax.music.score import Harmony, Note, Span
from compjax.music.text_files import column, is_midi, parse_number, read_lines, refused, split_lines

if TYPE_CHECKING:
    from compjax.music.time.grid import Grid

SHORTEST_REST = 0.05
"""Seconds between two chords of a .lab file in which there is none."""

_TIME = re.compile(r"\d+(\.\d*)?(e-?\d+)?")

CHORD_OCTAVE, BASS_OCTAVE = 60, 36
"""Where a chord and its bass are written in MIDI: C4 and C2."""


def save_chords(harmony: Harmony, path: str | os.PathLike, grid: Grid | None = None) -> pathlib.Path:
    """Write chords as MIDI if `path` ends in .mid or .midi, otherwise as text; UserError if it fails.

    `grid` gives the MIDI file its tempo and bars.
    """
    if is_midi(path):
        from compjax.music.midi_out import DEFAULT_TEMPO, write_midi
        from compjax.music.time.grid import NO_GRID

        write_midi(path, _as_notes(harmony), DEFAULT_TEMPO, grid=grid or NO_GRID, chords=harmony)
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(text_of(harmony), encoding="utf-8")
    return pathlib.Path(path)


def text_of(harmony: Harmony) -> str:
    """Chords as text."""
    lines = ["# compjax chords: seconds in the new piece, then a name (Am7/G) or notes, bass first ([A C E])"]
    for span in harmony.spans:
        lines.append(f"{span.start:8.3f}  {chord_names.name_of(span.pitches, span.bass)}")
    return "\n".join(lines) + "\n"


def read_chords(path: str | os.PathLike) -> Harmony:
    """Chords from a text or MIDI file.

    Raises:
        UserError: if the file cannot be read, or a line holds no chord; it names the line.
    """
    if is_midi(path):
        from compjax.music.midi import read_midi

        harmony = read_midi(path).harmony
    else:
        harmony = _read_text(path)
    if not any(span.pitches for span in harmony.spans):
        raise UserError(f"{shown(path)} holds no chord; write lines such as '0.00 Am7'")
    return harmony


def _read_text(path: str | os.PathLike) -> Harmony:
    return _harmony(os.fspath(path), read_lines(path))


def parse_chords(text: str, name: str = "the chords") -> Harmony:
    """Chords of a text in the form of a file; `name` is what complaints call it.

    Raises:
        UserError: if a line holds no chord, or there is none.
    """
    harmony = _harmony(name, split_lines(text))
    if not any(span.pitches for span in harmony.spans):
        raise UserError(f"{name} hold none; write lines such as '0.00 Am7'")
    return harmony


def _harmony(path: str, lines: Iterable[tuple[int, list[str]]]) -> Harmony:
    begun: list[tuple[float, tuple[int, ...], int]] = []
    reached = 0.0
    for number, words in lines:
        time, end, symbol = _parts(path, number, words)
        if begun and time <= begun[-1][0]:
            raise refused(path, number, f"{words[0]} s is not after the chord above, at {begun[-1][0]:g} s")
        if end is not None and begun and time > reached + SHORTEST_REST:
            begun.append((reached, (), 0))
        try:
            begun.append((time, *chord_names.parse(symbol)))
        except ValueError as error:
            raise refused(path, number, str(error)) from error
        reached = end if end is not None else MAX_SECONDS
    ends = [*(time for time, _, _ in begun[1:]), MAX_SECONDS + 1.0][: len(begun)]
    spans = (
        Span(time, end, tuple(MIN_PITCH + c for c in classes), MIN_PITCH + bass)
        for (time, classes, bass), end in zip(begun, ends, strict=True)
    )
    return Harmony(tuple(spans))


def _parts(path: str, number: int, words: list[str]) -> tuple[float, float | None, str]:
    """Beginning, end (None where it is not said) and symbol of a line."""
    begin, rest = column(" ".join(words))
    time = parse_number(path, number, begin, "a chord's time in seconds", 0.0, MAX_SECONDS)
    word, symbol = column(rest)
    if symbol and _TIME.fullmatch(word):
        end = parse_number(path, number, word, "a chord's end in seconds", time, 10 * MAX_SECONDS)
        return time, end, symbol
    return time, None, rest


def _as_notes(harmony: Harmony) -> list[Note]:
    """The chords held: the bass, and the tones above middle C."""
    notes = []
    for span in harmony.spans:
        if not span.pitches:
            continue
        classes = sorted({pitch % 12 for pitch in span.pitches} | {span.bass % 12})
        pitches = [BASS_OCTAVE + span.bass % 12, *(CHORD_OCTAVE + c for c in classes)]
        notes += [Note(span.start, span.end, pitch, 0.7) for pitch in pitches]
    return notes
