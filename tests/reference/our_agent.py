"""The original's agent by this project's network: steps of AdamW on one batch. Run by `bench_agent.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from compjax.models.composing.config import NetworkConfig, seed_exact_network
from compjax.models.network import Network
from compjax.port.original_names import convert


def configured(dropout: float) -> NetworkConfig:
    """The original's compositional agent without a cascade, with a rate of dropout."""
    config = seed_exact_network(stages=0)
    encoder = dataclasses.replace(config.agent.composer.encoder, dropout=dropout)
    composer = dataclasses.replace(config.agent.composer, encoder=encoder)
    return dataclasses.replace(config, agent=dataclasses.replace(config.agent, composer=composer))


class Trainer:
    """As `torch_agent.Trainer`; the network computes in `dtype`, its parameters and the loss are float32."""

    def __init__(self, weights: dict, clips: dict, dropout: float, dtype: str, settings: dict) -> None:
        self._network = Network(configured(dropout), jnp.dtype(dtype))
        pair = clips["input"], clips["target"]
        template = jax.eval_shape(self._network.init, jax.random.key(0), *pair)
        self._variables = jax.device_put(convert(weights, "compositional", template))
        self._weight = settings["regulariser"]
        self._optimizer = optax.adamw(settings["rate"], weight_decay=settings["decay"])
        params, stats = self._variables["params"], self._variables["batch_stats"]
        copies = jax.tree.map(jnp.copy, (params, stats))
        self._state = *copies, self._optimizer.init(params), 0
        self._clips = jax.device_put(clips)
        self._step = jax.jit(self._make_step, donate_argnums=0)

    def _loss(self, params: Any, stats: Any, clips: dict, key: jax.Array) -> tuple[jax.Array, Any]:
        output, changed = self._network.apply(
            {"params": params, "batch_stats": stats},
            clips["input"],
            clips["target"],
            train=True,
            rngs={"dropout": key},
            mutable=["batch_stats"],
        )
        error = jnp.mean(jnp.square(output.latents - clips["wanted"]))
        return error + self._weight * output.regulariser, changed["batch_stats"]

    def _make_step(self, state: tuple, clips: dict) -> tuple[tuple, jax.Array]:
        params, stats, moments, count = state
        key = jax.random.fold_in(jax.random.key(0), count)
        (loss, stats), grads = jax.value_and_grad(self._loss, has_aux=True)(params, stats, clips, key)
        updates, moments = self._optimizer.update(grads, moments, params)
        return (optax.apply_updates(params, updates), stats, moments, count + 1), loss

    def evaluate(self, mine: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, float]:
        """Latents `[B, T, 128]` and regulariser in evaluation mode."""
        output = jax.jit(self._network.apply)(self._variables, mine, theirs)
        return np.asarray(output.latents), float(output.regulariser)

    def step(self) -> float:
        """One step of training; the loss before it."""
        self._state, loss = self._step(self._state, self._clips)
        return float(loss)
