"""Writes files as torch.save does, in both its formats, without PyTorch."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile

import numpy as np

from compjax.port import torch_file


class Named:
    """Pickles as a call of a function by its name, as PyTorch's tensors do."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def function_of(module: str, name: str):
    """A function that pickles as module.name; the pickler looks it up, so it must be importable."""

    def stand_in(*args):
        raise AssertionError("only its name is written")

    stand_in.__module__, stand_in.__qualname__, stand_in.__name__ = module, name, name
    return stand_in


REBUILD = function_of("torch._utils", "_rebuild_tensor_v2")
STORAGES = {
    np.dtype(code): function_of("torch", name)
    for code, name in {"f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage"}.items()
}


class Pickler(pickle._Pickler):
    """Writes names without looking them up, and storages by reference."""

    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.stored = {}

    def save_global(self, obj, name=None):
        self.write(pickle.GLOBAL + f"{obj.__module__}\n{name or obj.__qualname__}\n".encode())

    def persistent_id(self, obj):
        if not isinstance(obj, Stored):
            return None
        key = str(len(self.stored))
        self.stored[key] = obj.values
        return ("storage", STORAGES[obj.values.dtype], key, "cpu", obj.values.size)

    dispatch = dict(pickle._Pickler.dispatch)
    dispatch[type(REBUILD)] = save_global


class Stored:
    """The numbers of a tensor."""

    def __init__(self, values):
        self.values = values


def tensor(values: np.ndarray, offset=0, shape=None, strides=None):
    """An array as PyTorch's pickles have it."""
    values = np.ascontiguousarray(values)
    steps = tuple(s // values.itemsize for s in values.strides)
    args = (offset, shape or values.shape, strides or steps, False, collections.OrderedDict())
    return Named(REBUILD, Stored(values.ravel()), *args)


def write_zip(path, content) -> None:
    """torch.save of today."""
    data = io.BytesIO()
    pickler = Pickler(data)
    pickler.dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", data.getvalue())
        archive.writestr("best/byteorder", "little")
        for key, values in pickler.stored.items():
            archive.writestr(f"best/data/{key}", values.tobytes())


def write_legacy(path, content) -> None:
    """torch.save before 1.6."""
    with open(path, "wb") as file:
        for head in (torch_file.MAGIC_NUMBER, torch_file.PROTOCOL_VERSION, {"little_endian": True}):
            pickle.dump(head, file, protocol=2)
        body = io.BytesIO()
        pickler = Pickler(body)
        pickler.persistent_id_of = pickler.persistent_id
        pickler.persistent_id = lambda obj: (
            (*found, None) if (found := pickler.persistent_id_of(obj)) else None
        )
        pickler.dump(content)
        file.write(body.getvalue())
        pickle.dump(list(pickler.stored), file, protocol=2)
        for values in pickler.stored.values():
            file.write(struct.pack("<q", values.size) + values.tobytes())
