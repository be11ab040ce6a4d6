"""What a step costs and what the machine could do: for MFU, the share of its peak that training uses."""

from __future__ import annotations

import math
import resource
import sys
from typing import Any

import jax
from jax.extend.core import jaxprs_in_params

PEAK_FLOPS = {
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5e": 197e12,
    "TPU v5p": 459e12,
    "TPU v5": 459e12,
    "TPU v6 lite": 918e12,
    "TPU v6e": 918e12,
    "NVIDIA A100": 312e12,
    "NVIDIA L4": 121e12,
    "NVIDIA H100": 989e12,
    "NVIDIA H200": 989e12,
    "NVIDIA B200": 2250e12,
    "Tesla V100": 125e12,
    "Tesla T4": 65e12,
}
"""Dense bfloat16 (V100, T4: float16) operations per second of one device, by how its name begins.

Source: the makers' data sheets (cloud.google.com/tpu/docs, nvidia.com/data-center). Variants of a name
(PCIe and SXM boards) differ by up to a third; the fastest stands here, so MFU is not flattered.
"""

GIGABYTE = 1e9


def peak_flops(device: Any) -> float | None:
    """Peak operations per second of a JAX device; None for one that is not in the table, as any CPU."""
    name = device.device_kind
    known = [key for key in PEAK_FLOPS if name.startswith(key)]
    return PEAK_FLOPS[max(known, key=len)] if known else None


def flops_of(traced: Any) -> float:
    """Operations of the matrix products and convolutions of one call of a traced function.

    `jax.jit(f).trace(*arguments)`; two operations a term, on all devices together, loops as often as they
    run. XLA's own count takes a loop once, which leaves out most of layers and heads that are scanned.
    A `while` of unknown length counts once; of the branches of a `cond` the dearest.
    """
    return _flops(traced.jaxpr.jaxpr)


def _flops(jaxpr: Any) -> float:
    return sum(_flops_of_equation(equation) for equation in jaxpr.eqns)


def _flops_of_equation(equation: Any) -> float:
    name, out = equation.primitive.name, equation.outvars[0].aval if equation.outvars else None
    shapes = [getattr(var.aval, "shape", ()) for var in equation.invars]
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        return 2.0 * math.prod(out.shape) * math.prod(shapes[0][axis] for axis in contracted)
    if name == "conv_general_dilated":
        taps = math.prod(shapes[1]) / shapes[1][equation.params["dimension_numbers"].rhs_spec[0]]
        return 2.0 * math.prod(out.shape) * taps / equation.params["batch_group_count"]
    if name == "cond":
        return max(_flops(branch.jaxpr) for branch in equation.params["branches"])
    times = equation.params["length"] if name == "scan" else 1
    return times * sum(_flops(inner) for inner in jaxprs_in_params(equation.params))


def utilisation(flops: float | None, steps_per_second: float, peak: float | None) -> float | None:
    """Model FLOPs utilisation in [0, 1]: operations done over those possible; None if unknown."""
    if not flops or not peak:
        return None
    return flops * steps_per_second / peak


def memory_use(devices: list | None = None) -> dict[str, float]:
    """Gigabytes: `host` and `host_peak` of this process, `device` and `device_peak` of the fullest device."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    used = {"host_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIGABYTE}
    try:
        with open("/proc/self/statm") as file:
            used["host"] = int(file.read().split()[1]) * resource.getpagesize() / GIGABYTE
    except OSError:
        pass  # not Linux: the peak has to do
    for name, key in (("device", "bytes_in_use"), ("device_peak", "peak_bytes_in_use")):
        found = [(device.memory_stats() or {}).get(key) for device in devices or jax.local_devices()]
        known = [value for value in found if value is not None]
        if known:
            used[name] = max(known) / GIGABYTE
    return used
