"""The codec's experiment as a task: compjax-train --config=experiments/vocos.py --workdir=DIR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from absl import logging

from compjax.codec import weights
from compjax.training import sharding
from compjax.training.agent.task import plain
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


def build_task(config: Any, mesh: jax.sharding.Mesh) -> Task:
    """The task of a configuration of kind `codec` (`run` and `training`, see experiments/vocos.py).

    Raises:
        UserError: for settings that do not exist, or data that cannot be used.
    """
    run = CodecRun(**plain(config.run))
    training = CodecTraining.from_dict(plain(config.training))
    loop = loop_config(
        config, num_steps=training.steps, log_every=run.log_every, validate_every=run.validate_every
    )
    sharding.check_batch_size(training.batch_size, mesh)
    hosts = jax.process_index(), jax.process_count()
    folders = data.open_folders(run.train)
    crops = CropConfig(run.seed, training.batch_size, training.crop_length)
    pipeline = CropPipeline(folders, crops, *hosts)
    logging.info("%.2f h of audio", data.seconds(folders.groups) / 3600)
    programs, validation = Programs(training), CodecValidation(run, training, mesh)

    def init() -> CodecState:
        return step.init_state(jax.random.key(run.seed), training)

    def begin(state: CodecState) -> CodecState:
        if not run.start_from:
            return state
        params = adopt(jax.device_get(state.generator), run.start_from)
        place = jax.tree.map(lambda leaf: leaf.sharding, state.generator)
        both = jax.device_put(params, place), jax.device_put(params, place)
        return state.replace(generator=both[0], average=both[1])

    def compile_all(state: CodecState, batch: GlobalBatch) -> Cost:
        lowered = [step.lower(state, batch[CROPS]) for step in programs.all_from(int(state.step))]
        for program in lowered:
            program.compile()
        validation.compile(state)
        return Cost(throughput.flops_of(lowered[0]), parameters=step.parameter_count(state.generator))

    def export(path: str, state: CodecState) -> None:
        export_weights(path, dataclasses.asdict(training.codec), state.average)

    return Task(
        loop=loop,
        init=init,
        begin=begin,
        train_step=programs,
        compile=compile_all,
        probe=None,
        validate=validation.run,
        score=lambda scalars: -sum(scalars[name] for name in ("mel", "stft")),
        export=export,
        parameters=lambda state: state.generator,
        export_name="vocos.npz",
        learning_rate=step.generator_schedule(training),
        pipeline=pipeline,
        batch_size=training.batch_size,
        clip_seconds=pipeline.seconds,
        mesh=mesh,
        shardings=sharding.state_shardings(jax.eval_shape(init), mesh),
        fingerprint={
            "config": config.to_dict(),
            "data": pipeline.fingerprint,
            "versions": identity.versions(),
        },
    )


class CodecValidation:
    """The averaged weights on the same held-out crops every time, at the reference loudness."""

    def __init__(self, run: CodecRun, training: CodecTraining, mesh: jax.sharding.Mesh) -> None:
        crops = CropConfig(VALIDATION_SEED + run.seed, training.batch_size, training.crop_length, 0.0)
        hosts = jax.process_index(), jax.process_count()
        pipeline = CropPipeline(data.open_folders(run.valid), crops, *hosts)
        made = [pipeline.batch(number) for number in range(run.validation_batches)]
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
        return Validation(
            means, Examples(audio={"resynthesis": np.asarray(audio, np.float32)[:SHOWN].reshape(-1)})
        )
