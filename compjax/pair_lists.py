"""Many pairs of clips at once: from a folder, or from a list. Composing and evaluating read them alike."""

from __future__ import annotations

import csv
import dataclasses
import os
import pathlib

from compjax.errors import UserError

INPUT_ENDING, TARGET_ENDING = "_input", "_target"


@dataclasses.dataclass(frozen=True)
class ClipPair:
    """Paths of two clips, and the name that what is made of them is saved under."""

    name: str
    input: pathlib.Path
    target: pathlib.Path


def read_pairs(source: str | os.PathLike) -> tuple[ClipPair, ...]:
    """Pairs NAME_input.* with NAME_target.* of a folder, or lines `input,target` of a CSV file.

    A list's paths are relative to its folder; `#` begins a remark, and a line `input,target` before the
    first pair is a heading.

    Raises:
        UserError: if there is no such folder or file, a line is wrong, or there is no pair.
    """
    path = pathlib.Path(source)
    if not path.exists():
        raise UserError(f"{path}: no such folder or list of pairs; give a folder or a CSV of input,target")
    pairs = _in_folder(path) if path.is_dir() else _in_list(path)
    if not pairs:
        raise UserError(f"{path} holds no pairs: name clips NAME_input.wav and NAME_target.wav, or list them")
    return _named_apart(pairs)


def _in_folder(folder: pathlib.Path) -> list[ClipPair]:
    found: dict[str, dict[str, pathlib.Path]] = {INPUT_ENDING: {}, TARGET_ENDING: {}}
    for file in sorted(folder.iterdir()):
        for ending, files in found.items():
            if file.is_file() and file.stem.endswith(ending):
                files.setdefault(file.stem.removesuffix(ending), file)
    inputs, targets = found.values()
    return [ClipPair(name or "pair", inputs[name], targets[name]) for name in inputs if name in targets]


def _in_list(path: pathlib.Path) -> list[ClipPair]:
    pairs = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                cells = [cell.strip() for cell in row]
                heading = not pairs and cells == ["input", "target"]
                if not any(cells) or cells[0].startswith("#") or heading:
                    continue
                if len(cells) != 2 or not all(cells):
                    raise UserError(f"{path}, line {number}: a line is input,target, not {','.join(row)!r}")
                clips = [path.parent / cell for cell in cells]
                for clip in clips:
                    if not clip.is_file():
                        raise UserError(f"{path}, line {number}: there is no file {clip}")
                pairs.append(ClipPair(f"{clips[0].stem}_x_{clips[1].stem}", *clips))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file of input,target") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    return pairs


def _named_apart(pairs: list[ClipPair]) -> tuple[ClipPair, ...]:
    """The pairs, those of one name numbered."""
    taken: set[str] = set()
    named = []
    for pair in pairs:
        name, count = pair.name, 1
        while name in taken or name == "index":
            count += 1
            name = f"{pair.name}_{count}"
        taken.add(name)
        named.append(dataclasses.replace(pair, name=name))
    return tuple(named)
