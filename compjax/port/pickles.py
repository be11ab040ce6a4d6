"""Pickles of weights, read without running anything of them.

A pickle can name any function to be called. Here a name is looked up in a short table of stand-ins and
nowhere else, so it can only make data. Tensors stay in the file until they are asked for.
"""

from __future__ import annotations

import collections
import math
import pathlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from compjax.errors import UserError

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


class PickleRefused(UserError):
    """The file names something that is no data."""


class Settings:
    """Stands for `argparse.Namespace`: the names and values that a program was started with."""


class Ignored:
    """Stands for data that no conversion needs: NumPy arrays, sets, dates."""

    def __init__(self, *_: Any):
        """Forget what it is made of."""

    def __setstate__(self, state: Any) -> None:
        """Forget that too."""


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
            raise ValueError("a tensor whose shape or strides are no natural numbers")
        if math.prod(self.shape) > self.storage.size:  # one number repeated could fill all memory
            raise ValueError(f"a tensor of shape {self.shape} in a storage of {self.storage.size} numbers")
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


class Unpickler(pickle._Unpickler):
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
            raise PickleRefused(f"asks for {f'{module}.{name}'!r:.80}, which is no data")
        return self._known[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        kind, storage_type, key, _, size, *view = pid
        if kind != "storage" or not isinstance(storage_type, StorageType) or any(view):
            raise ValueError("a reference to something else than a storage")
        if not isinstance(key, str) or not isinstance(size, int) or size < 0:
            raise ValueError("a storage without a name or a size")
        return self._storage(storage_type, key, size)


def _stand_ins() -> Mapping[tuple[str, str], Callable]:
    """What a pickle may name; made anew for every file, since a pickle can set attributes of it."""

    class Namespace(Settings):
        pass

    class Unneeded(Ignored):
        pass

    def tensor(storage, offset, shape, strides, *_):
        if not isinstance(storage, Storage):
            raise ValueError("a tensor without a storage")
        return Tensor(storage, offset, tuple(shape), tuple(strides))

    def parameter(data, *_):
        return data

    def text(*parts):
        return str(pathlib.PurePosixPath(*(part for part in parts if isinstance(part, str))))

    def number_type(code, *_):
        return _NumberType(code)

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
    for core in ("numpy.core.multiarray", "numpy._core.multiarray"):
        table |= {(core, "scalar"): number, (core, "_reconstruct"): Unneeded}
    unneeded = [("numpy", "ndarray"), ("datetime", "datetime"), ("builtins", "set"), ("__builtin__", "set")]
    table |= dict.fromkeys(unneeded, Unneeded)
    return table


class _NumberType:
    """Stands for a NumPy dtype of one number."""

    def __init__(self, code: str):
        if code.lstrip("<|=") not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
            raise ValueError(f"numbers of type {code:.20}")
        self.code = code

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like: files are little-endian."""
