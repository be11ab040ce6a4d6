"""Gradient accumulation: a batch in parts, one after the other, with the gradient of the whole batch.

The network is run on the parts by `lax.scan` and run again on each in the backward pass, so that no
more than one part's activations are alive. The losses see the outputs of all parts together: a loss
that is no mean over examples (a ratio of sums, a masked mean) is the same as without parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from compjax.training.sharding import BATCH_AXES, constrain

Array = jax.Array


def split(x: Array, parts: int) -> Array:
    """`[B, ...]` to `[parts, B / parts, ...]`; part i has every parts-th example, so none changes device."""
    return jnp.moveaxis(x.reshape(x.shape[0] // parts, parts, *x.shape[1:]), 1, 0)


def merge(x: Array, size: int) -> Array:
    """The inverse of `split` on what a network gave for each part; scalars are averaged.

    `x` is `[parts]` or `[parts, k * size, ...]`, where `size` is the examples of a part and a network may
    give k rows of each (the inputs' rows, then the targets').
    """
    parts = x.shape[0]
    if x.ndim == 1:
        return x.mean()
    copies = x.shape[1] // size
    rows = x.reshape(parts, copies, size, *x.shape[2:])
    return jnp.moveaxis(rows, 0, 2).reshape(copies * size * parts, *x.shape[2:])


def in_parts(run: Callable[..., tuple[Any, Any]], parts: int, mesh: Mesh) -> Callable[..., tuple[Any, Any]]:
    """`run(params, model_state, batch, key) -> (output, model_state)` in `parts`; 1 leaves it as it is."""
    if parts == 1:
        return run
    over_devices = NamedSharding(mesh, PartitionSpec(None, BATCH_AXES))

    def accumulated(params: Any, model_state: Any, batch: Mapping[str, Array], key: Array) -> tuple[Any, Any]:
        split_batch = {name: split(value, parts) for name, value in batch.items()}
        split_batch = constrain(split_batch, over_devices)
        size = next(iter(split_batch.values())).shape[1]

        @jax.checkpoint
        def one(model_state: Any, item: tuple[Any, Array]) -> tuple[Any, Any]:
            part, number = item
            output, model_state = run(params, model_state, part, jax.random.fold_in(key, number))
            return model_state, output

        model_state, outputs = jax.lax.scan(one, model_state, (split_batch, jnp.arange(parts)))
        return jax.tree.map(lambda x: merge(x, size), outputs), model_state

    return accumulated
