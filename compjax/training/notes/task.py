"""The transformer's experiment as a task: compjax-train --config=experiments/transformer.py --workdir=DIR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from compjax.errors import UserError
from compjax.models.composing.note_transformer import NoteTransformer, make_transformer
from compjax.training import sharding
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer, make_schedule
from compjax.training.agent.programs import plain
from compjax.training.agent.task import weights_to_begin_with
from compjax.training.checkpoints import identity
from compjax.training.loop import loop_config
from compjax.training.monitoring import throughput
from compjax.training.notes.examples import NotesDataConfig, NotesPipeline
from compjax.training.notes.imagined import MistakesConfig
from compjax.training.notes.shown import Shown
from compjax.training.notes.step import NotesStepConfig, make_step, make_validation_step
from compjax.training.state import TrainState, create_state, export_weights
from compjax.training.task import Cost, GlobalBatch, Scalars, Task, Validation

NAME = "transformer"
"""The agent's name in the weights file."""

VALIDATION_SEED = 10_000


def data_config(values: Any) -> NotesDataConfig:
    """The configuration's `data`; a UserError names a field that there is not."""
    chosen = plain(values)
    try:
        mistakes = MistakesConfig(**chosen.pop("mistakes", {}))
        return NotesDataConfig(**chosen, mistakes=mistakes)
    except TypeError as error:
        raise UserError(f"config.data: {error}") from error


class NotesTask(Task):
    """The task of a configuration of kind `notes` (see experiments/transformer.py).

    Raises:
        UserError: for settings that do not exist.
    """

    export_name = "transformer.npz"

    def __init__(self, config: Any, mesh: jax.sharding.Mesh) -> None:
        self._config, self.mesh, self.loop = config, mesh, loop_config(config)
        self.batch_size = config.batch_size
        sharding.check_batch_size(config.batch_size, mesh)
        data, steps = data_config(config.data), NotesStepConfig(**plain(config.step))
        self.pipeline = NotesPipeline(data, config.batch_size, jax.process_index(), jax.process_count())
        self.clip_seconds = self.pipeline.seconds
        self._agent = make_transformer(plain(config.agent))
        settings = OptimizerConfig(**plain(config.optimizer))
        self._optimizer, self._schedule = make_optimizer(settings), make_schedule(settings)
        self._step = make_step(self._agent, self._optimizer, steps)
        self._validation = NotesValidation(self._agent, steps, data, config, mesh)
        self._first = self.pipeline.batch(0)
        self.shardings = sharding.state_shardings(jax.eval_shape(self.init), mesh)
        self.fingerprint = {
            "config": config.to_dict(),
            "data": self.pipeline.fingerprint,
            "versions": identity.versions(),
        }

    def init(self) -> TrainState:
        """See `Task`."""
        return initial_state(self._agent, self._optimizer, self._config.seed, self._first)

    def begin(self, state: TrainState) -> TrainState:
        """The state with the weights of a file, where the configuration names one."""
        return weights_to_begin_with(self._config.start_from, state)

    def train_step(self, state: TrainState, batch: GlobalBatch) -> tuple[TrainState, Scalars]:
        """See `Task`."""
        return self._step(state, batch)

    def compile(self, state: TrainState, batch: GlobalBatch) -> Cost:
        """See `Task`."""
        traced = self._step.trace(state, batch)
        traced.lower().compile()
        self._validation.compile(state)
        parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
        return Cost(throughput.flops_of(traced), parameters=parameters)

    def validate(self, state: TrainState, poll: Callable[[], None]) -> Validation:
        """See `Task`."""
        return self._validation.run(state, poll)

    def score(self, scalars: Mapping[str, float]) -> float:
        """See `Task`."""
        return scalars["notes/f1"]

    def export(self, path: str, state: TrainState) -> None:
        """See `Task`."""
        export_weights(path, {"agent": NAME, "settings": plain(self._config.agent)}, {"params": state.ema})

    def learning_rate(self, number: int) -> float:
        """See `Task`."""
        return float(self._schedule(number))


build_task = NotesTask


def initial_state(agent: NoteTransformer, optimizer: Any, seed: int, batch: Any) -> TrainState:
    """A drawn state; jittable."""
    given = (np.asarray(batch[name][:1]) for name in ("heard", "style", "moments", "gates"))
    return create_state(agent.init(jax.random.key(seed), *given), optimizer)


class NotesValidation:
    """The averaged parameters on the same pairs of the `dev` split every time."""

    def __init__(
        self,
        agent: NoteTransformer,
        steps: NotesStepConfig,
        data: NotesDataConfig,
        config: Any,
        mesh: jax.sharding.Mesh,
    ) -> None:
        count = config.validation_batches
        held_out = dataclasses.replace(
            data,
            seed=VALIDATION_SEED + data.seed,
            split="dev",
            first_pairs=count * config.batch_size,
            heard=config.validate_heard,
            heard_share=1.0,
            scores="",
        )
        pipeline = NotesPipeline(held_out, config.batch_size, jax.process_index(), jax.process_count())
        made = [pipeline.batch(number) for number in range(count)]
        self._step = make_validation_step(agent, steps)
        self._shown = Shown(agent, held_out, mesh)
        self._batches = [
            sharding.to_global({k: v for k, v in batch.items() if k != "sample_ids"}, mesh) for batch in made
        ]

    def compile(self, state: TrainState) -> None:
        """Compile the validation step, and what writes for what is shown."""
        self._step.lower(state.ema, self._batches[0]).compile()
        self._shown.compile(state.ema)

    def run(self, state: TrainState, poll: Callable[[], None]) -> Validation:
        """Means over the batches, and what is shown."""
        found = []
        for batch in self._batches:
            poll()
            found.append(jax.device_get(self._step(state.ema, batch)))
        means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        return Validation(means, self._shown.examples(state.ema))
