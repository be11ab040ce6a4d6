"""The many ways of writing what kind a chord is: CMaj7, Cma7, CΔ7, C-7b5, Bø7, G7(b9,#11), C:min7(9), G7alt.

A symbol is read from left to right: a triad, a number, then what is altered, added or left out.
"""

from __future__ import annotations

import re

DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11, 8: 0, 9: 2, 10: 4, 11: 5, 12: 7, 13: 9}
"""Intervals above the root in semitones, within the octave, of the degrees of a major scale."""

TRIADS = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "hdim": (0, 3, 6),
    "aug": (0, 4, 8),
    "": (0, 4, 7),
}

ALTERED = (0, 1, 3, 4, 8, 10)
"""Of 7alt: both altered ninths, and the altered fifth above."""

NO_CHORD = frozenset({"n", "x", "nc", "n.c.", "n.c", "nochord", "none", "tacet"})
"""What stands where no chord sounds, in small letters and without spaces; "N" and "X" are Harte's."""

_SIGNS = {"♯": "#", "♭": "b", "△": "Δ", "∆": "Δ", "^": "Δ", "Ø": "ø", "º": "°", "−": "-", "–": "-", "＃": "#"}
_CAPITALS = re.compile("MAJ|MIN|MA|MI|DIM|AUG|SUS|ADD|ALT")
_TRIAD = re.compile(
    r"(?P<hdim>hdim|ø)|(?P<dim>[Dd]im|°|o(?!mit))|(?P<aug>[Aa]ug|\+(?!5))|(?P<delta>Δ)"
    r"|(?P<min>[Mm]inor|[Mm]in|[Mm]i|m(?!aj|a\d|a$)|-(?!5))|(?P<maj>[Mm]ajor|[Mm]aj|[Mm]a|M)"
)
_NUMBER = re.compile(r"69|13|11|9|7|6|5|4|2")
_CHANGE = re.compile(
    r"(?P<sus>sus)(?P<fourth>[24]?)|(?P<word>add|no|omit|\*)?(?P<sign>[#b+-]*)(?P<degree>1[0-3]|[1-9])"
    r"|(?P<seventh>[Mm]aj7|[Mm]a7|M7|Δ7?)",
)


def plain(text: str) -> str:
    """A symbol with # and b for its accidentals, and without spaces."""
    return "".join(_SIGNS.get(c, c) for c in text if not c.isspace())


def interval_of(signs: str, degree: int) -> int:
    """Semitones above the root, within the octave, of a degree such as b9 or #11."""
    return (DEGREES[degree] + signs.count("#") + signs.count("+") - signs.count("b") - signs.count("-")) % 12


def tones_of(quality: str) -> tuple[int, ...] | None:
    """Intervals above the root, ascending, of what follows it in a symbol; None if it means nothing.

    `quality` is as `plain` gives it; a colon before it (Harte, ISMIR 2005) is read over.
    """
    word = quality.removeprefix(":")
    if listed := re.fullmatch(r"\(([#b\d,]+)\)", word):
        return _listed(listed[1])
    if word == "1":
        return (0,)
    word = re.sub(r"[(),]", "", word.replace("6/9", "69"))
    word = _CAPITALS.sub(lambda found: found[0].lower(), word)
    if word in ("7alt", "alt"):
        return ALTERED
    kind, rest = _triad(word)
    tones = set(TRIADS.get(kind, TRIADS["maj"]))
    found = _NUMBER.match(rest)
    if found:
        _stack(tones, kind, found[0])
        rest = rest[found.end() :]
    elif kind == "delta":
        tones.add(11)
    elif kind == "hdim":
        tones.add(10)
    return _changed(tones, rest)


def _listed(text: str) -> tuple[int, ...] | None:
    """The tones of degrees that are given one by one: (1,b3,5)."""
    words = [re.fullmatch(r"([#b]*)(1[0-3]|[1-9])", word) for word in text.split(",")]
    if not all(words):
        return None
    return tuple(sorted({interval_of(word[1], int(word[2])) for word in words}))


def _triad(word: str) -> tuple[str, str]:
    """The name of the triad that a symbol begins with, empty if it says none, and what follows."""
    found = _TRIAD.match(word)
    return (found.lastgroup, word[found.end() :]) if found else ("", word)


def _stack(tones: set[int], kind: str, number: str) -> None:
    """Add what a number behind the triad means: the thirds up to it, or a tone alone."""
    if number == "5":
        tones.intersection_update({0, 7})
    elif number in ("2", "4"):
        tones.add(DEGREES[int(number)])
    elif number in ("6", "69"):
        tones.update({9, 2} if number == "69" else {9})
    else:
        tones.add({"maj": 11, "delta": 11, "dim": 9}.get(kind, 10))
        above = {"7": (), "9": (9,), "11": (9, 11), "13": (9, 13) if kind != "min" else (9, 11, 13)}[number]
        tones.update(DEGREES[degree] for degree in above)


def _changed(tones: set[int], rest: str) -> tuple[int, ...] | None:
    """The tones after everything that follows the number; None if something of it means nothing."""
    while rest:
        found = _CHANGE.match(rest)
        if not found:
            return None
        rest = rest[found.end() :]
        if found["sus"]:
            tones -= {3, 4}
            tones.add(2 if found["fourth"] == "2" else 5)
        elif found["seventh"]:
            tones.discard(10)
            tones.add(11)
        elif not (found["word"] or found["sign"]) and int(found["degree"]) not in (9, 11, 13):
            return None
        else:
            _change(tones, found["word"] or "", found["sign"], int(found["degree"]))
    return tuple(sorted(tones))


def _change(tones: set[int], word: str, sign: str, degree: int) -> None:
    """Add a degree, leave it out, or put an altered one in its place."""
    if word in ("no", "omit", "*"):
        if degree == 3:
            tones.difference_update({3, 4})
        else:
            fifths = {6, 7, 8} if degree == 5 and not sign else set()
            tones.difference_update({interval_of(sign, degree)} | fifths)
        return
    if word != "add" and sign and degree in (5, 9):
        tones.discard(DEGREES[degree])
    tones.add(interval_of(sign, degree))
