"""What all conversions of other programs' weights share: reading them, and writing ours."""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from compjax.codec import weights
from compjax.errors import UserError
from compjax.files import sha256_of
from compjax.port import pickles, torch_file

DIGEST = "sha256"
"""Entry of a converted file's config: `digest` of its arrays."""


def read(path: str | os.PathLike) -> Any:
    """What a PyTorch or safetensors file holds; tensors unread, see `port_pickle.Tensor`, or arrays.

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


def refuse(names: list[str], what: str, path: str | os.PathLike) -> None:
    """UserError that names the first of `names`, if there are any."""
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise UserError(f"{path} has {len(names)} {what}: {', '.join(names[:3])}{more}")


def check_finite(arrays: Mapping[str, np.ndarray], path: str | os.PathLike) -> None:
    """UserError if a weight is no finite number."""
    refuse(
        [name for name, value in arrays.items() if not np.all(np.isfinite(value))], "weights not finite", path
    )


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes and float32 values, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name], np.float32)
        total.update(f"{name} {value.shape}\n".encode())
        total.update(value.data if value.size else b"")
    return total.hexdigest()


def save(path: str | os.PathLike, config: dict, params: dict, source: str | os.PathLike) -> None:
    """Write a converted file in float32, whole or not at all: half precision changes EnCodec's codes.

    Its config gets the digest of the arrays, and name and SHA-256 of the `source`.
    """
    arrays = weights.flatten(params)
    check_finite(arrays, source)
    origin = {"file": pathlib.Path(source).name, DIGEST: sha256_of(source)}
    config = {**config, DIGEST: digest(arrays), "source": {**config.get("source", {}), **origin}}
    weights.save_weights(path, config, params, np.float32)


def load(path: str | os.PathLike) -> tuple[dict, dict]:
    """Config and params of a file that `save` wrote.

    Raises:
        UserError: the file is missing, damaged, or not what was written.
    """
    config, params = weights.load_weights(path)
    if DIGEST in config and digest(weights.flatten(params)) != config[DIGEST]:
        raise UserError(f"{path} does not match the SHA-256 in it; convert it again")
    return config, params
