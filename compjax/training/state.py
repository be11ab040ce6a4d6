"""What training carries from step to step, and the file that composing loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jax.experimental import multihost_utils


@struct.dataclass
class TrainState:
    """All that a checkpoint holds.

    Attributes:
        step: steps done.
        params: the network's parameters.
        model_state: its other collections (batch statistics), empty where it has none.
        opt_state: the optimiser's.
        ema: exponential moving average of the parameters; validated and shipped.
        bad_steps: the last steps in a row whose gradients were not finite.
        critics: the objective's own state (discriminators); None where it has none.
    """

    step: jax.Array
    params: Any
    model_state: Any
    opt_state: Any
    ema: Any
    bad_steps: jax.Array
    critics: Any = None


def create_state(variables: dict, optimizer: optax.GradientTransformation, critics: Any = None) -> TrainState:
    """The state before the first step, from a network's initial variables."""
    params = variables["params"]
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        model_state={name: value for name, value in variables.items() if name != "params"},
        opt_state=optimizer.init(params),
        ema=jax.tree.map(jnp.copy, params),
        bad_steps=jnp.zeros((), jnp.int32),
        critics=critics,
    )


def moving_average(ema: Any, params: Any, step: jax.Array, decay: float) -> Any:
    """The moving average after `step` steps; it forgets faster at the start, not to be stuck at the draw."""
    decay = jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda old, new: decay * old + (1.0 - decay) * new, ema, params)


def apply_gradients(
    state: TrainState,
    grads: Any,
    model_state: Any,
    critics: Any,
    optimizer: optax.GradientTransformation,
    ema_decay: float,
) -> TrainState:
    """The state after one optimiser step."""
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    return TrainState(
        step=state.step + 1,
        params=params,
        model_state=model_state,
        opt_state=opt_state,
        ema=moving_average(state.ema, params, state.step, ema_decay),
        bad_steps=jnp.zeros_like(state.bad_steps),
        critics=critics,
    )


def keep_if(finite: jax.Array, new: Any, old: Any) -> Any:
    """`new` where `finite` (a scalar), else `old`, bit for bit; any state with `step` and `bad_steps`.

    The step counts either way, so that the next batch is another one.
    """
    kept = jax.tree.map(lambda fresh, stale: jnp.where(finite, fresh, stale), new, old)
    bad_steps = jnp.where(finite, 0, old.bad_steps + 1).astype(old.bad_steps.dtype)
    return kept.replace(step=old.step + 1, bad_steps=bad_steps)


def on_host(tree: Any) -> Any:
    """A tree of arrays as NumPy; parts that lie on other hosts are fetched, so all processes must call it."""

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
            return multihost_utils.process_allgather(leaf, tiled=True)
        return jax.device_get(leaf)

    return jax.tree.map(fetch, tree)


def export_weights(path: str, config: Mapping[str, Any], params: Any) -> None:
    """Write parameters and what they belong to as an inference file (.npz), whole or not at all.

    All processes call it, and process 0 writes.
    """
    from compjax.codec.weights import save_weights

    found = on_host(params)
    if jax.process_index() == 0:
        save_weights(path, dict(config), found)
