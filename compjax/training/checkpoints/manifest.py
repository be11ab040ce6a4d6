"""Checksums of a checkpoint's files, written into its folder once it is complete.

They tell a damaged checkpoint before anything of it is read, and guard what the sums of the state cannot: the
description, and Orbax's own files.
"""

from __future__ import annotations

import json
import os
import pathlib
import zlib

from compjax.errors import UserError
from compjax.files import atomic_path

NAME = "files.json"
CHUNK = 1 << 20


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)


def _crc(path: pathlib.Path) -> int:
    value = 0
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            value = zlib.crc32(block, value)
    return value


def write(folder: str | os.PathLike) -> None:
    """Write `folder/files.json`: size and CRC-32 of every file below; a UserError or OSError if it cannot."""
    folder = pathlib.Path(folder)
    table = {str(path.relative_to(folder)): [path.stat().st_size, _crc(path)] for path in _files(folder)}
    text = json.dumps(table, sort_keys=True)
    with atomic_path(folder / NAME) as path:
        path.write_text(json.dumps({"files": table, "crc": zlib.crc32(text.encode())}))


def damage(folder: str | os.PathLike) -> str:
    """What differs from `files.json`, one line; empty if nothing does or it was never written."""
    folder = pathlib.Path(folder)
    path = folder / NAME
    if not path.exists():
        return ""
    try:
        stored = json.loads(path.read_text())
        table = stored["files"]
        if zlib.crc32(json.dumps(table, sort_keys=True).encode()) != stored["crc"]:
            return f"{NAME} does not match its own checksum"
        present = {str(file.relative_to(folder)) for file in _files(folder)}
        for name, (size, crc) in table.items():
            if name not in present:
                return f"{name} is missing"
            if (folder / name).stat().st_size != size:
                return f"{name} has {(folder / name).stat().st_size} bytes instead of {size}"
            if _crc(folder / name) != crc:
                return f"{name} does not match its checksum"
    except (OSError, ValueError, KeyError, TypeError, UserError) as error:
        return f"{NAME} cannot be read ({error})"
    return ""
