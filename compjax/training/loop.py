"""The loop of training an agent: restore, train, log, validate, save."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import optax
from absl import logging

from compjax.audio.errors import UserError
from compjax.data.batches import AugmentConfig, Batch, batches, load_examples, make_batch
from compjax.models.registry import build_agent
from compjax.training import checkpoint
from compjax.training.clock import Clock
from compjax.training.export import export_agent
from compjax.training.interrupt import Interrupt
from compjax.training.optimizer import OptimizerConfig, make_optimizer, make_schedule
from compjax.training.state import TrainState, create_state
from compjax.training.step import make_train_step, make_validation_step
from compjax.training.writer import Writer

Scalars = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Run:
    """What a configuration describes, built: the network, its programs and its validation batches."""

    agent: nn.Module
    optimizer: optax.GradientTransformation
    schedule: optax.Schedule
    train_step: Callable[..., Any]
    validation_step: Callable[..., Any]
    dev: list[Batch]


def build_run(config) -> Run:
    """The run of a configuration (see experiments/)."""
    agent = build_agent(config.agent.name, config.agent.settings.to_dict())
    settings = OptimizerConfig(**config.optimizer.to_dict())
    optimizer = make_optimizer(settings)
    weights = config.losses.to_dict()
    return Run(
        agent=agent,
        optimizer=optimizer,
        schedule=make_schedule(settings),
        train_step=make_train_step(agent, optimizer, weights, config.seed, config.ema_decay),
        validation_step=make_validation_step(agent, weights),
        dev=dev_batches(config),
    )


def dev_batches(config) -> list[Batch]:
    """Whole batches of unaugmented examples to validate on."""
    count = config.data.dev_examples
    examples = load_examples(config.data.dev, count)
    return [
        make_batch(examples, step, config.batch_size, 0, None)
        for step in range(max(1, count // config.batch_size))
    ]


def initial_state(run: Run, seed: int) -> TrainState:
    """A drawn state, initialised in one jitted program."""
    batch = run.dev[0]

    def init(key, first, second, style):  # clips as arguments: as constants XLA would compute with them
        return create_state(run.agent.init(key, first, second, style=style), run.optimizer)

    return jax.jit(init)(
        jax.random.key(seed), batch["input_latents"], batch["target_latents"], batch["style"]
    )


def training_feed(config, start: int) -> Iterator[Batch]:
    """Batches from the one after step `start` on."""
    augmentation = AugmentConfig() if config.data.augment else None
    examples = load_examples(config.data.train)
    return batches(examples, start, config.batch_size, config.seed, augmentation)


def validate(run: Run, state: TrainState) -> tuple[Scalars, Any]:
    """Means of the validation scalars of the averaged parameters, and the first batch's output."""
    variables = {"params": state.ema, **state.model_state}
    results = [run.validation_step(variables, batch) for batch in run.dev]
    scalars = jax.device_get([result[0] for result in results])
    return {name: float(np.mean([s[name] for s in scalars])) for name in scalars[0]}, results[0][1]


def score_of(scalars: Scalars) -> float:
    """What the best checkpoint is best at: notes and their sound, the larger the better."""
    return scalars.get("roll/onset_f1", 0.0) + scalars.get("roll/frame_f1", 0.0) - scalars["loss/latent"]


def log_step(writer: Writer, run: Run, clock: Clock, number: int, logged: dict) -> None:
    """Fetch and write a training step's scalars; a UserError if the loss is not a number."""
    values = {name: float(value) for name, value in jax.device_get(logged).items()}
    if not np.isfinite(values["loss/total"]):
        raise UserError(f"the loss is {values['loss/total']} at step {number}; lower the learning rate")
    writer.scalars(
        "train", number, values | clock.rates(number) | {"learning_rate": float(run.schedule(number))}
    )


def train_agent(config, workdir: str) -> Scalars:
    """Train by `config` in `workdir`, resuming what is there.

    Besides checkpoints and TensorBoard's files the folder gets `agent.npz`, the averaged parameters in
    the form that composing loads, at every validation.

    Returns:
        The last validation's scalars.

    Raises:
        UserError: if there is no data, or the loss is not a number.
    """
    interrupt = Interrupt()
    run = build_run(config)
    state = initial_state(run, config.seed)
    manager = checkpoint.open_checkpoints(workdir)
    if manager.latest_step() is not None:
        state, _ = checkpoint.restore(manager, manager.latest_step(), state)
        logging.info("resumed at step %d", int(state.step))
    start = int(state.step)
    feed, writer, clock = training_feed(config, start), Writer(workdir, start), Clock(config.batch_size)

    scalars: Scalars = {}
    for number in range(start + 1, config.num_steps + 1):
        with clock.waiting():
            batch = next(feed)
        state, logged = run.train_step(state, batch)
        last = number == config.num_steps or interrupt.raised
        if number % config.log_every == 0 or last:
            log_step(writer, run, clock, number, logged)
        if number % config.validate_every == 0 or last:
            scalars, output = validate(run, state)
            writer.scalars("dev", number, scalars)
            writer.pictures(number, run.dev[0], output)
            checkpoint.save(manager, number, state, {"config": config.to_dict()}, score_of(scalars))
            export_agent(os.path.join(workdir, "agent.npz"), config.agent, state.ema, state.model_state)
        if last:  # decided once: a signal that comes later is for the next step
            break
    if interrupt.raised:
        logging.info("interrupted at step %d; the same command goes on from there", int(state.step))
    manager.wait_until_finished()
    writer.close()
    return scalars
