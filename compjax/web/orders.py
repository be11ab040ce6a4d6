"""An order as it comes in, from JSON, checked before it takes a place in the queue."""

from __future__ import annotations

import dataclasses
import math

from compjax.compose.asked.options import ComposeOptions
from compjax.constants import MAX_SECONDS
from compjax.errors import UserError
from compjax.music.chords.chord_files import parse_chords
from compjax.music.factors import FACTORS
from compjax.music.groove import LENGTH, VOICES
from compjax.music.score import MAX_PITCH, MIN_PITCH, Hit, Note, Rhythm

OPTIONS = tuple(field.name for field in dataclasses.fields(ComposeOptions))
"""What a visitor may give; none is a file's name. Chords are sent as text."""

MAX_TEXT = 20_000
"""Characters of the longest text."""

FIELDS = ("input", "target", *OPTIONS, "num_samples", "variation", "hits", "notes")
"""All fields of an order."""

ALL_FIELDS = "/api/openapi.json describes its fields"
"""What is said where a field is not known."""

MOST = 20_000
"""Hits or notes of one order."""

EARLIEST = -1.0
"""Seconds before the clip at which a hit may lie: what sounds at its beginning may have begun before."""

MAX_VARIATION = 10_000
"""Number of the last variation that can be asked for."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """An order whose clips are still ids; see `jobs.Order`."""

    input: str
    target: str
    options: dict  # as `compose_many` takes them
    said: dict  # as they were sent
    num_samples: int = 1
    variation: int = 0
    hits: Rhythm | None = None
    notes: tuple[Note, ...] | None = None


def parse(body, max_samples: int) -> Wanted:
    """The order that decoded JSON holds.

    Raises:
        UserError: if it is none, in one line.
    """
    if not isinstance(body, dict):
        raise UserError(f"an order is an object; {ALL_FIELDS}")
    for name, value in body.items():
        if name not in FIELDS:
            raise UserError(f"there is no option {shortened(name)}; {ALL_FIELDS}")
        check, kind = EXPECTED.get(name, ANY)
        if not check(value):
            raise UserError(f"{name} must be {kind}, not {shortened(value)}")
    for role in ("input", "target"):
        if role not in body:
            raise UserError(f"the order names no {role}: give the id of a clip")
    num_samples = _between("num_samples", body.get("num_samples", 1), 1, max_samples)
    variation = _between("variation", body.get("variation", 0), 0, MAX_VARIATION)
    said = {name: body[name] for name in OPTIONS if body.get(name) is not None}
    options = dict(said)
    if "chords" in said:
        options["chords"] = parse_chords(said["chords"])
    ComposeOptions(**options)  # it checks the values
    given = {"hits": parse_hits(body.get("hits")), "notes": parse_notes(body.get("notes"))}
    return Wanted(body["input"], body["target"], options, said, num_samples, variation, **given)


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


def _between(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise UserError(f"{name} must be between {low} and {high}, not {value}")
    return value


def shortened(value, length: int = 40) -> str:
    """A value as it stands in a message."""
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}…"


def _is_text(value) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_text_or_null(value) -> bool:
    return value is None or _is_text(value)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_numbers(value) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_number, value)))


def _is_style(value) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


def _is_roles(value) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_text, value.values())))


def _is_flag(value) -> bool:
    return isinstance(value, bool)


def _is_list(value) -> bool:
    return value is None or isinstance(value, list)


def _is_plain(value) -> bool:
    return value is None or _is_text(value) or _is_number(value) or _is_flag(value)


ANY = (_is_plain, "text, a number, true, false or null")
"""What an option may be whose value `ComposeOptions` alone judges."""

EXPECTED = {
    **dict.fromkeys(("input", "target", *FACTORS, "arranger", "instrument"), (_is_text, "text")),
    "chords": (_is_text_or_null, "text, a chord a line, or null"),
    "weights": (_is_numbers, "a list of numbers, or null"),
    "roles": (_is_roles, "a role by voice, or null"),
    "style": (_is_style, "numbers by name, or null"),
    **dict.fromkeys(("seed", "num_samples", "variation"), (_is_whole, "a whole number")),
    **dict.fromkeys(("align", "loop", "stems"), (_is_flag, "true or false")),
    **dict.fromkeys(("hits", "notes"), (_is_list, "a list, or null")),
}
"""By field: whether a value is of the right kind, and that kind in words."""
