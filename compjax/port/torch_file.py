"""PyTorch's files (.pt, .th, .bin) without PyTorch, and without running what is in them (`port_pickle`).

Both formats: a zip archive with the pickle and one member per storage (since PyTorch 1.6), and, before that,
several pickles and the storages one after the other. Tensors are read when they are asked for: an
optimizer's moments beside the weights never are.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from typing import Any

import numpy as np

from compjax.errors import UserError
from compjax.port.pickles import DTYPES, PickleRefused, Storage, StorageType, Unpickler

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""First pickle of a file in the older format."""

PROTOCOL_VERSION = 1001
"""Its second."""

MAX_PICKLE = 64 * 2**20  # bytes of the pickle in an archive; names and settings take a few hundred kB

# What a damaged or hostile pickle makes an unpickler raise.
BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    struct.error,
    ValueError,
)


def load(path: str | os.PathLike) -> Any:
    """What the file holds: dicts, lists, numbers, text; `Tensor` for tensors, `Settings` for a namespace.

    Raises:
        UserError: the file is damaged, none of PyTorch's, or names anything but data.
    """
    try:
        with open(path, "rb") as file:
            if file.read(4) == b"PK\x03\x04":
                return _load_zip(path)
            file.seek(0)
            return _load_legacy(path, file)
    except PickleRefused as error:
        raise UserError(f"{path} {error}; it was not run, and nothing was written") from None
    except BROKEN as error:
        told = isinstance(error, ValueError | EOFError | zipfile.BadZipFile) and str(error)
        reason = " ".join(told.split()) if told else "it cannot be unpickled"
        raise UserError(
            f"{path} is cut off, damaged or no PyTorch file ({reason}); fetch it again"
        ) from error


def _load_zip(path: str | os.PathLike) -> Any:
    """The archive format: NAME/data.pkl, and NAME/data/KEY for every storage."""
    with zipfile.ZipFile(path) as archive:
        [pickled] = [name for name in archive.namelist() if name.endswith("/data.pkl")] or [None]
        if pickled is None:
            raise ValueError("an archive without data.pkl")
        folder = pickled.removesuffix("data.pkl")
        if (
            f"{folder}byteorder" in archive.namelist()
            and _member(archive, f"{folder}byteorder", 16) != b"little"
        ):
            raise ValueError("its numbers are big-endian")
        data = _member(archive, pickled, MAX_PICKLE)

    def storage(kind: StorageType, key: str, size: int) -> Storage:
        def read() -> bytes:
            with zipfile.ZipFile(path) as archive:
                return _member(archive, f"{folder}data/{key}", size * np.dtype(DTYPES[kind.name]).itemsize)

        return Storage(DTYPES[kind.name], size, read)

    return Unpickler(io.BytesIO(data), storage).load()


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's bytes, `limit` at most: PyTorch compresses nothing, so a small file cannot grow large."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > limit:
        raise ValueError(f"{name} is compressed or has more than {limit} bytes")
    return archive.read(info)


def _load_legacy(path: str | os.PathLike, file) -> Any:
    """The older format: number, version, system, the pickle, the storages' keys, the storages."""
    storages: dict[str, Storage] = {}

    def storage(kind: StorageType, key: str, size: int) -> Storage:
        return storages.setdefault(key, Storage(DTYPES[kind.name], size, lambda: b""))

    if Unpickler(file, storage).load() != MAGIC_NUMBER:
        raise ValueError("it does not begin as one")
    version = Unpickler(file, storage).load()
    if version != PROTOCOL_VERSION:
        raise ValueError("its version is another")
    Unpickler(file, storage).load()  # sizes of C types where it was written
    content = Unpickler(file, storage).load()
    for key in Unpickler(file, storage).load():
        head = file.read(8)
        size = int.from_bytes(head, "little")
        if len(head) < 8 or size != storages[key].size:
            raise ValueError(f"storage {key} has {size} numbers, not {storages[key].size}")
        begin, length = file.tell(), size * storages[key].itemsize
        storages[key].read = lambda begin=begin, length=length: _read_at(path, begin, length)
        file.seek(length, os.SEEK_CUR)
    return content


def _read_at(path: str | os.PathLike, begin: int, length: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(begin)
        return file.read(length)
