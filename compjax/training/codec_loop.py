"""Train the codec: compjax-train --config=experiments/vocos.py --workdir=DIR.

A run is resumed from its last checkpoint; what a step draws depends on the seed and the step alone.
"""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterator

import flax.serialization
import jax
import numpy as np
from absl import logging

from compjax.audio.constants import SAMPLE_RATE
from compjax.audio.files import atomic_path
from compjax.codec import weights
from compjax.training import codec_data, codec_step


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


def split_config(values: dict) -> tuple[CodecRun, codec_step.CodecTraining]:
    """The two halves of an experiment: its `run` and its `training`."""
    run = {k: tuple(v) if isinstance(v, list | tuple) else v for k, v in values["run"].items()}
    return CodecRun(**run), codec_step.CodecTraining.from_dict(values["training"])


def train_codec(values: dict, workdir: str) -> dict[str, float]:
    """Train by the experiment `values` to its last step; returns the last validation's metrics.

    Leaves in `workdir`: `state.msgpack` (to resume from), `vocos.npz` (averaged weights, ready for
    `compjax.codec.load`) and TensorBoard events.
    """
    from tensorboardX import SummaryWriter

    run, config = split_config(values)
    folder = pathlib.Path(workdir)
    folder.mkdir(parents=True, exist_ok=True)
    state = restore(folder / "state.msgpack", start(run, config))
    groups = codec_data.open_folders(run.train)
    held_out = validation_crops(run, config)
    logging.info(
        "%.2f h of audio; %.2f M weights; from step %d",
        codec_data.seconds(groups) / 3600,
        codec_step.parameter_count(state.generator) / 1e6,
        int(state.step),
    )
    crops = codec_data.batches(groups, run.seed, int(state.step), config.batch_size, config.crop_length)
    result: dict[str, float] = {}
    with SummaryWriter(str(folder), purge_step=int(state.step) + 1) as writer:
        validate = codec_step.make_validation(config)
        while int(state.step) < config.steps:
            target = min(config.steps, (int(state.step) // run.validate_every + 1) * run.validate_every)
            state = advance(state, config, crops, target, run.log_every, writer)
            result = report(validate, state, held_out, writer)
            save(folder, state, config)
    crops.close()
    return result


def start(run: CodecRun, config: codec_step.CodecTraining) -> codec_step.CodecState:
    """Fresh state, or one that begins with the weights named in the run."""
    state = codec_step.init_state(jax.random.key(run.seed), config)
    if not run.start_from:
        return state
    found = weights.flatten(weights.load_weights(run.start_from)[1])
    fresh = weights.flatten(state.generator)
    merged = {k: found[k] if k in found and found[k].shape == v.shape else v for k, v in fresh.items()}
    params = jax.tree.map(jax.numpy.asarray, weights.unflatten(merged))
    return state.replace(generator=params, average=jax.tree.map(jax.numpy.copy, params))


def phases(config: codec_step.CodecTraining) -> Callable[[int], Callable]:
    """The step function that a step number calls for; each is compiled when first needed."""
    made: dict[tuple[bool, bool], Callable] = {}

    def choose(step: int) -> Callable:
        key = (_reached(step, config.audio_from), _reached(step, config.adversarial_from))
        return made.setdefault(key, codec_step.make_step(config, *key))

    return choose


def _reached(step: int, start: int | None) -> bool:
    return start is not None and step >= start


def advance(
    state: codec_step.CodecState,
    config: codec_step.CodecTraining,
    crops: Iterator[np.ndarray],
    target: int,
    log_every: int,
    writer,
) -> codec_step.CodecState:
    """Train up to step `target`, logging mean metrics every `log_every` steps."""
    choose, seen, since = phases_of(config), [], time.monotonic()
    for number in range(int(state.step), target):
        state, metrics = choose(number)(state, next(crops))
        seen.append(metrics)
        if (number + 1) % log_every == 0:
            means = {k: float(np.mean([float(m[k]) for m in seen])) for k in metrics}
            means["steps_per_second"] = len(seen) / (time.monotonic() - since)
            _write(writer, "train", means, number + 1)
            seen, since = [], time.monotonic()
    return state


_PHASES: dict[codec_step.CodecTraining, Callable] = {}


def phases_of(config: codec_step.CodecTraining) -> Callable:
    """`phases(config)`, kept so that a program is compiled once."""
    return _PHASES.setdefault(config, phases(config))


def validation_crops(run: CodecRun, config: codec_step.CodecTraining) -> list[np.ndarray]:
    """The same held-out crops every time, at the reference loudness."""
    groups = codec_data.open_folders(run.valid)
    source = codec_data.batches(groups, 10_000 + run.seed, 0, config.batch_size, config.crop_length, 0.0)
    crops = [next(source) for _ in range(run.validation_batches)]
    source.close()
    return crops


def report(validate: Callable, state: codec_step.CodecState, held_out: list[np.ndarray], writer) -> dict:
    """Validate the averaged weights; writes scalars and two stretches of audio."""
    results = [validate(state.average, crops) for crops in held_out]
    means = {k: float(np.mean([float(metrics[k]) for metrics, _ in results])) for k in results[0][0]}
    _write(writer, "valid", means, int(state.step))
    audio = np.asarray(results[0][1])[:2].reshape(-1)
    writer.add_audio("resynthesis", np.clip(audio, -1, 1)[:, None], int(state.step), SAMPLE_RATE)
    return means


def _write(writer, group: str, values: dict[str, float], step: int) -> None:
    logging.info("%s %d: %s", group, step, "  ".join(f"{k} {v:.4f}" for k, v in values.items()))
    for name, value in values.items():
        writer.add_scalar(f"{group}/{name}", value, step)


def save(folder: pathlib.Path, state: codec_step.CodecState, config: codec_step.CodecTraining) -> None:
    """Write the state to resume from, and the averaged weights."""
    with atomic_path(folder / "state.msgpack") as path:
        pathlib.Path(path).write_bytes(flax.serialization.to_bytes(state))
    weights.save_weights(folder / "vocos.npz", dataclasses.asdict(config.codec), state.average)


def restore(path: pathlib.Path, state: codec_step.CodecState) -> codec_step.CodecState:
    """The state saved at `path`, or `state` where there is none."""
    if not path.exists():
        return state
    return flax.serialization.from_bytes(state, path.read_bytes())
