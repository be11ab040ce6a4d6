"""What training carries from step to step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct


@struct.dataclass
class TrainState:
    """All that a checkpoint holds.

    Attributes:
        step: steps done.
        params: the network's parameters.
        model_state: its other collections (batch statistics), empty where it has none.
        opt_state: the optimiser's.
        ema: exponential moving average of the parameters; validated and shipped.
    """

    step: jax.Array
    params: Any
    model_state: Any
    opt_state: Any
    ema: Any


def create_state(variables: dict, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step, from a network's initial variables."""
    params = variables["params"]
    model_state = {name: value for name, value in variables.items() if name != "params"}
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        model_state=model_state,
        opt_state=optimizer.init(params),
        ema=jax.tree.map(jnp.copy, params),
    )


def apply_gradients(
    state: TrainState, grads, model_state, optimizer: optax.GradientTransformation, ema_decay: float
) -> TrainState:
    """One optimiser step; the average forgets faster at the start, so that it is not stuck at the draw."""
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    decay = jnp.minimum(ema_decay, (1.0 + state.step) / (10.0 + state.step))
    ema = jax.tree.map(lambda average, new: decay * average + (1.0 - decay) * new, state.ema, params)
    return TrainState(state.step + 1, params, model_state, opt_state, ema)
