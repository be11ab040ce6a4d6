"""Arrays in a `.npz` file, judged before anything of them is decompressed."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import struct
import zipfile
import zlib

import numpy as np

SMALL = 64_000_000
"""Bytes that any file may unfold to."""

MAX_EXPANSION = 20
"""How many times its own size a file may unfold to beyond that: weights hardly shrink."""

MAX_HEADER = 4096
"""Longest header of an array, in bytes."""

MAX_ARRAYS = 20_000
"""Most arrays of a file."""

DAMAGED = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, RecursionError, OverflowError,
    MemoryError, TypeError, SyntaxError, struct.error, zlib.error, zipfile.BadZipFile, zipfile.LargeZipFile,
)  # fmt: skip
"""What reading a file that is damaged, encrypted, or something else may raise."""


@dataclasses.dataclass(frozen=True)
class Member:
    """An array that is announced: its name in the archive, type, shape, order, and where its bytes begin."""

    file: str
    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    begin: int


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """All arrays of a `.npz` file by name.

    Raises:
        ValueError: with a reason, if it is none, unfolds to more than is believed, or an array is not what
            it is announced as; or one of `DAMAGED`.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: _announced(archive, info) for name, info in _entries(archive, path).items()}
        return {name: _array(archive, member) for name, member in members.items()}


def _entries(archive: zipfile.ZipFile, path) -> dict[str, zipfile.ZipInfo]:
    """The archive's entries by array, none of them too large."""
    infos = archive.infolist()
    if len(infos) > MAX_ARRAYS:
        raise ValueError(f"it has {len(infos)} parts")
    for info in infos:
        if info.flag_bits & 1:
            raise ValueError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its compression (method {info.compress_type}) is not known")
    limit = max(SMALL, MAX_EXPANSION * os.path.getsize(path))
    total = sum(info.file_size for info in infos)
    if total > limit:
        raise ValueError(f"it would unfold to {total / 1e6:,.0f} MB; {limit / 1e6:,.0f} MB are believed")
    named = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(named) != len(infos):
        raise ValueError("it has two arrays of one name")
    return named


def _announced(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    """What an array's header says, which must agree with its size."""
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"{info.filename} is of an unknown version of NumPy's format")
        shape, fortran, dtype = read[version](file, max_header_size=MAX_HEADER)
        begin = file.tell()
    if dtype.hasobject or dtype.kind not in "fiub":
        raise ValueError(f"{info.filename} holds {dtype}, not numbers")
    if math.prod(shape) * dtype.itemsize != info.file_size - begin:
        raise ValueError(f"{info.filename} does not hold the {shape} numbers that it announces")
    return Member(info.filename, dtype, tuple(shape), fortran, begin)


def _array(archive: zipfile.ZipFile, member: Member) -> np.ndarray:
    content = archive.read(member.file)  # verifies its CRC
    flat = np.frombuffer(content, member.dtype, offset=member.begin)
    return flat.reshape(member.shape, order="F" if member.fortran else "C")


def digest(arrays: dict[str, np.ndarray]) -> bytes:
    """SHA-256 over names, types, shapes and contents, 32 bytes."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        found.update(array.tobytes())
    return found.digest()
