"""What the selector decides by, for NumPy and JAX alike."""

from __future__ import annotations


def pool_components(components, xp):
    """Means and maxima over time of components `[B, T, 6, 64]`, `[B, 768]`; `xp` is the array module."""
    pooled = xp.concatenate([components.mean(axis=1), components.max(axis=1)], axis=-1)
    return pooled.reshape(pooled.shape[0], -1)
