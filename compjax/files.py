"""Files that are either whole or absent, their checksums, and folders."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pathlib
import re
import secrets
import socket
from collections.abc import Iterator

from compjax.errors import UserError

MAX_NAME_BYTES = 255
"""Longest name of a file that file systems take."""

CACHE_VARIABLE = "COMPJAX_CACHE"
"""Names the folder of what can be made again; the default is compjax in $XDG_CACHE_HOME or ~/.cache."""

TRAINED = ("best.npz", "agent.npz", "transformer.npz")
"""Files of weights in a folder that an agent was trained in; the first that is there is taken."""

_TEMPORARY = re.compile(r"\.compjax-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp")


def shown(path: str | os.PathLike) -> str:
    """A path as text that can be printed and saved anywhere: bytes that are no UTF-8 become \ufffd."""
    return os.fsencode(path).decode("utf-8", "replace")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """A temporary path to write to; on leaving the block it becomes `path` in one step.

    The temporary file lies in the same folder and keeps the suffix, so that writers that go by
    the suffix work. If the block raises, it is removed and whatever was at `path` stays. What a process that
    was killed has left in the folder is removed, too.

    Raises:
      UserError: if the folder does not exist, `path` is no regular file, or writing failed
        (permissions, full disk).
    """
    final = pathlib.Path(os.path.realpath(path))  # write through a symbolic link, not over it
    _check_target(final, path)
    _sweep(final.parent)
    suffix = final.suffix if len(final.suffix) < 10 else ""
    temporary = final.with_name(f".compjax-{_host()}-{os.getpid()}-{secrets.token_hex(4)}.tmp{suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, final)
    except OSError as error:
        if error.filename not in (None, str(temporary), temporary):
            raise
        raise UserError(f"cannot write {shown(path)}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            os.remove(temporary)


@functools.cache
def _host() -> str:
    """This machine, in eight hexadecimal digits."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


@functools.cache
def _sweep(folder: pathlib.Path) -> None:
    """Remove temporary files of this machine's processes that are no more; once a process and folder."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            found = _TEMPORARY.match(entry.name)
            if found and found[1] == _host() and not _is_running(int(found[2])):
                with contextlib.suppress(OSError):
                    os.remove(entry.path)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is another user's
        return True
    return True


def make_folder(folder: str | os.PathLike, parents: bool = True) -> pathlib.Path:
    """The folder, made where it is missing; with `parents` those above it too.

    Raises:
      UserError: if it cannot be made.
    """
    made = pathlib.Path(folder)
    try:
        made.mkdir(parents=parents, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot make the folder {shown(folder)}: {reason}; name another") from error
    return made


def checkpoint_file(path: str | os.PathLike) -> pathlib.Path:
    """A file of weights: the path itself, or in a folder that training wrote the best, else the last.

    Raises:
        UserError: if there is no such file, or none in the folder.
    """
    given = pathlib.Path(path)
    if given.is_dir():
        found = [given / name for name in TRAINED if (given / name).is_file()]
        if not found:
            raise UserError(f"{shown(path)} holds no weights: none of {', '.join(TRAINED)} is in it")
        return found[0]
    if not given.is_file():
        raise UserError(f"there is no checkpoint {shown(path)}")
    return given


def cache_folder() -> pathlib.Path:
    """Where compjax keeps what it can make again, and the user may delete; a RuntimeError without a home."""
    named = os.environ.get(CACHE_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(named) if named else pathlib.Path(base) / "compjax"


def _check_target(final: pathlib.Path, path: str | os.PathLike) -> None:
    name = shown(path)
    if len(os.fsencode(final.name)) > MAX_NAME_BYTES:
        raise UserError(f"cannot write {name}: the name is longer than {MAX_NAME_BYTES} bytes")
    if final.is_dir():
        raise UserError(f"cannot write {name}: it is a folder; give the name of a file")
    if final.exists() and not final.is_file():
        raise UserError(f"cannot write {name}: it is a device or a pipe; give the name of a file")
    if not final.parent.is_dir():
        raise UserError(
            f"cannot write {name}: the folder {shown(final.parent)} does not exist; create it first"
        )


def _flush_to_disk(path: pathlib.Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
