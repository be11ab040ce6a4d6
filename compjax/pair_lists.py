"""Many pairs of clips at once: from a folder, or from a list. Composing and evaluating read them alike."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import pathlib

from compjax.errors import UserError
from compjax.files import shown

INPUT_ENDING, TARGET_ENDING = "_input", "_target"

MAX_BYTES = 4_000_000
"""Largest list that is read."""

MAX_NAME = 200
"""Longest name, in bytes, that what is made of a pair is saved under, before a number and an ending."""


@dataclasses.dataclass(frozen=True)
class ClipPair:
    """Paths of two clips, the name that what is made of them is saved under, and where they are listed."""

    name: str
    input: pathlib.Path
    target: pathlib.Path
    place: str = ""

    def check(self) -> None:
        """Raise UserError where a clip is not there."""
        for path in (self.input, self.target):
            if not path.is_file():
                raise UserError(f"{self.place}: there is no file {shown(path)}")


def read_pairs(source: str | os.PathLike) -> tuple[ClipPair, ...]:
    """Pairs NAME_input.* with NAME_target.* of a folder, or lines `input,target` of a CSV file.

    A list's paths are relative to its folder; `#` begins a remark, and a line `input,target` before the
    first pair is a heading. Whether the clips are there is not looked at: where one is missing, the other
    pairs can be made nevertheless.

    Raises:
        UserError: if there is no such folder or file, a line is wrong, or there is no pair.
    """
    path = pathlib.Path(source)
    if not path.exists():
        raise UserError(
            f"{shown(path)}: no such folder or list of pairs; give a folder or a CSV of input,target"
        )
    pairs = _in_folder(path) if path.is_dir() else _in_list(path)
    if not pairs:
        raise UserError(
            f"{shown(path)} holds no pairs: name clips NAME_input.wav and NAME_target.wav, or list them"
        )
    return _named_apart(pairs)


def _in_folder(folder: pathlib.Path) -> list[ClipPair]:
    found: dict[str, dict[str, pathlib.Path]] = {INPUT_ENDING: {}, TARGET_ENDING: {}}
    for file in sorted(folder.iterdir()):
        for ending, files in found.items():
            if file.is_file() and file.stem.endswith(ending):
                files.setdefault(file.stem.removesuffix(ending), file)
    inputs, targets = found.values()
    return [
        ClipPair(name or "pair", inputs[name], targets[name], shown(folder))
        for name in inputs
        if name in targets
    ]


def _in_list(path: pathlib.Path) -> list[ClipPair]:
    text = _text_of(path)
    pairs: list[ClipPair] = []
    lines = io.StringIO(text, newline=None)  # of any system
    try:
        for number, row in enumerate(csv.reader(lines, delimiter=_separator(text)), start=1):
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:  # empty columns of a spreadsheet
                cells.pop()
            heading = not pairs and [cell.lower() for cell in cells] == ["input", "target"]
            if not any(cells) or cells[0].startswith("#") or heading:
                continue
            if len(cells) != 2 or not all(cells) or "\0" in "".join(cells):
                said = shown(",".join(row))[:200]
                raise UserError(f"{shown(path)}, line {number}: a line is input,target, not {said!r}")
            clips = [path.parent / os.path.expanduser(cell) for cell in cells]
            place = f"{shown(path)}, line {number}"
            pairs.append(ClipPair(f"{clips[0].stem}_x_{clips[1].stem}", *clips, place))
    except csv.Error as error:
        raise UserError(f"{shown(path)}: not a CSV file of input,target") from error
    return pairs


def _text_of(path: pathlib.Path) -> str:
    """The text of a list, in UTF-8 or the UTF-16 of spreadsheets; names may hold any bytes."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{shown(path)} is larger than {MAX_BYTES // 1_000_000} MB; is it a list?")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {shown(path)}: {error.strerror or error}") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise UserError(f"{shown(path)}: not a CSV file of input,target") from error
    if b"\0" in content:
        raise UserError(f"{shown(path)}: not a CSV file of input,target")
    return os.fsdecode(content.removeprefix(b"\xef\xbb\xbf"))


def _separator(text: str) -> str:
    """What stands between two names: a comma, or where no line has one, a semicolon or a tabulator."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return next((mark for mark in ",;\t" if lines and all(mark in line for line in lines)), ",")


def _named_apart(pairs: list[ClipPair]) -> tuple[ClipPair, ...]:
    """The pairs, those of one name numbered."""
    taken: set[str] = set()
    named = []
    for pair in pairs:
        short = os.fsencode(pair.name)[:MAX_NAME].decode("utf-8", "ignore")
        stem = pair.name if len(os.fsencode(pair.name)) <= MAX_NAME else short
        name, count = stem, 1
        while name in taken or name == "index":
            count += 1
            name = f"{stem}_{count}"
        taken.add(name)
        named.append(dataclasses.replace(pair, name=name))
    return tuple(named)
