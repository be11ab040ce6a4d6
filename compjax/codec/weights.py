"""Trained weights on disk: one `.npz` of arrays, named by their path in the tree, a config, and a digest."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

import numpy as np

from compjax.codec import weights_file
from compjax.errors import UserError
from compjax.files import atomic_path, sha256_of, shown

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets"
CHECKSUMS = "checksums.json"  # sha256 by file name, beside the bundled weights
CONFIG_KEY = "config"
DIGEST_KEY = "digest"  # of everything else in the file

MAX_CONFIG = 1_000_000
"""Bytes of the longest config."""


@dataclasses.dataclass(frozen=True, eq=False)
class StoredWeights:
    """What a weights file holds.

    Attributes:
        config: what the weights belong to.
        params: nested dict of float32 arrays.
        sealed: whether a digest says that they are the very ones that were written, and all of them.
    """

    config: dict
    params: dict
    sealed: bool


def save_weights(path: str | os.PathLike, config: dict, params: dict, dtype: type = np.float16) -> None:
    """Write `params` (a nested dict of arrays) as `dtype` with its `config`, whole or not at all.

    Raises:
      ValueError: weights are not finite, or too large for `dtype`.
    """
    arrays = {name: _narrowed(name, value, dtype) for name, value in flatten(params).items()}
    arrays[CONFIG_KEY] = np.frombuffer(json.dumps(config, sort_keys=True).encode(), np.uint8)
    arrays[DIGEST_KEY] = np.frombuffer(weights_file.digest(arrays), np.uint8)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def load_weights(path: str | os.PathLike) -> tuple[dict, dict]:
    """The `config` and the float32 `params` of a weights file; see `read_weights`."""
    stored = read_weights(path)
    return stored.config, stored.params


def read_weights(path: str | os.PathLike) -> StoredWeights:
    """What a weights file holds, judged before it is decompressed.

    A bundled file must match its entry in the checksums, and one that holds a digest must match that.

    Raises:
      UserError: the file is missing, damaged, not the one its checksum names, or holds what is not finite.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no weights at {shown(path)}; give the path of a .npz file, or reinstall compjax")
    bundled = verify(path)
    try:
        arrays = weights_file.read_arrays(path)
        digest = arrays.pop(DIGEST_KEY, None)
        if digest is not None and digest.tobytes() != weights_file.digest(arrays):
            raise ValueError("it does not match the digest in it")
        config = _config(arrays.pop(CONFIG_KEY))
        params = unflatten({name: value.astype(np.float32) for name, value in arrays.items()})
    except weights_file.DAMAGED as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{shown(path)} is damaged or no weights file ({reason}); fetch, convert or train it again"
        ) from error
    odd = next((name for name, value in arrays.items() if not np.isfinite(value).all()), None)
    if odd is not None:
        raise UserError(f"{shown(path)}: the weights {odd} are not finite; fetch, convert or train it again")
    return StoredWeights(config, params, bundled or digest is not None)


def _config(stored: np.ndarray) -> dict:
    if stored.nbytes > MAX_CONFIG:
        raise ValueError(f"its config has {stored.nbytes} bytes")
    config = json.loads(stored.tobytes())
    if not isinstance(config, dict):
        raise ValueError("its config is no JSON object")
    return config


def verify(path: pathlib.Path) -> bool:
    """Whether `path` is a bundled file; UserError if it differs from its recorded sha256."""
    if path.resolve().parent != ASSETS:
        return False
    record = ASSETS / CHECKSUMS
    known = json.loads(record.read_text()) if record.is_file() else {}
    if path.name not in known:
        raise UserError(f"{path} has no entry in {record}; record its sha256 there")
    if sha256_of(path) != known[path.name]:
        raise UserError(f"{path} does not match its sha256 in {record}; reinstall compjax")
    return True


def install(source: str | os.PathLike, name: str) -> pathlib.Path:
    """Copy a weights file among the bundled ones as `name` and record its checksum."""
    load_weights(source)
    target, record = ASSETS / name, ASSETS / CHECKSUMS
    with atomic_path(target) as temporary:
        pathlib.Path(temporary).write_bytes(pathlib.Path(source).read_bytes())
    known = json.loads(record.read_text()) if record.is_file() else {}
    known[name] = sha256_of(target)
    with atomic_path(record) as temporary:
        pathlib.Path(temporary).write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return target


def flatten(tree: dict, prefix: str = "") -> dict[str, np.ndarray]:
    """Arrays by their '/'-joined path."""
    flat: dict[str, np.ndarray] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}/") if isinstance(value, dict) else {name: np.asarray(value)}
    return flat


def unflatten(flat: dict[str, np.ndarray]) -> dict:
    """The nested dict that `flatten` made `flat` of."""
    tree: dict = {}
    for name, value in flat.items():
        *parents, last = name.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return tree


def _narrowed(name: str, value: np.ndarray, dtype: type) -> np.ndarray:
    """`value` as `dtype`; ValueError where it is not finite or does not fit."""
    with np.errstate(over="ignore"):  # said below
        narrowed = value.astype(dtype)
    if not np.all(np.isfinite(narrowed)):
        raise ValueError(f"weights {name!r} are not finite, or too large for {np.dtype(dtype).name}")
    return narrowed
