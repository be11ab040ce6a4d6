"""Chords by name: pitch classes to lead-sheet symbols such as Am7/G, and back.

A chord is its pitch classes (C = 0) and its bass. What has no name is written as its notes in
brackets, the bass first: [C E F#].
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from compjax.music.chords import chord_symbols
from compjax.music.chords.chord_symbols import ALTERED

CLASSES = 12

NOTES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Usual names of the pitch classes."""

QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "5": (0, 7),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "add9": (0, 2, 4, 7),
    "madd9": (0, 2, 3, 7),
    "9": (0, 2, 4, 7, 10),
    "m9": (0, 2, 3, 7, 10),
    "maj9": (0, 2, 4, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "7sus4": (0, 5, 7, 10),
    "mmaj7": (0, 3, 7, 11),
    "7b9": (0, 1, 4, 7, 10),
    "7#9": (0, 3, 4, 7, 10),
    "7b5": (0, 4, 6, 10),
    "7#5": (0, 4, 8, 10),
    "6add9": (0, 2, 4, 7, 9),
    "m11": (0, 2, 3, 5, 7, 10),
    "maj7#11": (0, 4, 6, 7, 11),
    "13": (0, 2, 4, 7, 9, 10),
    "11": (0, 2, 4, 5, 7, 10),
    "m13": (0, 2, 3, 5, 7, 9, 10),
    "7alt": ALTERED,
    "m7no5": (0, 3, 10),
    "7no5": (0, 4, 10),
    "maj7no5": (0, 4, 11),
    "mno5": (0, 3),
    "no5": (0, 4),
}
"""Intervals above the root by symbol, the usual ones first: the first that fits names a chord."""

STRANGE_BASS = 6
"""A bass that is no tone of the chord makes a name as unusual as so many places in `QUALITIES`."""

NO_CHORD_NAME = "N.C."
"""How it is written that no chord sounds."""

_NOTE = re.compile(r"([A-Ga-g])(##|bb|[#b]?)(-?\d)?$")
_DEGREE = re.compile(r"([#b]*)(1[0-3]|[1-9])$")
_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def name_of(classes: Iterable[int], bass: int) -> str:
    """The symbol of a chord; a name on the bass itself is preferred to one over another bass.

    Args:
        classes: pitch classes or MIDI pitches that sound.
        bass: pitch class or MIDI pitch of the lowest note; it need not be among them.
    """
    sounding = frozenset(c % CLASSES for c in classes)
    return _named(sounding, bass % CLASSES) if sounding else NO_CHORD_NAME


@functools.lru_cache(maxsize=1024)
def _named(sounding: frozenset[int], bass: int) -> str:
    """The symbol of pitch classes, at least one, over a bass."""
    if bass in sounding and (quality := _quality(bass, sounding)) is not None:
        return f"{NOTES[bass]}{quality}"
    symbols = list(QUALITIES)
    over_bass = []  # (how unusual, root, quality)
    for tones, strange in ((sounding, 0), (sounding - {bass}, STRANGE_BASS)):
        for root in tones if len(tones) > 2 else ():
            if (quality := _quality(root, tones)) is not None:
                over_bass.append((symbols.index(quality) + strange, root, quality))
    if over_bass:
        _, root, quality = min(over_bass)
        return f"{NOTES[root]}{quality}/{NOTES[bass]}"
    notes = [bass, *sorted(sounding - {bass}, key=lambda c: (c - bass) % CLASSES)]
    return "[" + " ".join(NOTES[c] for c in notes) + "]"


def _quality(root: int, tones: frozenset[int]) -> str | None:
    intervals = tuple(sorted((c - root) % CLASSES for c in tones))
    return next((name for name, chord in QUALITIES.items() if chord == intervals), None)


def parse(text: str) -> tuple[tuple[int, ...], int]:
    """Pitch classes, ascending from C, and the bass of a symbol (`Am7/G`, `A:min7/b7`) or of `[C E F#]`.

    What says that there is no chord (`N.C.`, `N`) has no classes. Octave numbers in brackets (`[A2 C3]`)
    are read over: which octave a tone has is the arranger's.

    Raises:
        ValueError: with a reason in words, if it is neither.
    """
    text = text.strip().strip("\"'")
    if text.startswith("["):
        if not text.endswith("]") or not text[1:-1].split():
            raise ValueError(f"{text} is no list of notes such as [C E G]")
        notes = [_note(chord_symbols.plain(word)) for word in text[1:-1].replace(",", " ").split()]
        return tuple(sorted(set(notes))), notes[0]
    symbol = chord_symbols.plain(text)
    if symbol.lower() in chord_symbols.NO_CHORD:
        return (), 0
    for body, bass in _divided(symbol):
        for letters in (3, 2, 1):  # Cb5 is C flat with a fifth
            root = _NOTE.match(body[:letters]) if body[:1].isupper() and len(body) >= letters else None
            tones = root and not root[3] and _tones(body[letters:])
            if tones:
                return _sounding(_note(body[:letters]), tones, bass)
    raise ValueError(
        f"there is no chord called {text[:40]!r}; write one such as Am7/G, or its notes as [A C E]"
    )


def _divided(symbol: str) -> list[tuple[str, str]]:
    """A symbol and its bass, empty if it has none, in the ways in which its slashes can be read."""
    body, slash, bass = symbol.rpartition("/")
    if slash and (_NOTE.match(bass) and bass[0].isupper() or ":" in body and _DEGREE.match(bass)):
        return [(body, bass)]
    return [(symbol, "")]


def _tones(quality: str) -> tuple[int, ...] | None:
    """Intervals of a quality, as this house writes it or in any other way."""
    return QUALITIES.get(quality) or chord_symbols.tones_of(quality)


def _sounding(root: int, tones: tuple[int, ...], bass: str) -> tuple[tuple[int, ...], int]:
    """Classes and bass of a chord; the bass is a note, a degree of the chord's scale, or the root."""
    degree = _DEGREE.match(bass)
    lowest = root
    if degree:
        lowest = (root + chord_symbols.interval_of(degree[1], int(degree[2]))) % CLASSES
    elif bass:
        lowest = _note(bass)
    classes = {(root + interval) % CLASSES for interval in tones}
    return tuple(sorted(classes | {lowest})), lowest


def _note(word: str) -> int:
    """Pitch class of a note's name, its octave read over."""
    found = _NOTE.match(word.strip())
    if not found:
        raise ValueError(f"{word.strip()!r} is no note; notes are written C, F# or Bb")
    return (_NATURALS[found[1].upper()] + found[2].count("#") - found[2].count("b")) % CLASSES
