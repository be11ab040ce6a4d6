"""Beginning a run with the weights of another."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compjax.errors import UserError
from compjax.training.state import TrainState


def weights_to_begin_with(path: str, state: TrainState) -> TrainState:
    """The fresh state with the parameters (and averages, and batch statistics) of an inference file.

    The optimiser begins anew. An empty path changes nothing.

    Raises:
        UserError: if there is no such file, or it is of another agent or of one with other settings.
    """
    if not path:
        return state
    from compjax.codec.weights import flatten, load_weights

    about, variables = load_weights(path)
    fresh = jax.device_get({"params": state.params, **state.model_state})
    wanted, found = flatten(fresh), flatten(variables)
    odd = sorted(
        name
        for name in wanted.keys() | found.keys()
        if np.shape(wanted.get(name)) != np.shape(found.get(name))
    )
    if odd:
        raise UserError(
            f"{path} (agent {about.get('agent', 'unknown')!r}) does not fit this experiment's agent: "
            f"{len(odd)} of {len(wanted)} arrays differ, first {odd[0]}; they must be of the same agent"
        )
    placed = {name: _placed(variables[name], part) for name, part in _parts(state).items()}
    model_state = {name: placed[name] for name in state.model_state}
    average = jax.tree.map(jnp.copy, placed["params"])
    return state.replace(params=placed["params"], model_state=model_state, ema=average)


def _parts(state: TrainState) -> dict[str, Any]:
    return {"params": state.params, **state.model_state}


def _placed(values: Any, like: Any) -> Any:
    """Host arrays as device arrays of the type and in the place of `like`."""
    return jax.tree.map(
        lambda old, new: jax.device_put(np.asarray(new, old.dtype), old.sharding), like, values
    )
