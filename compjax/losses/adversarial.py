"""Adversarial losses: hinge and feature matching for waveforms, cross-entropy on logits for latents.

Sources: Lim and Ye, "Geometric GAN" (2017) for the hinge; Kumar et al., "MelGAN" (2019) for
feature matching. A discriminator returns one (score, features) pair per sub-discriminator.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import optax


def discriminator_hinge(real: Sequence[jax.Array], fake: Sequence[jax.Array]) -> jax.Array:
    """max(0, 1 - real) + max(0, 1 + fake), averaged over scores and sub-discriminators."""
    terms = [
        jnp.mean(jax.nn.relu(1.0 - a)) + jnp.mean(jax.nn.relu(1.0 + b))
        for a, b in zip(real, fake, strict=True)
    ]
    return sum(terms) / len(terms)


def generator_hinge(fake: Sequence[jax.Array]) -> jax.Array:
    """max(0, 1 - fake), averaged over scores and sub-discriminators (the saturating form Vocos uses)."""
    return sum(jnp.mean(jax.nn.relu(1.0 - score)) for score in fake) / len(fake)


def feature_matching(real: Sequence[Sequence[jax.Array]], fake: Sequence[Sequence[jax.Array]]) -> jax.Array:
    """Mean absolute difference of features, averaged over layers and judges; `real` is held fixed."""
    terms = [
        jnp.mean(jnp.abs(jax.lax.stop_gradient(a) - b))
        for first, second in zip(real, fake, strict=True)
        for a, b in zip(first, second, strict=True)
    ]
    return sum(terms) / len(terms)


def logits_real(logits: jax.Array) -> jax.Array:
    """Binary cross-entropy of `logits` against 1, averaged."""
    return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, jnp.ones_like(logits)))


def logits_fake(logits: jax.Array) -> jax.Array:
    """Binary cross-entropy of `logits` against 0, averaged."""
    return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, jnp.zeros_like(logits)))
