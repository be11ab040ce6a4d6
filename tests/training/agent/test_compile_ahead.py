"""Compiling for TPU pods without one."""

import pathlib

import jax
import numpy as np
import pytest

from compjax.errors import UserError
from compjax.training import sharding
from compjax.training.agent import compile_ahead

ROOT = pathlib.Path(__file__).parents[3]

PROGRAM = """
  %all-reduce.1 = f32[512,128]{1,0:T(8,128)} all-reduce(%dot), channel_id=1, replica_groups={{0,1}}
  %ar-start = (f32[64], f32[64]) all-reduce-start(%x), channel_id=2
  %ar-done = f32[64]{0} all-reduce-done(%ar-start)
  %ag = bf16[1024,2048]{1,0} all-gather(%shard), dimensions={0}
  ROOT %rs = f32[8,16]{1,0} reduce-scatter(%g), dimensions={0}
  %fusion = f32[8] fusion(%all-reduce.1), calls=%computation
"""


def test_collectives_are_counted_once_by_kind():
    counts, gathered = compile_ahead.count_collectives(PROGRAM)
    assert counts == {"all-reduce": 2, "all-gather": 1, "reduce-scatter": 1}
    assert gathered == 1024 * 2048


def test_a_compiled_programs_collectives_are_found():
    mesh = sharding.make_mesh()
    x = jax.ShapeDtypeStruct((8, 3), np.float32, sharding=sharding.batch_sharding(mesh))
    whole = jax.jit(lambda x: x.sum(), out_shardings=sharding.replicated(mesh))
    counts, _ = compile_ahead.count_collectives(whole.lower(x).compile().as_text())
    assert counts == {"all-reduce": 1}
    same = jax.jit(lambda x: x * 2).lower(x).compile()
    assert compile_ahead.count_collectives(same.as_text()) == ({}, 0)


def test_what_is_added_up_is_counted_in_bytes():
    assert compile_ahead.bytes_reduced(PROGRAM) == 4 * (512 * 128 + 64 + 64)
    mesh = sharding.make_mesh()
    x = jax.ShapeDtypeStruct((8, 3), np.float32, sharding=sharding.batch_sharding(mesh))
    whole = jax.jit(lambda x: x.sum(axis=0), out_shardings=sharding.replicated(mesh))
    assert compile_ahead.bytes_reduced(whole.lower(x).compile().as_text()) == 3 * 4


def test_the_batch_is_one_that_sources_make():
    batch = compile_ahead.abstract_batch(6, 300)
    assert batch["input_latents"].shape == (6, 300, 128) and batch["has_notes"].shape == (6,)


def test_a_report_says_how_full_a_chip_is():
    memory, collectives, work = (4 * 2**30, 16 * 2**30), {"all-reduce": 2}, (0, 120_000_000, 2.5e12)
    mesh = {"data": 8, "fsdp": 1}
    report = compile_ahead.Report("v5e-8", mesh, 64, *memory, collectives, *work, 700, 3.0, 2.0)
    assert report.share == 0.25
    said = ("data 8 x fsdp 1", "batch 64", "4.00 of 16 GiB, 25%", "2 all-reduce", "120.0 MB", "2.50 TFLOP")
    for text in (*said, "700 operations", "3 s, 2 s of processor"):
        assert text in str(report)


def test_this_machine_can_be_asked_about():
    machine, devices = compile_ahead.describe("here")
    assert machine.memory > 2**30 and devices == jax.devices()


def test_what_does_not_exist_is_the_users_error():
    with pytest.raises(UserError, match="v5e-8"):
        compile_ahead.describe("v99")
    with pytest.raises(UserError, match="does not divide"):
        compile_ahead.mesh_of(list(range(8)), 3)


STEP_OPERATIONS = 45_700
ALLOWED = 1.2
"""Operations of the lowered step, with all losses; a fifth more is a change to be seen, and to be meant."""


def has_compiler() -> bool:
    """Whether the TPU compiler is installed."""
    try:
        compile_ahead.describe("v5e-8")
    except UserError:
        return False
    return True


def experiment():
    """The configuration of experiments/compositional.py, small."""
    import runpy

    config = runpy.run_path(str(ROOT / "experiments/compositional.py"))["get_config"]()
    config.agent.settings.size = "small"
    config.agent.settings.stages = 0
    config.agent.settings.layers = 1
    config.step.update({"accumulate": 2, "compute_dtype": "bfloat16", "remat": True})
    return config


def test_the_default_experiments_step_is_lowered_for_every_platform():
    from jax import export

    mesh = compile_ahead.mesh_of(jax.devices()[:1], 1)
    step, arguments = compile_ahead.training_step(experiment(), mesh, 4)
    exported = export.export(step, platforms=("cpu", "cuda", "tpu"))(*arguments)
    assert exported.platforms == ("cpu", "cuda", "tpu")
    assert [aval.shape for aval in exported.out_avals][0] == ()  # the step's number
    operations = exported.mlir_module().count(" = ")
    assert STEP_OPERATIONS / ALLOWED <= operations <= STEP_OPERATIONS * ALLOWED


@pytest.mark.slow
@pytest.mark.skipif(
    not has_compiler(), reason="the TPU compiler is not installed: pip install 'compjax[tpu]'"
)
@pytest.mark.parametrize(
    ("fsdp", "collectives"), [(1, {"all-reduce": 3}), (4, {"all-reduce": 3, "all-gather": 21})]
)
def test_a_step_for_a_tpu_slice_moves_parameters_and_no_activations(fsdp, collectives):
    config = experiment()
    config.losses.update(
        {"spectral": 0.0, "adversarial": 0.0}
    )  # the network alone: minutes instead of an hour
    report = compile_ahead.compile_for(config, "v5e-8", fsdp, batch_per_device=2)
    assert report.share < compile_ahead.FULLEST
    assert report.collectives == collectives
    largest = 256 * 1024  # kernel of the feed-forward layer; the activations of one clip have more
    assert report.gathered == (largest if fsdp > 1 else 0)
