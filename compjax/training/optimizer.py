"""Optimiser and learning-rate schedule."""

from __future__ import annotations

import dataclasses

import optax


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """AdamW with a linear warm-up, a cosine decay to a hundredth, and gradient clipping by global norm."""

    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_steps: int = 4000
    weight_decay: float = 0.01
    clip_norm: float = 1.0


def make_schedule(config: OptimizerConfig) -> optax.Schedule:
    """Learning rate by step; a run shorter than four warm-ups gives a quarter of itself to warming up."""
    warmup = min(config.warmup_steps, config.decay_steps // 4)
    return optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, config.decay_steps, config.learning_rate / 100.0
    )


def make_optimizer(config: OptimizerConfig) -> optax.GradientTransformation:
    """The gradient transformation of the configuration."""
    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm),
        optax.adamw(make_schedule(config), weight_decay=config.weight_decay),
    )
