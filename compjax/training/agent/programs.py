"""What an agent's experiment computes: its network, objective and optimiser, and the programs made of them.

Built in one place, for running (`task.py`) and for compiling ahead for machines that are not there
(`compile_ahead.py`), so that what is compiled ahead is what will run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from compjax.codec import BUNDLED_CODEC
from compjax.constants import LATENT_SIZE
from compjax.models.registry import build_agent
from compjax.training import sharding
from compjax.training.agent.gradients import make_gradient_norms
from compjax.training.agent.objective import make_objective
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer, make_schedule
from compjax.training.agent.step import StepConfig, make_forward, make_train_step, make_validation_step
from compjax.training.state import TrainState, create_state

INIT_EXAMPLES = 2
CHOSEN = ("gates",)
"""What an agent may be given and does not need to draw its parameters."""


def plain(values: Any) -> Any:
    """A configuration's part as plain dictionaries and tuples."""
    if isinstance(values, Mapping | ConfigDict):
        return {name: plain(value) for name, value in values.items()}
    return tuple(plain(value) for value in values) if isinstance(values, list | tuple) else values


def codec_of(config: Any) -> dict[str, str]:
    """The codec of the latents, and the file of its weights where it is not the bundled one."""
    chosen = {"codec": config.get("codec", BUNDLED_CODEC), "codec_weights": config.get("codec_weights", "")}
    return {name: value for name, value in chosen.items() if value}


def step_config(config: Any) -> StepConfig:
    """How a step is computed: `config.step`, and what stands elsewhere in the configuration."""
    given = tuple(config.agent.get("given", ("gates", "style")))
    settings = {"seed": config.seed, "ema_decay": config.ema_decay, "given": given}
    return StepConfig(**settings, **plain(config.get("step", {})))


@dataclasses.dataclass(frozen=True)
class AgentPrograms:
    """The programs of an agent's training on a mesh.

    Attributes:
        agent: the network.
        objective: its losses; `objective.frozen` are the parameters that they need and nobody trains.
        optimizer: of the network's parameters.
        schedule: learning rate by step.
        seed: of the draw.
        frames: T of a clip.
        given: shapes, of one example, of what the network is given besides two clips.
        train: `(state, batch, frozen) -> (state, scalars)`, the state donated.
        validate: `(variables, batch, frozen, critics) -> (scalars, output)`.
        norms: `(state, batch, frozen, key) -> scalars`, the gradient of each loss by itself.
    """

    agent: Any
    objective: Any
    optimizer: optax.GradientTransformation
    schedule: Callable[[int], float]
    seed: int
    frames: int
    given: Mapping[str, tuple[int, ...]]
    train: Callable[..., Any]
    validate: Callable[..., Any]
    norms: Callable[..., Any]

    @classmethod
    def build(
        cls,
        config: Any,
        mesh: jax.sharding.Mesh,
        example: Mapping[str, tuple[int, ...]],
        batch_size: int,
    ) -> AgentPrograms:
        """The programs of a configuration of kind `agent`; nothing is compiled.

        Args:
            config: an experiment (ml_collections).
            mesh: the devices.
            example: shapes of one example's arrays by name.
            batch_size: of all devices together.

        Raises:
            UserError: for settings that do not exist or do not fit together.
        """
        step = step_config(config)
        sharding.check_batch_size(batch_size, mesh, step.accumulate)
        agent = build_agent(config.agent.name, plain(config.agent.settings))
        objective = make_objective(config.losses, codec_of(config) | plain(config.get("objective", {})))
        settings = OptimizerConfig(**plain(config.optimizer))
        optimizer = make_optimizer(settings)
        return cls(
            agent=agent,
            objective=objective,
            optimizer=optimizer,
            schedule=make_schedule(settings),
            seed=config.seed,
            frames=example["input_latents"][0],
            given={name: example[name] for name in step.given if name not in CHOSEN},
            train=make_train_step(agent, optimizer, objective, step, mesh),
            validate=make_validation_step(agent, objective, step, mesh),
            norms=make_gradient_norms(make_forward(agent, step, mesh), objective),
        )

    def init(self) -> TrainState:
        """A drawn state; jittable."""
        clips = jnp.zeros((INIT_EXAMPLES, self.frames, LATENT_SIZE))
        extra = {name: jnp.zeros((INIT_EXAMPLES, *shape)) for name, shape in self.given.items()}
        key = jax.random.key(self.seed)
        critics = self.objective.init_critics(jax.random.fold_in(key, 1), clips[:1])
        return create_state(self.agent.init(key, clips, clips, **extra), self.optimizer, critics)
