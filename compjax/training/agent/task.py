"""An agent's experiment as a task: its network, objective, data and validation."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compjax.constants import FRAME_RATE, LATENT_SIZE
from compjax.data.batches.pipeline import open_pipeline, validation_batches
from compjax.errors import UserError
from compjax.models.registry import build_agent
from compjax.training import sharding
from compjax.training.agent.auditions import audition_config
from compjax.training.agent.gradients import make_gradient_norms
from compjax.training.agent.objective import make_objective
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer, make_schedule
from compjax.training.agent.step import StepConfig, make_forward, make_train_step, make_validation_step
from compjax.training.agent.validation import AgentValidation
from compjax.training.checkpoints import identity
from compjax.training.loop import loop_config
from compjax.training.monitoring import throughput
from compjax.training.state import TrainState, create_state, export_weights
from compjax.training.task import Cost, GlobalBatch, Scalars, Task

INIT_EXAMPLES = 2
CHOSEN = ("gates",)
"""What an agent may be given and does not need to draw its parameters."""


def plain(values: Any) -> Any:
    """A configuration's part as plain dictionaries and tuples."""
    if hasattr(values, "items"):
        return {name: plain(value) for name, value in values.items()}
    return tuple(plain(value) for value in values) if isinstance(values, list | tuple) else values


def data_of(config: Any) -> Mapping[str, Any]:
    """The configuration's data; another codec's latents are computed beforehand."""
    if config.get("codec", "vocos") == "vocos":
        return plain(config.data)
    from compjax.training.agent.cache_latents import prepare

    return prepare(config)


def codec_of(config: Any) -> dict[str, str]:
    """The codec of the latents, and the file of its weights where it is not the bundled one."""
    chosen = {"codec": config.get("codec", "vocos"), "codec_weights": config.get("codec_weights", "")}
    return {name: value for name, value in chosen.items() if value}


def step_config(config: Any) -> StepConfig:
    """How a step is computed: `config.step`, and what stands elsewhere in the configuration."""
    given = tuple(config.agent.get("given", ("gates", "style")))
    settings = {"seed": config.seed, "ema_decay": config.ema_decay, "given": given}
    return StepConfig(**settings, **plain(config.get("step", {})))


def score_of(scalars: Mapping[str, float]) -> float:
    """What the best checkpoint is best at: notes and their sound, the larger the better."""
    return (
        scalars.get("roll/onset_f1", 0.0)
        + scalars.get("roll/frame_f1", 0.0)
        - scalars.get("loss/latent", scalars["loss/total"])
    )


def build_task(config: Any, mesh: jax.sharding.Mesh) -> Task:
    """The task of a configuration of kind `agent` (see experiments/).

    Raises:
        UserError: for settings that do not exist or do not fit together, or data that cannot be used.
    """
    loop, step = loop_config(config), step_config(config)
    sharding.check_batch_size(config.batch_size, mesh, step.accumulate)
    index, count = jax.process_index(), jax.process_count()
    data = data_of(config)
    pipeline = open_pipeline(data, config.batch_size, config.seed, index, count, loop.workers)
    held_out = validation_batches(data, config.batch_size, index, count)
    agent = build_agent(config.agent.name, plain(config.agent.settings))
    codec = codec_of(config)
    objective = make_objective(config.losses, codec | plain(config.get("objective", {})))
    settings = OptimizerConfig(**plain(config.optimizer))
    optimizer = make_optimizer(settings)
    frames = held_out[0]["input_latents"].shape[1]
    shapes = {name: held_out[0][name].shape[1:] for name in step.given if name not in CHOSEN}
    train = make_train_step(agent, optimizer, objective, step, mesh)
    norms = make_gradient_norms(make_forward(agent, step, mesh), objective)
    validation = AgentValidation(
        make_validation_step(agent, objective, step, mesh),
        held_out,
        mesh,
        objective.frozen,
        audition_config(config.get("auditions", {"clips": 0})),
        **codec,
    )
    init = functools.partial(initial_state, agent, objective, optimizer, config.seed, frames, shapes)

    def probe_key(
        state: TrainState,
    ) -> jax.Array:  # lies where the state lies, or it would be another program
        return jax.random.fold_in(jax.random.key(config.seed), state.step)

    def compile_all(state: TrainState, batch: GlobalBatch) -> Cost:
        program = train.lower(state, batch, objective.frozen)
        program.compile()
        if loop.probe_every:
            norms.lower(state, batch, objective.frozen, probe_key(state)).compile()
        validation.compile(state)
        return Cost(
            throughput.flops_of(program),
            _peak(mesh),
            sum(leaf.size for leaf in jax.tree.leaves(state.params)),
        )

    def probe(state: TrainState, batch: GlobalBatch) -> Scalars:
        return norms(state, batch, objective.frozen, probe_key(state))

    def export(path: str, state: TrainState) -> None:
        about = {"agent": config.agent.name, "settings": plain(config.agent.settings)}
        about |= {"codec": codec["codec"], "frames": frames}
        export_weights(path, about, {"params": state.ema, **state.model_state})

    return Task(
        loop=loop,
        init=init,
        begin=functools.partial(weights_to_begin_with, config.get("start_from", "")),
        train_step=lambda state, batch: train(state, batch, objective.frozen),
        compile=compile_all,
        probe=probe,
        validate=validation.run,
        score=score_of,
        export=export,
        export_name="agent.npz",
        learning_rate=make_schedule(settings),
        pipeline=pipeline,
        batch_size=config.batch_size,
        clip_seconds=frames / FRAME_RATE,
        mesh=mesh,
        shardings=sharding.state_shardings(jax.eval_shape(init), mesh),
        fingerprint={
            "config": config.to_dict(),
            "data": pipeline.fingerprint,
            "versions": identity.versions(),
        },
    )


def initial_state(
    agent: Any, objective: Any, optimizer: Any, seed: int, frames: int, given: Mapping[str, tuple[int, ...]]
) -> TrainState:
    """A drawn state; jittable. The shapes of what the agent is `given` besides are of one example."""
    clips = jnp.zeros((INIT_EXAMPLES, frames, LATENT_SIZE))
    extra = {name: jnp.zeros((INIT_EXAMPLES, *shape)) for name, shape in given.items()}
    key = jax.random.key(seed)
    critics = objective.init_critics(jax.random.fold_in(key, 1), clips[:1])
    return create_state(agent.init(key, clips, clips, **extra), optimizer, critics)


def _peak(mesh: jax.sharding.Mesh) -> float | None:
    """Operations per second of all devices together; None where unknown."""
    each = throughput.peak_flops(mesh.devices.flat[0])
    return each * mesh.size if each else None


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
