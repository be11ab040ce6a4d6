"""Weights that were converted from another program's: written in full precision, known by their digest."""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Mapping

import numpy as np

from compjax.codec import weights
from compjax.errors import UserError
from compjax.files import sha256_of

DIGEST = "sha256"
"""Entry of a converted file's config: `digest` of its arrays."""


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
