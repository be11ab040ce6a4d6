"""What a step costs and what the machine could do: for MFU, the share of its peak that training uses."""

from __future__ import annotations

import resource
import sys
from typing import Any

import jax

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


def flops_of(program: Any) -> float | None:
    """Operations of one call of a lowered or compiled program, by XLA's own count; None where it has none.

    The count is of the whole program on one device: of a program that is split over a mesh, that of the
    compiled form is one device's share. Loops (`lax.scan`) count once, so it is a lower bound for them.
    """
    try:
        found = program.cost_analysis()
    except (NotImplementedError, RuntimeError, jax.errors.JaxRuntimeError):
        return None
    found = found[0] if isinstance(found, list | tuple) and found else found
    count = float((found or {}).get("flops", 0.0))
    return count if count > 0 else None


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
