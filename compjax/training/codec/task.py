"""The codec's experiment as a task: compjax-train --config=experiments/vocos.py --workdir=DIR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from absl import logging

from compjax.codec import weights
from compjax.training import sharding
from compjax.training.agent.programs import plain
from compjax.training.checkpoints import identity
from compjax.training.codec import data, step
from compjax.training.codec.data import CropConfig, CropPipeline
from compjax.training.codec.step import CodecState, CodecTraining
from compjax.training.loop import loop_config
from compjax.training.monitoring import throughput
from compjax.training.state import export_weights
from compjax.training.task import Cost, Examples, GlobalBatch, Scalars, Task, Validation

VALIDATION_SEED = 10_000
CROPS = "crops"
SHOWN = 2
"""Crops that a validation makes audible, one after the other."""


@dataclasses.dataclass(frozen=True)
class CodecRun:
    """What a run is apart from its steps: data, seed, and how often it reports."""

    train: tuple[str, ...]  # folders of audio, each drawn from equally often
    valid: tuple[str, ...]
    seed: int = 0
    log_every: int = 50
    validate_every: int = 500
    validation_batches: int = 4
    start_from: str = ""  # weights (.npz) to begin with instead of random ones


class Programs:
    """The step's programs, one for each phase of the training: other losses join in from some step on."""

    def __init__(self, config: CodecTraining) -> None:
        self._config = config
        self._made: dict[tuple[bool, bool], Callable] = {}
        self._number: int | None = None

    def _key(self, number: int) -> tuple[bool, bool]:
        starts = self._config.audio_from, self._config.adversarial_from
        audio, adversary = (start is not None and number >= start for start in starts)
        return audio, adversary

    def at(self, number: int) -> Callable:
        """The step function after `number` steps."""
        key = self._key(number)
        if key not in self._made:
            self._made[key] = step.make_step(self._config, *key)
        return self._made[key]

    def all_from(self, number: int) -> list[Callable]:
        """Every step function that a run from `number` on needs."""
        starts = self._config.audio_from, self._config.adversarial_from
        later = {start for start in starts if start is not None and number < start < self._config.steps}
        return [self.at(step) for step in sorted({number} | later)]

    def __call__(self, state: CodecState, batch: GlobalBatch) -> tuple[CodecState, Scalars]:
        """One step; steps follow one another, so that the state need not be waited for to know its number."""
        self._number = int(state.step) if self._number is None else self._number
        step = self.at(self._number)
        self._number += 1
        return step(state, batch[CROPS])


def adopt(params: dict, path: str) -> dict:
    """`params` with the arrays of a weights file wherever name and shape agree."""
    found = weights.flatten(weights.load_weights(path)[1])
    fresh = {name: leaf for name, leaf in weights.flatten(params).items()}
    same = {name for name in fresh if name in found and found[name].shape == fresh[name].shape}
    logging.info("%s: %d of %d arrays taken over", path, len(same), len(fresh))
    return weights.unflatten({name: found[name] if name in same else fresh[name] for name in fresh})


class CodecTask(Task):
    """The task of a configuration of kind `codec` (`run` and `training`, see experiments/vocos.py).

    Raises:
        UserError: for settings that do not exist, or data that cannot be used.
    """

    export_name = "vocos.npz"

    def __init__(self, config: Any, mesh: jax.sharding.Mesh) -> None:
        self._run, self.mesh = CodecRun(**plain(config.run)), mesh
        self._training = training = CodecTraining.from_dict(plain(config.training))
        often = {"log_every": self._run.log_every, "validate_every": self._run.validate_every}
        self.loop = loop_config(config, num_steps=training.steps, **often)
        self.batch_size = training.batch_size
        sharding.check_batch_size(training.batch_size, mesh)
        folders = data.open_folders(self._run.train)
        crops = CropConfig(self._run.seed, training.batch_size, training.crop_length)
        self.pipeline = CropPipeline(folders, crops, jax.process_index(), jax.process_count())
        self.clip_seconds = self.pipeline.seconds
        logging.info("%.2f h of audio", data.seconds(folders.groups) / 3600)
        self._programs, self._validation = Programs(training), CodecValidation(self._run, training, mesh)
        self._schedule = step.generator_schedule(training)
        self.shardings = sharding.state_shardings(jax.eval_shape(self.init), mesh)
        self.fingerprint = {
            "config": config.to_dict(),
            "data": self.pipeline.fingerprint,
            "versions": identity.versions(),
        }

    def init(self) -> CodecState:
        """See `Task`."""
        return step.init_state(jax.random.key(self._run.seed), self._training)

    def begin(self, state: CodecState) -> CodecState:
        """The state with the weights of a file, where the run names one."""
        if not self._run.start_from:
            return state
        params = adopt(jax.device_get(state.generator), self._run.start_from)
        place = jax.tree.map(lambda leaf: leaf.sharding, state.generator)
        both = jax.device_put(params, place), jax.device_put(params, place)
        return state.replace(generator=both[0], average=both[1])

    def train_step(self, state: CodecState, batch: GlobalBatch) -> tuple[CodecState, Scalars]:
        """See `Task`."""
        return self._programs(state, batch)

    def compile(self, state: CodecState, batch: GlobalBatch) -> Cost:
        """See `Task`."""
        traced = [step.trace(state, batch[CROPS]) for step in self._programs.all_from(int(state.step))]
        for program in traced:
            program.lower().compile()
        self._validation.compile(state)
        return Cost(throughput.flops_of(traced[0]), parameters=step.parameter_count(state.generator))

    def validate(self, state: CodecState, poll: Callable[[], None]) -> Validation:
        """See `Task`."""
        return self._validation.run(state, poll)

    def score(self, scalars: Mapping[str, float]) -> float:
        """See `Task`."""
        return -sum(scalars[name] for name in ("mel", "stft"))

    def export(self, path: str, state: CodecState) -> None:
        """See `Task`."""
        export_weights(path, dataclasses.asdict(self._training.codec), state.average)

    def learning_rate(self, number: int) -> float:
        """See `Task`."""
        return self._schedule(number)

    def parameters(self, state: CodecState) -> Any:
        """See `Task`."""
        return state.generator


build_task = CodecTask


class CodecValidation:
    """The averaged weights on the same held-out crops every time, at the reference loudness."""

    def __init__(self, run: CodecRun, training: CodecTraining, mesh: jax.sharding.Mesh) -> None:
        crops = CropConfig(VALIDATION_SEED + run.seed, training.batch_size, training.crop_length, 0.0)
        hosts = jax.process_index(), jax.process_count()
        pipeline = CropPipeline(data.open_folders(run.valid), crops, *hosts)
        made = [pipeline.batch(number) for number in range(run.validation_batches)]
        self._recording = np.asarray(made[0][CROPS], np.float32)[:SHOWN].reshape(-1)
        self._batches = [sharding.to_global(batch, mesh)[CROPS] for batch in made]
        self._step = step.make_validation(training)

    def compile(self, state: CodecState) -> None:
        """Compile the validation step."""
        self._step.lower(state.average, self._batches[0]).compile()

    def run(self, state: CodecState, poll: Callable[[], None]) -> Validation:
        """Means over the batches, and the resynthesis of the first crops."""
        found, audio = [], None
        for crops in self._batches:
            poll()
            scalars, estimate = self._step(state.average, crops)
            found.append(jax.device_get(scalars))
            audio = estimate if audio is None else audio
        means = {name: float(np.mean([scalars[name] for scalars in found])) for name in found[0]}
        if not audio.is_fully_addressable:
            return Validation(means)
        resynthesis = np.asarray(audio, np.float32)[:SHOWN].reshape(-1)
        return Validation(means, Examples(audio={"recording": self._recording, "resynthesis": resynthesis}))
