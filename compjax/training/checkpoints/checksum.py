"""Sums by which a restored state is known to be the saved one, however it lies on devices and hosts.

Orbax restores flipped bits without a word. Of each array two sums modulo 2^32 are kept, over its elements'
bits as unsigned numbers: plain, and with an odd weight for each place. A changed bit changes its product,
since the weight is odd, and an exchange of elements changes the weighted sum. Sums do not depend on how the
array is cut, so what two hosts saved can be checked by one.
"""

from __future__ import annotations

import concurrent.futures
import math
import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

BLOCK = 1 << 16
"""Elements at a time, to stay in the cache."""
FACTOR = 0x9E3779B1  # odd: the golden ratio's share of 2^32
MASK = (1 << 32) - 1
WEIGHTS = (np.arange(BLOCK, dtype=np.uint32) * np.uint32(2) + np.uint32(1)) * np.uint32(FACTOR)
"""Weight of place p: (2 p + 1) FACTOR. Of place p + q it is that of p and 2 q FACTOR more."""


def _words(array: np.ndarray) -> np.ndarray:
    """An array's elements as unsigned numbers of at most 32 bits; of wide ones two, along a new last axis."""
    width = array.dtype.itemsize
    array = np.ascontiguousarray(array).reshape(array.shape)
    if width > 4:
        return array.reshape(-1).view(np.uint32).reshape(array.shape + (width // 4,))
    return array.view({1: np.uint8, 2: np.uint16, 4: np.uint32}[width])


def _block_sums(block: np.ndarray, first: np.ndarray) -> tuple[int, int]:
    """Plain and weighted sum of rows `[R, L]` whose first elements have the places `[R]`."""
    block = block.astype(np.uint32, copy=False)
    rows = block.sum(axis=1, dtype=np.uint32)
    weighted = (block * WEIGHTS[: block.shape[1]]).sum(dtype=np.uint32)
    shifts = first.astype(np.uint32) * np.uint32(2 * FACTOR & MASK)
    return int(rows.sum(dtype=np.uint32)), int(weighted) + int((rows * shifts).sum(dtype=np.uint32))


def _runs(
    shape: tuple[int, ...], starts: tuple[int, ...], extents: tuple[int, ...]
) -> tuple[int, np.ndarray]:
    """How many elements of a part follow one another in the whole array, and where each such run begins."""
    axis = len(shape)
    while axis > 0 and extents[axis - 1 :] == shape[axis - 1 :]:
        axis -= 1
    axis = max(axis - 1, 0)  # the outermost cut axis still runs on
    first = np.zeros((), np.int64)
    for dim in range(axis):
        place = (starts[dim] + np.arange(extents[dim])) * math.prod(shape[dim + 1 :])
        first = first[..., None] + place
    offset = starts[axis] * math.prod(shape[axis + 1 :]) if shape else 0
    return math.prod(extents[axis:]), first.reshape(-1) + offset


def part_sums(part: np.ndarray, shape: tuple[int, ...], index: tuple[slice, ...]) -> tuple[int, int]:
    """Both sums of the part `index` of an array of `shape`."""
    words = _words(part)
    extra = words.shape[part.ndim :]
    shape = shape + extra
    starts = tuple(cut.indices(size)[0] for cut, size in zip(index, shape, strict=False)) + (0,) * len(extra)
    if words.size == 0:
        return 0, 0
    length, first = _runs(shape, starts, words.shape)
    rows = words.reshape(-1, length)
    plain = weighted = 0
    height, width = max(1, BLOCK // length), min(length, BLOCK)
    for row in range(0, rows.shape[0], height):
        for column in range(0, length, width):
            block = rows[row : row + height, column : column + width]
            sums = _block_sums(block, first[row : row + height] + column)
            plain, weighted = plain + sums[0], weighted + sums[1]
    return plain & MASK, weighted & MASK


def leaf_sums(leaf: Any) -> tuple[int, int]:
    """The sums of what this process holds of a leaf; over all processes they add up to the leaf's."""
    if not isinstance(leaf, jax.Array):
        array = np.asarray(leaf)
        return part_sums(array, array.shape, (slice(None),) * array.ndim)
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    shards = [shard for shard in leaf.addressable_shards if shard.replica_id == 0]
    sums = [part_sums(np.asarray(shard.data), leaf.shape, shard.index) for shard in shards]
    return sum(plain for plain, _ in sums) & MASK, sum(weighted for _, weighted in sums) & MASK


def state_sums(state: Any, exchange: Callable[[str], list[str]]) -> dict[str, str]:
    """The sums of every leaf, by its path, 16 hexadecimal digits.

    Args:
        state: any pytree of arrays.
        exchange: gives this process's text to all and returns everybody's (distributed.Peers.exchange).
    """
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(state)}
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        own = list(pool.map(leaf_sums, leaves.values()))
    said = exchange(" ".join(f"{value:x}" for sums in own for value in sums))
    table = np.array([[int(word, 16) for word in text.split()] for text in said], np.uint64)
    total = table.reshape(len(said), len(leaves), 2).sum(axis=0) & np.uint64(MASK)
    return {path: f"{int(a):08x}{int(b):08x}" for path, (a, b) in zip(leaves, total, strict=True)}
