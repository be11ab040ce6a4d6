"""What the analysis windows make of band power that changes within them: they smear it in time.

A few moving sums, and the gradient as moving sums too: what JAX makes of the slices of one takes XLA on a CPU
ten times as long.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.vocos.bands import window_spread

Array = jax.Array


@jax.custom_vjp
def smeared(power: Array) -> Array:
    """Band power `[..., T, 128]` as the windows of `bands` see it; beyond its ends it goes on as there."""
    taps = window_spread()
    return _moving_sums(_padded(power, len(taps) // 2, "edge"), taps)


def _padded(power: Array, by: int, mode: str) -> Array:
    return jnp.pad(power, [(0, 0)] * (power.ndim - 2) + [(by, by), (0, 0)], mode=mode)


def _moving_sums(power: Array, taps: np.ndarray) -> Array:
    """Sums `[..., T - K + 1, 128]` over K frames of power `[..., T, 128]`, weighted by taps `[K, 128]`."""
    count = power.shape[-2] - len(taps) + 1
    rows = taps.reshape(len(taps), *(1,) * (power.ndim - 1), -1)
    return sum(power[..., i : i + count, :] * row for i, row in enumerate(rows))


def _back(_, gradient: Array) -> tuple[Array]:
    taps, frames = window_spread(), gradient.shape[-2]
    reach = len(taps) // 2
    wide = _moving_sums(_padded(gradient, 2 * reach, "constant"), taps[::-1])
    inside = wide[..., reach : reach + frames, :]
    inside = inside.at[..., 0, :].add(wide[..., :reach, :].sum(axis=-2))
    return (inside.at[..., -1, :].add(wide[..., reach + frames :, :].sum(axis=-2)),)


smeared.defvjp(lambda power: (smeared(power), None), _back)
