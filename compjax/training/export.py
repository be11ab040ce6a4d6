"""From a training state to the file that composing loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
from jax.experimental import multihost_utils


def on_host(tree: Any) -> Any:
    """A tree of arrays as NumPy; parts that lie on other hosts are fetched, so all processes must call it."""

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
            return multihost_utils.process_allgather(leaf, tiled=True)
        return jax.device_get(leaf)

    return jax.tree.map(fetch, tree)


def export_weights(path: str, config: Mapping[str, Any], params: Any) -> None:
    """Write parameters and what they belong to as an inference file (.npz), whole or not at all.

    All processes call it, and process 0 writes.
    """
    from compjax.codec.weights import save_weights

    found = on_host(params)
    if jax.process_index() == 0:
        save_weights(path, dict(config), found)
