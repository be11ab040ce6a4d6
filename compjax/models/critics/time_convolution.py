"""Convolution over time for networks that learn inside a branch.

The critics learn where `lax.cond` says so, and XLA on a CPU finds its fast convolutions in a program's main
part only: the gradients of these took twenty times as long as they need (`docs/experiments-log.md`). There
they are a product of matrices, elsewhere the convolution that the machine has.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

Array = jax.Array
Padding = tuple[tuple[int, int], ...]


def over_time(signal: Array, kernel: Array, strides: tuple[int, ...], padding: Padding, **settings) -> Array:
    """`lax.conv_general_dilated` over time, to be given to `nn.Conv` as its `conv_general_dilated`.

    Args:
        signal: `[B, T, C]`.
        kernel: `[K, C, O]`.
        strides: one.
        padding: frames before and after.
        **settings: the other arguments of the convolution, which may only say what is so without them.
    """
    (stride,), (around,) = strides, padding

    def convolved(signal: Array, kernel: Array) -> Array:
        return jax.lax.conv_general_dilated(signal, kernel, strides, padding, **settings)

    def multiplied(signal: Array, kernel: Array) -> Array:
        return _as_product(signal, kernel, stride, around)

    return jax.lax.platform_dependent(signal, kernel, cpu=multiplied, default=convolved)


def _as_product(signal: Array, kernel: Array, stride: int, around: tuple[int, int]) -> Array:
    """Every frame's surroundings in a row, times the kernel as a matrix."""
    taps, channels, out = kernel.shape
    wide = jnp.pad(signal, ((0, 0), around, (0, 0)))
    reach = (wide.shape[1] - taps) // stride * stride + 1
    if reach < 1:  # too short for a single frame
        return jnp.zeros((len(signal), 0, out), signal.dtype)
    rows = [jax.lax.slice_in_dim(wide, tap, tap + reach, stride, axis=1) for tap in range(taps)]
    return jnp.concatenate(rows, axis=-1) @ kernel.reshape(taps * channels, out)
