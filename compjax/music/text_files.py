"""Small files that musicians edit: lines of words, numbers with limits, complaints with the line's number."""

from __future__ import annotations

import math
import os
import pathlib
import re
from collections.abc import Iterator

from compjax.errors import UserError
from compjax.files import shown

MAX_BYTES = 4_000_000
"""Largest text file that is read: hours of hits take less."""

_REMARK = re.compile(r"(?:^|\s)#")  # not that of F#

_COLUMN = re.compile(r"([^\s,;]+(?:,\d+(?=[\s;]))?)[\s,;]*(.*)")

MIDI_SUFFIXES = (".mid", ".midi")


def is_midi(path: str | os.PathLike) -> bool:
    """Whether a file is MIDI by its ending; every other is text."""
    return pathlib.Path(path).suffix.lower() in MIDI_SUFFIXES


def refused(path: str | os.PathLike, number: int, reason: str) -> UserError:
    """What is wrong with a line, as an error to raise."""
    return UserError(f"{shown(path)}, line {number}: {reason}")


def read_lines(path: str | os.PathLike) -> Iterator[tuple[int, list[str]]]:
    """Line numbers, from 1, and words of the lines that hold any; what follows a # between words is left out.

    Raises:
        UserError: if the file cannot be read as text.
    """
    name = shown(path)
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise UserError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; is it a text file?")
        text = decoded(pathlib.Path(path).read_bytes())
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is no text file (byte {error.start} is none of a text)") from error
    except OSError as error:
        raise UserError(f"cannot read {name}: {error.strerror or error}") from error
    yield from split_lines(text)


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, in UTF-16 with its mark, or in the single bytes of Windows.

    Raises:
        UnicodeDecodeError: where it holds what no text does.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    if (place := next((at for at, c in enumerate(text) if c < " " and c not in "\t\n\r\f\v"), -1)) >= 0:
        raise UnicodeDecodeError("text", content, place, place + 1, "a control character")
    return text


def split_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """As `read_lines`, of a text that is at hand."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = _REMARK.split(line, maxsplit=1)[0].split()
        if words:
            yield number, words


def column(text: str) -> tuple[str, str]:
    """The first word of a line and what follows it, divided by blanks, commas or semicolons.

    A comma is a decimal point where digits and a blank follow it: 0,5 low.
    """
    found = _COLUMN.match(text)
    return (found[1].replace(",", "."), found[2]) if found else ("", "")


def columns(text: str) -> list[str]:
    """All words of a line that is divided so."""
    found, rest = [], text + " "
    while rest:
        word, rest = column(rest)
        found += [word] * bool(word)
    return found


def parse_number(path, number: int, word: str, what: str, low: float, high: float) -> float:
    """A word of a line as a number in [low, high]; UserError if it is none."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and low <= value <= high):
        raise refused(path, number, f"{what} must be a number from {low:g} to {high:g}, not {word!r}")
    return value
