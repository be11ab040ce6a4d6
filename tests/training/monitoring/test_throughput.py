"""What a step costs, counted by XLA, and what the devices could do."""

import types

import jax
import jax.numpy as jnp
import pytest

from compjax.training.monitoring import throughput


def counted(function, *shapes) -> float:
    return throughput.flops_of(jax.jit(function).trace(*map(jnp.ones, shapes)))


def test_a_product_costs_two_operations_a_term():
    assert counted(jnp.matmul, (64, 32), (32, 16)) == 2 * 64 * 32 * 16
    batched = 2 * 5 * 64 * 32 * 16
    assert counted(jnp.matmul, (5, 64, 32), (5, 32, 16)) == batched
    gradients = jax.grad(lambda a, b: jnp.sum((a @ b) ** 2), (0, 1))
    assert counted(gradients, (64, 32), (32, 16)) == 3 * 2 * 64 * 32 * 16


def test_a_convolution_costs_two_operations_a_tap():
    def convolve(groups):
        return lambda x, kernel: jax.lax.conv_general_dilated(
            x, kernel, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"), feature_group_count=groups
        )

    assert counted(convolve(1), (2, 50, 8), (7, 8, 6)) == 2 * 2 * 50 * 6 * 7 * 8
    assert counted(convolve(8), (2, 50, 8), (7, 1, 8)) == 2 * 2 * 50 * 8 * 7


def test_a_loop_counts_as_often_as_it_runs():
    once = 2 * 16**3

    def looped(x):
        return jax.lax.scan(lambda x, _: (x @ x, None), x, None, length=10)[0]

    assert counted(looped, (16, 16)) == 10 * once
    assert counted(lambda x: jax.lax.map(lambda row: looped(x) @ row, x), (16, 16)) == 16 * (
        10 * once + 2 * 16**2
    )
    branches = [lambda x: x, lambda x: x @ x, looped]
    assert counted(lambda x: jax.lax.switch(jnp.int32(x[0, 0]), branches, x), (16, 16)) == 10 * once


@pytest.mark.parametrize(
    ("kind", "peak"),
    [("TPU v5 lite", 197e12), ("TPU v5p", 459e12), ("NVIDIA H100 80GB HBM3", 989e12), ("cpu", None)],
)
def test_peaks(kind, peak):
    assert throughput.peak_flops(types.SimpleNamespace(device_kind=kind)) == peak


def test_utilisation():
    assert throughput.utilisation(1e12, 5.0, 1e13) == 0.5
    assert throughput.utilisation(None, 5.0, 1e13) is None
    assert throughput.utilisation(1e12, 5.0, None) is None


def test_memory():
    devices = [types.SimpleNamespace(memory_stats=lambda: {"bytes_in_use": 2e9, "peak_bytes_in_use": 3e9})]
    used = throughput.memory_use(devices)
    assert (used["device"], used["device_peak"]) == (2.0, 3.0)
    assert 0.01 < used["host"] <= used["host_peak"] * 1.01
    assert "device" not in throughput.memory_use()  # a CPU keeps no account
