"""What a step costs, counted by XLA, and what the devices could do."""

import types

import jax
import jax.numpy as jnp
import pytest

from compjax.training.monitoring import throughput


def test_a_matrix_product_costs_two_operations_a_term():
    program = jax.jit(lambda a, b: a @ b).lower(jnp.ones((64, 32)), jnp.ones((32, 16)))
    for form in (program, program.compile()):
        assert throughput.flops_of(form) == pytest.approx(2 * 64 * 32 * 16, rel=0.05)


def test_a_program_without_a_count_has_none():
    assert throughput.flops_of(types.SimpleNamespace(cost_analysis=lambda: None)) is None
    assert throughput.flops_of(types.SimpleNamespace(cost_analysis=lambda: [])) is None


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
