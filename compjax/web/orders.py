"""An order as it comes in, from JSON, checked before it takes a place in the queue."""

from __future__ import annotations

import dataclasses

from compjax.compose.options import ComposeOptions
from compjax.errors import UserError
from compjax.music.chords.chord_files import parse_chords
from compjax.music.factors import FACTORS
from compjax.music.score import Note, Rhythm
from compjax.web.events import parse_hits, parse_notes

OPTIONS = tuple(field.name for field in dataclasses.fields(ComposeOptions))
"""What a visitor may give; none is a file's name. Chords are sent as text."""

MAX_TEXT = 20_000
"""Characters of the longest text."""

FIELDS = ("input", "target", *OPTIONS, "num_samples", "variation", "hits", "notes")
"""All fields of an order."""

ALL_FIELDS = "/api/openapi.json describes its fields"
"""What is said where a field is not known."""

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
    "style": (_is_style, "numbers by name, or null"),
    **dict.fromkeys(("seed", "num_samples", "variation"), (_is_whole, "a whole number")),
    **dict.fromkeys(("align", "loop"), (_is_flag, "true or false")),
    **dict.fromkeys(("hits", "notes"), (_is_list, "a list, or null")),
}
"""By field: whether a value is of the right kind, and that kind in words."""
