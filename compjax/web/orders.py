"""An order as it comes in, from JSON, checked before it takes a place in the queue."""

from __future__ import annotations

import dataclasses

from compjax.compose.options import ComposeOptions
from compjax.errors import UserError
from compjax.music.chords.chord_files import parse_chords
from compjax.music.factors import FACTORS

OPTIONS = (*FACTORS, "weights", "seed", "style", "align", "arranger", "instrument", "chords")
"""Fields of `ComposeOptions` that a visitor may give; none is a file's name. Chords are sent as text."""

MAX_TEXT = 20_000
"""Characters of the longest text."""

FIELDS = ("input", "target", *OPTIONS, "num_samples")
"""All fields of an order."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """An order whose clips are still ids."""

    input: str
    target: str
    options: dict  # as `compose_many` takes them
    said: dict  # as they were sent
    num_samples: int = 1


def parse(body, max_samples: int) -> Wanted:
    """The order that decoded JSON holds.

    Raises:
        UserError: in one line, if it is none.
    """
    if not isinstance(body, dict):
        raise UserError(f"an order is an object with the fields {', '.join(FIELDS)}")
    for name, value in body.items():
        if name not in FIELDS:
            raise UserError(f"there is no option {name!r}; there are {', '.join(FIELDS)}")
        if not CHECKS[name](value):
            raise UserError(f"{name} must be {KINDS[name]}, not {shortened(value)}")
    for role in ("input", "target"):
        if role not in body:
            raise UserError(f"the order names no {role}: give the id of a clip")
    num_samples = body.get("num_samples", 1)
    if not 1 <= num_samples <= max_samples:
        raise UserError(f"num_samples must be between 1 and {max_samples}, not {num_samples}")
    said = {name: body[name] for name in OPTIONS if body.get(name) is not None}
    options = dict(said)
    if "chords" in said:
        options["chords"] = parse_chords(said["chords"])
    ComposeOptions(**options)  # it checks the values
    return Wanted(body["input"], body["target"], options, said, num_samples)


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
    return isinstance(value, int) and not isinstance(value, bool) and value < 2**63


def _is_numbers(value) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_number, value)))


def _is_style(value) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


def _is_flag(value) -> bool:
    return isinstance(value, bool)


_TEXT = dict.fromkeys(("input", "target", *FACTORS, "arranger", "instrument"), (_is_text, "text"))
_EXPECTED = {
    **_TEXT,
    "chords": (_is_text_or_null, "text, a chord a line, or null"),
    "weights": (_is_numbers, "a list of numbers, or null"),
    "style": (_is_style, "numbers by name, or null"),
    "seed": (_is_whole, "a whole number"),
    "num_samples": (_is_whole, "a whole number"),
    "align": (_is_flag, "true or false"),
}
CHECKS = {name: check for name, (check, _) in _EXPECTED.items()}
"""Whether a field's value is of the right kind."""

KINDS = {name: kind for name, (_, kind) in _EXPECTED.items()}
"""The right kind in words."""
