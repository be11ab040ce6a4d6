"""Sums of a state: they see every changed bit, and not how an array is cut."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.training.checkpoints import checksum


def whole(array):
    return checksum.part_sums(array, array.shape, (slice(None),) * array.ndim)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int8, np.float16])
@pytest.mark.parametrize("shape", [(), (7,), (64, 50), (2, 3, 4, 5)])
def test_parts_add_up_to_the_whole(rng, kind, shape):
    array = np.asarray(rng.normal(size=shape) * 50).astype(kind)
    cuts = [(slice(0, size // 2), slice(size // 2, size)) for size in shape]
    for chosen in itertools.product((False, True), repeat=len(shape)):
        choices = [cut if split else (slice(None),) for cut, split in zip(cuts, chosen, strict=True)]
        parts = [checksum.part_sums(array[i], array.shape, i) for i in itertools.product(*choices)]
        assert tuple(sum(part) & checksum.MASK for part in zip(*parts, strict=True)) == whole(array)


def test_every_single_bit_is_seen(rng):
    array = rng.normal(size=40).astype(np.float32)
    before = whole(array)
    for bit in range(array.nbytes * 8):
        changed = array.copy()
        changed.view(np.uint8)[bit // 8] ^= 1 << (bit % 8)
        assert whole(changed) != before


def test_exchanged_elements_are_seen():
    assert whole(np.array([1.0, 2.0])) != whole(np.array([2.0, 1.0]))


def test_blocks_larger_than_one(rng):
    array = rng.integers(0, 255, 3 * checksum.BLOCK + 5).astype(np.uint8)
    places = np.arange(array.size, dtype=np.uint64)
    weights = ((2 * places + 1) * checksum.FACTOR) & checksum.MASK
    assert whole(array) == (
        int(array.sum(dtype=np.uint64)) & checksum.MASK,
        int((array * weights).sum()) & checksum.MASK,
    )


def test_sharded_state_has_the_sums_of_the_whole_one(rng):
    values = {"a": rng.normal(size=(8, 6)).astype(np.float32), "b": np.int32(3)}
    mesh = jax.make_mesh((4,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    whole_copy = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    state = {"a": jax.device_put(values["a"], split), "b": jax.device_put(values["b"], whole_copy)}
    assert checksum.state_sums(state, lambda text: [text]) == checksum.state_sums(
        jax.tree.map(jnp.asarray, values), lambda text: [text]
    )


def test_what_processes_hold_adds_up():
    sums = checksum.state_sums({"a": np.arange(4.0)}, lambda text: [text, "1 ffffffff"])
    plain, weighted = whole(np.arange(4.0))
    assert sums == {"['a']": f"{(plain + 1) & checksum.MASK:08x}{(weighted - 1) & checksum.MASK:08x}"}
