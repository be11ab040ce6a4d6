"""Optimiser and learning-rate schedule."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import optax


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """AdamW with a linear warm-up and a cosine decay to a hundredth; `decay_steps` 0 keeps the rate.

    Gradients are clipped to `clip_norm` part by part of the network (its top-level modules): parts that
    learn from losses of their own do not hold each other back.
    """

    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_steps: int = 4000
    weight_decay: float = 0.01
    clip_norm: float = 1.0


def make_schedule(config: OptimizerConfig) -> optax.Schedule:
    """Learning rate by step; a run shorter than four warm-ups gives a quarter of itself to warming up."""
    if not config.decay_steps:
        if not config.warmup_steps:
            return optax.constant_schedule(config.learning_rate)
        return optax.linear_schedule(0.0, config.learning_rate, config.warmup_steps)
    warmup = min(config.warmup_steps, config.decay_steps // 4)
    return optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, config.decay_steps, config.learning_rate / 100.0
    )


def clip_by_part(norm: float) -> optax.GradientTransformation:
    """Each top-level entry of a gradient scaled down to at most this norm."""

    def clip(updates, state, params=None):
        del params
        clipped = {}
        for name, part in updates.items():
            scale = jnp.minimum(1.0, norm / jnp.maximum(optax.tree.norm(part), 1e-12))
            clipped[name] = jax.tree.map(lambda x, scale=scale: x * scale.astype(x.dtype), part)
        return clipped, state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), clip)


def make_optimizer(config: OptimizerConfig) -> optax.GradientTransformation:
    """The gradient transformation of the configuration."""
    return optax.chain(
        clip_by_part(config.clip_norm),
        optax.adamw(make_schedule(config), weight_decay=config.weight_decay),
    )
