"""Reading other programs' weights files, of PyTorch or safetensors."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from compjax.errors import UserError
from compjax.port import pickles, torch_file


def read(path: str | os.PathLike) -> Any:
    """What a PyTorch or safetensors file holds; tensors unread, see `pickles.Tensor`, or arrays.

    Raises:
        UserError: there is no such file, or it is damaged, none of these, or would run code.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the weights file in it")
    if not path.is_file():
        raise UserError(f"there are no weights at {path}")
    try:
        with open(path, "rb") as file:
            begin = file.read(9)
        if begin[8:] == b"{":  # eight bytes of length, then JSON
            return _read_safetensors(path)
        return torch_file.load(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def _read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise UserError(f"reading {path.name} needs one more package: pip install 'compjax[port]'") from error
    try:
        return safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} is cut off, damaged or no weights file ({reason}); fetch it again"
        ) from error


def to_arrays(state: Any, path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Arrays by name of a state dict that `read` gave.

    Raises:
        UserError: it is no mapping from names to tensors, or a tensor does not fit its data.
    """
    if not isinstance(state, Mapping) or not state:
        raise UserError(f"{path} holds no weights by name")
    arrays = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, pickles.Tensor | np.ndarray):
            which = repr(name)[:60] if isinstance(name, str) else "a number"
            raise UserError(f"{path} is no state dict: {which} is not a tensor")
        try:
            arrays[name] = value if isinstance(value, np.ndarray) else value.numpy()
        except torch_file.BROKEN as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path} is cut off or damaged at {name} ({reason}); fetch it again") from error
    return arrays
