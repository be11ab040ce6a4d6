"""Residual vector quantisation: latents to codes, one codebook after the other, and back."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from compjax.errors import UserError

Array = jax.Array

BANDWIDTHS = (1.5, 3.0, 6.0, 12.0, 24.0)
"""Rates in kbps that the published model was trained for."""

PRECISION = jax.lax.Precision.HIGHEST


def books_for(bandwidth: float, frame_rate: float, codebook_size: int, available: int) -> int:
    """How many codebooks `bandwidth` kbps has room for: 2 for 1.5 to 32 for 24 in the published model.

    Raises:
        UserError: the rate is none of `BANDWIDTHS`, or the weights hold too few codebooks for it.
    """
    if bandwidth not in BANDWIDTHS:
        choices = ", ".join(f"{rate:g}" for rate in BANDWIDTHS)
        raise UserError(f"EnCodec has no bandwidth of {bandwidth:g} kbps; choose one of {choices}")
    count = max(1, math.floor(bandwidth * 1000 / (math.log2(codebook_size) * frame_rate)))
    if count > available:
        raise UserError(f"{bandwidth:g} kbps need {count} codebooks, the weights have {available}")
    return count


def quantize(codebooks: Array, latents: Array) -> tuple[Array, Array]:
    """Codes and quantised latents, in the reference's order of operations so that codes are the same.

    Args:
        codebooks: `[K, N, D]`, those to use.
        latents: `[B, T, D]`, as the encoder gives them.

    Returns:
        Codes `[B, K, T]` int32, and the sum of their entries `[B, T, D]`.
    """

    def step(state, book):
        residual, total = state
        squares = jnp.sum(book**2, axis=1)[None, None, :]
        own = jnp.sum(residual**2, axis=-1, keepdims=True)
        distance = own - jnp.dot(2.0 * residual, book.T, precision=PRECISION) + squares
        codes = jnp.argmin(distance, axis=-1)
        entry = book[codes]
        return (residual - entry, total + entry), codes

    (_, total), codes = jax.lax.scan(step, (latents, jnp.zeros_like(latents)), codebooks)
    return jnp.swapaxes(codes, 0, 1).astype(jnp.int32), total
