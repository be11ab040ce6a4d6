"""Files that are either whole or absent, and their checksums."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import secrets
from collections.abc import Iterator

from compjax.errors import UserError


def shown(path: str | os.PathLike) -> str:
    """A path as text that can be printed and saved anywhere: bytes that are no UTF-8 become \ufffd."""
    return os.fsencode(path).decode("utf-8", "replace")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """A temporary path to write to; on leaving the block it becomes `path` in one step.

    The temporary file lies in the same folder and keeps the suffix, so that writers that go by
    the suffix work. If the block raises, it is removed and whatever was at `path` stays.

    Raises:
      UserError: if the folder does not exist, `path` is no regular file, or writing failed
        (permissions, full disk).
    """
    final = pathlib.Path(os.path.realpath(path))  # write through a symbolic link, not over it
    _check_target(final, path)
    temporary = final.with_name(f".{final.stem[:100]}.{secrets.token_hex(4)}.tmp{final.suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, final)
    except OSError as error:
        if error.filename not in (None, str(temporary), temporary):
            raise
        raise UserError(f"cannot write {os.fspath(path)}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            os.remove(temporary)


def _check_target(final: pathlib.Path, path: str | os.PathLike) -> None:
    name = os.fspath(path)
    if final.is_dir():
        raise UserError(f"cannot write {name}: it is a folder; give the name of a file")
    if final.exists() and not final.is_file():
        raise UserError(f"cannot write {name}: it is a device or a pipe; give the name of a file")
    if not final.parent.is_dir():
        raise UserError(f"cannot write {name}: the folder {final.parent} does not exist; create it first")


def _flush_to_disk(path: pathlib.Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
