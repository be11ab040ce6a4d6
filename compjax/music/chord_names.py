"""Chords by name: pitch classes to lead-sheet symbols such as Am7/G, and back.

A chord is its pitch classes (C = 0) and its bass. What has no name is written as its notes in
brackets, the bass first: [C E F#].
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    "m7no5": (0, 3, 10),
    "7no5": (0, 4, 10),
    "maj7no5": (0, 4, 11),
    "mno5": (0, 3),
    "no5": (0, 4),
}
"""Intervals above the root by symbol, the usual ones first: the first that fits names a chord."""

STRANGE_BASS = 6
"""A bass that is no tone of the chord makes a name as unusual as so many places in `QUALITIES`."""

SYNONYMS = {"maj": "", "M": "", "min": "m", "-": "m", "min7": "m7", "-7": "m7", "M7": "maj7", "+": "aug",
            "o": "dim", "o7": "dim7", "sus": "sus4", "mM7": "mmaj7", "mMaj7": "mmaj7", "6/9": "6add9",
            "69": "6add9", "min9": "m9", "M9": "maj9", "min6": "m6"}  # fmt: skip
"""Other spellings of the symbols."""

_NOTE = re.compile(r"([A-Ga-g])([#b♯♭]?)(-?\d)?$")
_CHORD = re.compile(r"([A-G][#b♯♭]?)(.*)$")
_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def name_of(classes: Iterable[int], bass: int) -> str:
    """The symbol of a chord; a name on the bass itself is preferred to one over another bass.

    Args:
        classes: pitch classes or MIDI pitches that sound.
        bass: pitch class or MIDI pitch of the lowest note; it need not be among them.
    """
    sounding, bass = frozenset(c % CLASSES for c in classes), bass % CLASSES
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
    """Pitch classes, ascending from C, and the bass of a symbol (`Am7/G`) or of notes (`[C E F#]`).

    Octave numbers in brackets (`[A2 C3]`) are read over: which octave a tone has is the arranger's.

    Raises:
        ValueError: with a reason in words, if it is neither.
    """
    text = text.strip()
    if text.startswith("["):
        if not text.endswith("]") or not text[1:-1].split():
            raise ValueError(f"{text} is no list of notes such as [C E G]")
        notes = [_note(word) for word in text[1:-1].replace(",", " ").split()]
        return tuple(sorted(set(notes))), notes[0]
    body, slash, bass = text.partition("/")
    if slash and not _NOTE.match(bass):  # as in C6/9
        body, slash, bass = text.rpartition("/") if text.count("/") > 1 else (text, "", "")
    found = _CHORD.match(body)
    quality = SYNONYMS.get(found[2], found[2]) if found else None
    if quality not in QUALITIES:
        raise ValueError(
            f"there is no chord called {text!r}; write one such as Am7/G, or its notes as [A C E]"
        )
    root = _note(found[1])
    classes = {(root + interval) % CLASSES for interval in QUALITIES[quality]}
    lowest = _note(bass) if slash else root
    return tuple(sorted(classes | {lowest})), lowest


def _note(word: str) -> int:
    """Pitch class of a note's name, its octave read over."""
    found = _NOTE.match(word.strip())
    if not found:
        raise ValueError(f"{word.strip()!r} is no note; notes are written C, F# or Bb")
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[found[2]]
    return (_NATURALS[found[1].upper()] + shift) % CLASSES
