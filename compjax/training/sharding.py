"""Where arrays lie: a mesh of devices (`data`, `fsdp`), and a table of which parameters are split.

Examples are split over both axes. Parameters, moments and averages are split over `fsdp` (Zhao et al.
2023) where they are large, else each device has them whole. With `fsdp` 1, the default, that is plain
data parallelism.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from compjax.errors import UserError

BATCH_AXES = ("data", "fsdp")
"""Both axes of the mesh have examples of their own."""

MIN_SPLIT_SIZE = 2**16
"""Numbers in the smallest parameter that is split: gathering smaller ones costs more than it saves."""

RULES: tuple[tuple[str, int | None], ...] = (
    (r"(out_proj|linear2)/kernel$", -2),  # their inputs are another layer's split outputs
    (r"kernel$", -1),
    (r"", None),
)
"""Regular expression on a leaf's path -> its axis that lies over `fsdp`; the first that is found holds.

A leaf too small, or whose axis `fsdp` does not divide, is whole on each device.
"""

HOST_ONLY = ("sample_ids",)
"""Keys of a batch that stay behind on the host."""


def make_mesh(data: int = -1, fsdp: int = 1) -> Mesh:
    """A mesh over all devices of all hosts; -1 takes as many as there are.

    Raises:
        UserError: if the sizes do not make up the number of devices.
    """
    count = jax.device_count()
    if data == -1 and fsdp == -1:
        data = 1
    rest = max(1, data) * max(1, fsdp)
    data, fsdp = (count // rest if size == -1 else size for size in (data, fsdp))
    if data < 1 or fsdp < 1 or data * fsdp != count:
        raise UserError(
            f"a mesh of data {data} x fsdp {fsdp} is not the {count} devices there are; set mesh.data=-1"
        )
    return jax.make_mesh((data, fsdp), BATCH_AXES, axis_types=(AxisType.Auto,) * 2)


def path_of(path: tuple) -> str:
    """A leaf's place in a tree, such as `params/agent/composer/output/kernel`."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


def spec_of(name: str, shape: tuple[int, ...], fsdp: int) -> PartitionSpec:
    """How a leaf of a path and shape is split over `fsdp` devices."""
    axis = next(axis for pattern, axis in RULES if re.search(pattern, name))
    if (
        axis is None
        or fsdp == 1
        or len(shape) < -axis
        or np.prod(shape) < MIN_SPLIT_SIZE
        or shape[axis] % fsdp
    ):
        return PartitionSpec()
    return PartitionSpec(*("fsdp" if i == len(shape) + axis else None for i in range(len(shape))))


def state_shardings(state: Any, mesh: Mesh) -> Any:
    """A tree of shardings for a state or its `jax.eval_shape`."""

    def of(path: tuple, leaf: Any) -> NamedSharding:
        return NamedSharding(mesh, spec_of(path_of(path), leaf.shape, mesh.shape["fsdp"]))

    return jax.tree_util.tree_map_with_path(of, state)


def replicated(mesh: Mesh) -> NamedSharding:
    """Whole on every device."""
    return NamedSharding(mesh, PartitionSpec())


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """The first axis split over all devices."""
    return NamedSharding(mesh, PartitionSpec(BATCH_AXES))


def constrain(tree: Any, shardings: Any) -> Any:
    """Inside a jitted function: `tree` laid out by one sharding, or by a tree of them."""
    if isinstance(shardings, NamedSharding):
        return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, shardings), tree)
    return jax.tree.map(jax.lax.with_sharding_constraint, tree, shardings)


def check_batch_size(batch_size: int, mesh: Mesh, accumulate: int = 1) -> None:
    """A UserError if a batch, or each part of an accumulated one, cannot be split over the devices."""
    if accumulate < 1 or batch_size < 1 or batch_size % (mesh.size * accumulate):
        wanted = f"{mesh.size} devices" + (
            f" x {accumulate} parts (step.accumulate)" if accumulate != 1 else ""
        )
        raise UserError(f"batch_size is {batch_size}; it must be a multiple of {wanted}")


def to_global(batch: Mapping[str, np.ndarray], mesh: Mesh) -> dict[str, jax.Array]:
    """The global batch of what each host made of it; keys that stay on the host are left out."""
    sharding = batch_sharding(mesh)
    return {
        name: jax.make_array_from_process_local_data(sharding, value)
        for name, value in batch.items()
        if name not in HOST_ONLY
    }


def abstract(tree: Any, shardings: Any) -> Any:
    """Shapes and types of a tree (arrays or `jax.eval_shape`) with shardings: what to compile for."""

    def of(leaf: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)

    if isinstance(shardings, NamedSharding):
        return jax.tree.map(lambda leaf: of(leaf, shardings), tree)
    return jax.tree.map(of, tree, shardings)
