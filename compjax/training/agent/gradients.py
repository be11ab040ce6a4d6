"""How much each loss pulls at the network: gradient norms term by term.

The weighted losses add up in one gradient, in which one can drown the others unseen. One forward pass is
followed by a backward pass for each loss, one after the other, so the memory is that of a step; it is a
program of its own, run once in many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from compjax.losses.weighting import is_off, weight_at
from compjax.models.outputs import AgentOutput
from compjax.training.agent.objective import Objective
from compjax.training.state import TrainState

Array = jax.Array
Forward = Callable[[Any, Any, Mapping[str, Array], Array], tuple[AgentOutput, Any]]


def make_gradient_norms(run: Forward, objective: Objective) -> Callable[..., dict[str, Array]]:
    """A jitted `norms(state, batch, frozen, key) -> {"gradient/<name>": scalar}`.

    Args:
        run: `run(params, model_state, batch, key) -> (output, model_state)`, as `step.make_forward` makes it.
        objective: whose losses are told apart.

    Returns:
        the global norm of weight x gradient of every loss that is on, over the parameters.
    """

    def norms(state: TrainState, batch: Mapping[str, Array], frozen: Any, key: Array) -> dict[str, Array]:
        drop, draw = jax.random.split(key)

        def terms(params: Any) -> Array:
            output, _ = run(params, state.model_state, batch, drop)
            losses = objective.losses(output, batch, draw, frozen, state.critics)
            weights = objective.weights
            on = {name: loss for name, loss in losses.items() if not is_off(weights[name])}
            names[:] = sorted(on)
            return jnp.stack([weight_at(weights[name], state.step) * on[name] for name in names])

        names: list[str] = []
        values, pull_back = jax.vjp(terms, state.params)
        found = jax.lax.map(lambda one: optax.tree.norm(pull_back(one)[0]), jnp.eye(len(values)))
        return {f"gradient/{name}": found[place] for place, name in enumerate(names)}

    return jax.jit(norms)
