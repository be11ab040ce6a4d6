"""Hits and notes that were edited on the page, from JSON."""

from __future__ import annotations

import math

from compjax.constants import MAX_SECONDS
from compjax.errors import UserError
from compjax.music.groove import LENGTH, VOICES
from compjax.music.score import MAX_PITCH, MIN_PITCH, Hit, Note, Rhythm

MOST = 20_000
"""Hits or notes of one order."""

EARLIEST = -1.0
"""Seconds before the clip at which a hit may lie: what sounds at its beginning may have begun before."""


def parse_hits(rows: list | None) -> Rhythm | None:
    """Hits of rows `[seconds, voice, velocity]` or with a length in seconds; None for none given.

    Raises:
        UserError: if one is none, or there are too many, or an empty list.
    """
    if rows is None:
        return None
    made = []
    for number, row in enumerate(_checked(rows, "hits", (3, 4)), 1):
        what = f"hit {number}"
        time = _number(row[0], f"the time of {what}", EARLIEST, MAX_SECONDS)
        voice = _whole(row[1], f"the voice of {what}", 0, len(VOICES) - 1)
        velocity = _number(row[2], f"the velocity of {what}", 0.01, 1.0)
        length = _number(row[3] if len(row) > 3 else LENGTH, f"the length of {what}", 0.01, MAX_SECONDS)
        made.append(Hit(time, length, voice, velocity))
    return Rhythm(tuple(sorted(made, key=lambda hit: (hit.time, hit.voice))))


def parse_notes(rows: list | None) -> tuple[Note, ...] | None:
    """Notes of rows `[start, end, pitch, velocity]`, perhaps with a voice; None for none given.

    Raises:
        UserError: if one is none, or there are too many, or an empty list.
    """
    if rows is None:
        return None
    made = []
    for number, row in enumerate(_checked(rows, "notes", (4, 5)), 1):
        what = f"note {number}"
        start = _number(row[0], f"the start of {what}", 0.0, MAX_SECONDS)
        end = _number(row[1], f"the end of {what}", start + 0.01, 2 * MAX_SECONDS)
        pitch = _whole(row[2], f"the pitch of {what}", MIN_PITCH, MAX_PITCH)
        voice = row[4] if len(row) > 4 else None
        if voice is not None:
            voice = _whole(voice, f"the voice of {what}", 0, len(VOICES) - 1)
        made.append(Note(start, end, pitch, _number(row[3], f"the velocity of {what}", 0.01, 1.0), voice))
    return tuple(sorted(made, key=lambda note: (note.start, note.pitch)))


def _checked(rows: list, what: str, lengths: tuple[int, ...]) -> list:
    if not 1 <= len(rows) <= MOST:
        raise UserError(f"{what} must be 1 to {MOST}, not {len(rows)}")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) not in lengths:
            raise UserError(
                f"number {number} of the {what} must be a list of {lengths[0]} or {lengths[1]} numbers"
            )
    return rows


def _number(value, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{what} must be a number, not {str(value)[:40]!r}")
    if not low <= value <= high:
        raise UserError(f"{what} must be {low:g} to {high:g}, not {value:g}")
    return float(value)


def _whole(value, what: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError(f"{what} must be a whole number from {low} to {high}, not {str(value)[:40]!r}")
    return value
