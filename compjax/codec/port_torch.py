"""PyTorch's files (.pt, .th, .bin) without PyTorch, and without running what is in them.

Such a file is a pickle, which can name any function to be called. Here a name is looked up in a short table
of stand-ins and nowhere else, so reading a file cannot run anything of it. Tensors stay where they are
until they are asked for: an optimizer's moments beside the weights are never read.

Both formats: a zip archive with the pickle and one member per storage (since PyTorch 1.6), and, before that,
several pickles and the storages one after the other.
"""

from __future__ import annotations

import collections
import io
import os
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from compjax.audio.errors import UserError

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""First pickle of a file in the older format."""

PROTOCOL_VERSION = 1001
"""Its second."""

MAX_PICKLE = 64 * 2**20  # bytes of the pickle in an archive; names and settings take a few hundred kB

DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # upper halves of float32, see Tensor.numpy
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}
"""Types of PyTorch's storages; all files are little-endian."""

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


class Refused(UserError):
    """The file names something that is no data."""


class Settings:
    """Stands for `argparse.Namespace`: the names and values that a program was started with."""


class StorageType(NamedTuple):
    """A kind of storage by name, as the pickle refers to it."""

    name: str


class Storage:
    """A run of numbers in the file, read when first asked for."""

    def __init__(self, dtype: str, size: int, read: Callable[[], bytes]):
        """Hold `size` numbers of `dtype`, whose bytes `read` gives."""
        self._dtype, self.size, self.read = np.dtype(dtype), size, read
        self.is_bfloat16 = dtype == DTYPES["BFloat16Storage"]

    def numpy(self) -> np.ndarray:
        """All numbers, `[size]`; ValueError if the file has more or fewer."""
        data = self.read()
        if len(data) != self.size * self._dtype.itemsize:
            raise ValueError(f"a storage of {self.size} numbers has {len(data)} bytes")
        return np.frombuffer(data, self._dtype)

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return self._dtype.itemsize


class Tensor(NamedTuple):
    """A tensor that has not been read: a view of a storage, in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def numpy(self) -> np.ndarray:
        """Its values, a copy; ValueError if they do not lie in the storage."""
        sizes = (self.offset, *self.shape, *self.strides)
        if any(not isinstance(n, int) or n < 0 for n in sizes) or len(self.shape) != len(self.strides):
            raise ValueError(f"a tensor of shape {self.shape} and strides {self.strides}")
        values = self.storage.numpy()
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape:
            values = np.zeros(self.shape, values.dtype)
        elif last >= values.size:
            raise ValueError(f"a tensor of shape {self.shape} reaches beyond its storage")
        else:
            steps = [stride * values.itemsize for stride in self.strides]
            values = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps).copy()
        if self.storage.is_bfloat16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values


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
    except Refused as error:
        raise UserError(f"{path} {error}; it was not run, and nothing was written") from None
    except BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
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

    return _Unpickler(io.BytesIO(data), storage).load()


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

    if _Unpickler(file, storage).load() != MAGIC_NUMBER:
        raise ValueError("it does not begin as one")
    version = _Unpickler(file, storage).load()
    if version != PROTOCOL_VERSION:
        raise ValueError(f"version {version}")
    _Unpickler(file, storage).load()  # sizes of C types where it was written
    content = _Unpickler(file, storage).load()
    for key in _Unpickler(file, storage).load():
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


class _Unpickler(pickle._Unpickler):
    """Builds plain data, `Tensor` and `Settings`; whatever else a pickle names is refused.

    Python's own unpickler, not the one in C: that takes 16 bytes for every number up to the largest that a
    (damaged) pickle gives an object, 64 GB at most.
    """

    def __init__(self, file, storage: Callable[[StorageType, str, int], Storage]):
        super().__init__(file, encoding="utf-8")
        self._storage = storage
        self._known = _stand_ins()

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in DTYPES:
            return StorageType(name)
        if (module, name) not in self._known:
            raise Refused(f"asks for {f'{module}.{name}'!r:.80}, which is no data")
        return self._known[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        kind, storage_type, key, _, size, *view = pid
        if kind != "storage" or not isinstance(storage_type, StorageType) or any(view):
            raise ValueError(f"a reference to {str(pid):.80}")
        if not isinstance(key, str) or not isinstance(size, int) or size < 0:
            raise ValueError(f"a storage called {str(key):.80} of {str(size):.80} numbers")
        return self._storage(storage_type, key, size)


def _stand_ins() -> Mapping[tuple[str, str], Callable]:
    """What a pickle may name; made anew for every file, since a pickle can set attributes of it."""

    class Namespace(Settings):
        pass

    def tensor(storage, offset, shape, strides, *_):
        if not isinstance(storage, Storage):
            raise ValueError("a tensor without a storage")
        return Tensor(storage, offset, tuple(shape), tuple(strides))

    def parameter(data, *_):
        return data

    def text(*parts):
        return str(pathlib.PurePosixPath(*map(str, parts)))

    def number_type(code, *_):
        return _NumberType(str(code))

    def number(kind, data=b""):
        return np.frombuffer(data, np.dtype(kind.code))[0].item()

    def encoded(value, encoding="latin1"):
        return value.encode("latin1")

    table: dict[tuple[str, str], Callable] = {
        ("collections", "OrderedDict"): lambda *items: collections.OrderedDict(*items),
        ("argparse", "Namespace"): Namespace,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch._utils", "_rebuild_parameter"): parameter,
        ("torch", "Size"): lambda *sizes: tuple(*sizes),
        ("torch", "device"): text,
        ("_codecs", "encode"): encoded,
        ("numpy", "dtype"): number_type,
    }
    table |= {("pathlib", name): text for name in ("PosixPath", "PurePosixPath", "WindowsPath")}
    table |= {(f"numpy.{core}.multiarray", "scalar"): number for core in ("core", "_core")}
    return table


class _NumberType:
    """Stands for a NumPy dtype of one number."""

    def __init__(self, code: str):
        if code.lstrip("<|=") not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
            raise ValueError(f"numbers of type {code:.20}")
        self.code = code

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like: files are little-endian."""
