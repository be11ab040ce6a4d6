"""Trained weights on disk: one `.npz` of arrays, named by their path in the tree, and a config."""

from __future__ import annotations

import json
import os
import pathlib
import zipfile

import numpy as np

from compjax.errors import UserError
from compjax.files import atomic_path, sha256_of

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets"
CHECKSUMS = "checksums.json"  # sha256 by file name, beside the bundled weights
CONFIG_KEY = "config"


def save_weights(path: str | os.PathLike, config: dict, params: dict, dtype: type = np.float16) -> None:
    """Write `params` (a nested dict of arrays) as `dtype` with its `config`, whole or not at all.

    Raises:
      ValueError: weights are not finite, or too large for `dtype`.
    """
    arrays = {name: _narrowed(name, value, dtype) for name, value in flatten(params).items()}
    arrays[CONFIG_KEY] = np.frombuffer(json.dumps(config, sort_keys=True).encode(), np.uint8)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def load_weights(path: str | os.PathLike) -> tuple[dict, dict]:
    """The `config` and the float32 `params` of a weights file.

    A bundled file must match its entry in the checksums.

    Raises:
      UserError: the file is missing, damaged, or not the one its checksum names.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no weights at {path}; give the path of a .npz file, or reinstall compjax")
    verify(path)
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        config = json.loads(arrays.pop(CONFIG_KEY).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged or no weights file ({error}); fetch or train it again") from error
    return config, unflatten({name: value.astype(np.float32) for name, value in arrays.items()})


def verify(path: pathlib.Path) -> None:
    """Raise UserError if `path` is a bundled file that differs from its recorded sha256."""
    if path.resolve().parent != ASSETS:
        return
    record = ASSETS / CHECKSUMS
    known = json.loads(record.read_text()) if record.is_file() else {}
    if path.name not in known:
        raise UserError(f"{path} has no entry in {record}; record its sha256 there")
    if sha256_of(path) != known[path.name]:
        raise UserError(f"{path} does not match its sha256 in {record}; reinstall compjax")


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
