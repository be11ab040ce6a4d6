"""Where parameters and examples lie."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from compjax.errors import UserError
from compjax.training import sharding


def test_a_mesh_takes_all_devices():
    assert dict(sharding.make_mesh().shape) == {"data": 4, "fsdp": 1}
    assert dict(sharding.make_mesh(-1, 2).shape) == {"data": 2, "fsdp": 2}
    assert dict(sharding.make_mesh(1, -1).shape) == {"data": 1, "fsdp": 4}


@pytest.mark.parametrize("sizes", [(3, 1), (8, 1), (-1, 3), (2, 1), (0, 0)])
def test_a_mesh_of_another_size_is_the_users_error(sizes):
    with pytest.raises(UserError, match="4 devices"):
        sharding.make_mesh(*sizes)


@pytest.mark.parametrize(
    ("name", "shape", "spec"),
    [
        ("params/encoder/linear1/kernel", (512, 2048), PartitionSpec(None, "fsdp")),
        ("params/encoder/linear2/kernel", (2048, 512), PartitionSpec("fsdp", None)),
        ("opt_state/1/0/mu/attention/out_proj/kernel", (512, 512), PartitionSpec("fsdp", None)),
        ("ema/extractor/conv/kernel", (21, 128, 64), PartitionSpec(None, None, "fsdp")),
        ("params/encoder/linear1/bias", (2048,), PartitionSpec()),
        ("params/small/kernel", (64, 64), PartitionSpec()),
        ("params/odd/kernel", (512, 513), PartitionSpec()),
        ("step", (), PartitionSpec()),
    ],
)
def test_large_kernels_are_split_and_the_rest_is_whole(name, shape, spec):
    assert sharding.spec_of(name, shape, 4) == spec
    assert sharding.spec_of(name, shape, 1) == PartitionSpec()


def test_a_state_is_laid_out_by_the_table():
    mesh = sharding.make_mesh(1, 4)
    state = {"params": {"kernel": jnp.zeros((256, 512)), "bias": jnp.zeros(512)}, "step": jnp.zeros(())}
    shardings = sharding.state_shardings(jax.eval_shape(lambda: state), mesh)
    placed = jax.device_put(state, shardings)
    assert placed["params"]["kernel"].addressable_shards[0].data.shape == (256, 128)
    assert placed["params"]["bias"].addressable_shards[0].data.shape == (512,)


def test_examples_are_split_and_ids_stay_behind():
    mesh = sharding.make_mesh(2, 2)
    batch = {"x": np.arange(8.0, dtype=np.float32)[:, None], "sample_ids": np.arange(8)}
    made = sharding.to_global(batch, mesh)
    assert set(made) == {"x"}
    np.testing.assert_array_equal(made["x"], batch["x"])
    assert {shard.data.shape for shard in made["x"].addressable_shards} == {(2, 1)}


@pytest.mark.parametrize(
    ("size", "parts", "fits"), [(8, 1, True), (8, 2, True), (8, 4, False), (6, 1, False)]
)
def test_a_batch_must_fit_the_devices_and_parts(size, parts, fits):
    mesh = sharding.make_mesh()
    if fits:
        sharding.check_batch_size(size, mesh, parts)
    else:
        with pytest.raises(UserError, match=f"batch_size is {size}"):
            sharding.check_batch_size(size, mesh, parts)
