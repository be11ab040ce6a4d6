"""An agent's experiment as a task: its programs, data and validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec import BUNDLED_CODEC
from compjax.constants import FRAME_RATE
from compjax.data.batches.pipeline import open_pipeline, validation_batches
from compjax.errors import UserError
from compjax.training import sharding
from compjax.training.agent.auditions import audition_config
from compjax.training.agent.programs import AgentPrograms, codec_of, plain
from compjax.training.agent.validation import AgentValidation
from compjax.training.checkpoints import identity
from compjax.training.loop import loop_config
from compjax.training.monitoring import throughput
from compjax.training.state import TrainState, export_weights
from compjax.training.task import Cost, GlobalBatch, Scalars, Task, Validation


def data_of(config: Any) -> Mapping[str, Any]:
    """The configuration's data; another codec's latents are computed beforehand."""
    if config.get("codec", BUNDLED_CODEC) == BUNDLED_CODEC:
        return plain(config.data)
    from compjax.training.agent.cache_latents import prepare

    return prepare(config)


def score_of(scalars: Mapping[str, float]) -> float:
    """What the best checkpoint is best at: notes and their sound, the larger the better."""
    return (
        scalars.get("roll/onset_f1", 0.0)
        + scalars.get("roll/frame_f1", 0.0)
        - scalars.get("loss/latent", scalars["loss/total"])
    )


class AgentTask(Task):
    """The task of a configuration of kind `agent` (see experiments/).

    Raises:
        UserError: for settings that do not exist or do not fit together, or data that cannot be used.
    """

    export_name = "agent.npz"

    def __init__(self, config: Any, mesh: jax.sharding.Mesh) -> None:
        self._config, self.mesh, self.loop = config, mesh, loop_config(config)
        self.batch_size = config.batch_size
        hosts = jax.process_index(), jax.process_count()
        data = data_of(config)
        self.pipeline = open_pipeline(data, config.batch_size, config.seed, *hosts, self.loop.workers)
        held_out = validation_batches(data, config.batch_size, *hosts)
        example = {name: values.shape[1:] for name, values in held_out.batches[0].items()}
        self._codec = codec_of(config)
        programs = AgentPrograms.build(config, mesh, example, config.batch_size)
        self._programs, self._frozen = programs, programs.objective.frozen
        self._validation = AgentValidation(
            programs.validate,
            held_out,
            mesh,
            self._frozen,
            audition_config(config.get("auditions", {"clips": 0})),
            **self._codec,
        )
        self.clip_seconds = programs.frames / FRAME_RATE
        self.shardings = sharding.state_shardings(jax.eval_shape(self.init), mesh)
        self.fingerprint = {
            "config": config.to_dict(),
            "data": self.pipeline.fingerprint,
            "versions": identity.versions(),
        }

    def init(self) -> TrainState:
        """See `Task`."""
        return self._programs.init()

    def begin(self, state: TrainState) -> TrainState:
        """The state with the weights of another run, where the experiment names some."""
        return weights_to_begin_with(self._config.get("start_from", ""), state)

    def train_step(self, state: TrainState, batch: GlobalBatch) -> tuple[TrainState, Scalars]:
        """See `Task`."""
        return self._programs.train(state, batch, self._frozen)

    def compile(self, state: TrainState, batch: GlobalBatch) -> Cost:
        """See `Task`."""
        traced = self._programs.train.trace(state, batch, self._frozen)
        traced.lower().compile()
        if self.loop.probe_every:
            self._programs.norms.lower(state, batch, self._frozen, self._probe_key(state)).compile()
        self._validation.compile(state)
        parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
        return Cost(throughput.flops_of(traced), _peak(self.mesh), parameters)

    def probe(self, state: TrainState, batch: GlobalBatch) -> Scalars:
        """The gradient norm of each loss by itself."""
        return self._programs.norms(state, batch, self._frozen, self._probe_key(state))

    def _probe_key(self, state: TrainState) -> jax.Array:
        """Lies where the state lies, or it would be another program."""
        return jax.random.fold_in(jax.random.key(self._config.seed), state.step)

    def validate(self, state: TrainState, poll: Callable[[], None]) -> Validation:
        """See `Task`."""
        return self._validation.run(state, poll)

    def score(self, scalars: Mapping[str, float]) -> float:
        """See `Task`."""
        return score_of(scalars)

    def export(self, path: str, state: TrainState) -> None:
        """See `Task`."""
        about = {"agent": self._config.agent.name, "settings": plain(self._config.agent.settings)}
        about |= {"codec": self._codec["codec"], "frames": self._programs.frames}
        export_weights(path, about, {"params": state.ema, **state.model_state})

    def learning_rate(self, number: int) -> float:
        """See `Task`."""
        return self._programs.schedule(number)


build_task = AgentTask


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
