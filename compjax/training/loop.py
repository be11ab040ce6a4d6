"""The loop of training, whatever is trained: restore, step, report, validate, save, and end in good order."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import jax
from absl import logging

from compjax.errors import UserError
from compjax.training import sharding
from compjax.training.checkpoints import identity
from compjax.training.checkpoints.checkpoint import Checkpoints
from compjax.training.feed import Fed, Feed
from compjax.training.monitoring import announce
from compjax.training.monitoring.guards import Guards, NotFinite
from compjax.training.monitoring.reporter import Pending, Reporter
from compjax.training.process import exits
from compjax.training.process.interrupt import Stop, end_promptly
from compjax.training.process.lifecycle import Lifecycle
from compjax.training.state import on_host
from compjax.training.task import LoopConfig, Outcome, RunOptions, State, Task

BUILDERS = {
    "agent": "compjax.training.agent.task",
    "codec": "compjax.training.codec.task",
    "notes": "compjax.training.notes.task",
}
"""Module with `build_task(config, mesh)` by the configuration's `kind`."""
BEST = "best.npz"
"""The inference file of the best validation so far, beside the last one."""

PROGRAMS = "compiled"
"""Folder of compiled programs in the workdir."""


def builder_of(config: Any) -> Callable[[Any, jax.sharding.Mesh], Task]:
    """`build_task` of the configuration's kind."""
    if config.kind not in BUILDERS:
        raise UserError(f"config.kind is {config.kind!r}; there are {', '.join(BUILDERS)}")
    return importlib.import_module(BUILDERS[config.kind]).build_task


def train(
    config: Any,
    workdir: str,
    options: RunOptions = RunOptions(),
    build: Callable[[Any, jax.sharding.Mesh], Task] | None = None,
) -> Outcome:
    """Train by `config` in `workdir`, going on from what is there.

    The folder gets checkpoints, TensorBoard's files, `goodput.json` and, with every checkpoint, the file
    that composing loads.

    Args:
        config: an experiment (ml_collections), see experiments/.
        build: makes the task, if not the one of `config.kind`.

    Returns:
        How it ended; signals, non-finite gradients and a disk that fills up end in an `Outcome` too.

    Raises:
        UserError: for bad settings or data, a workdir in use, or a checkpoint of another run.
    """
    with Lifecycle(workdir, options.distributed) as lifecycle:
        keep_programs(workdir)
        mesh = sharding.make_mesh(**dict(config.get("mesh", {})))
        task = (build or builder_of(config))(config, mesh)
        lifecycle.limit(task.loop.timeouts)
        run = Run(task, workdir, options, lifecycle)
        return run.run()


def keep_programs(workdir: str) -> None:
    """Keep compiled programs in the workdir, so that a run that starts again need not compile again."""
    if not jax.config.jax_compilation_cache_dir:  # else the user has said where
        jax.config.update("jax_compilation_cache_dir", os.path.join(os.path.abspath(workdir), PROGRAMS))


class Run:
    """A task on its way from the last checkpoint to its last step."""

    def __init__(self, task: Task, workdir: str, options: RunOptions, lifecycle: Lifecycle) -> None:
        self._task, self._loop, self._workdir = task, task.loop, workdir
        self._options, self._lifecycle, self._phase = options, lifecycle, lifecycle.phase
        peers = lifecycle.peers
        self._guards = Guards(self._loop.max_bad_steps, self._loop.spike_sigma, workdir, peers.index)
        keep = self._loop.keep_latest, self._loop.keep_best
        self._checkpoints = Checkpoints(workdir, *keep, peers)
        self._scalars: Mapping[str, float] = {}
        self._unvalidated = False

    # From start to end ---------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Everything; see `train`."""
        with self._phase("restore"):
            self._state = self._first_state()
        start = self._number = self._phase.step = int(self._state.step)
        self._best = self._checkpoints.best
        self._feed = Feed(self._task.pipeline, self._task.mesh, start, self._loop.trace)
        self._reporter = Reporter(self._task, self._workdir, self._lifecycle, self._guards, start)
        self._checkpoints.warn = self._reporter.warn
        status = exits.FINISHED
        try:
            if self._unvalidated:  # it was stopped before it could validate the step that it goes on from
                self._validate()
                self._export()
            if not self._is_over():
                self._train()
            if self._number < self._loop.num_steps:
                logging.info("no better since step %d (loop.patience): the run ends here", self._best[1])
        except Stop:
            status = exits.PREEMPTED
        except NotFinite as error:
            print(f"compjax-train: {error}", file=sys.stderr)
            status = exits.NOT_FINITE
        except BaseException as error:
            if isinstance(error, jax.errors.JaxRuntimeError):
                self._lifecycle.explain_peers()
            self._close()
            raise
        return self._finish(status)

    def _first_state(self) -> State:
        """The last good checkpoint's, or a fresh one."""
        shapes = jax.eval_shape(self._task.init)
        like = sharding.abstract(shapes, self._task.shardings)
        restored = self._checkpoints.restore(like, self._check)
        if restored is None:
            with self._phase("compile"):
                fresh = jax.jit(self._task.init, out_shardings=self._task.shardings)()
            return self._task.begin(fresh)
        self._guards.recall(restored.meta["guards"])
        self._unvalidated = restored.meta["score"] is None and self._validates_at(restored.meta["step"])
        logging.info("resumed at step %d", restored.meta["step"])
        return restored.state

    def _check(self, meta: Mapping) -> None:
        identity.check_same_run(meta, self._task.fingerprint, self._options.allow_changed)

    def _train(self) -> None:
        """From the first step to the last; raises Stop or NotFinite between two of them."""
        fed = self._next_batch()
        with self._phase("compile"), announce.signs_of_life("compiling the step"):
            self._reporter.describe(self._task.compile(self._state, fed.batch))
            self._task.learning_rate(self._number)  # a few small programs of its own
        self._lifecycle.arm()
        while True:
            self._step(fed)
            number = self._number
            if due := self._validates_at(number):
                self._validate()
            if due or (self._loop.save_every and number % self._loop.save_every == 0):
                self._keep(math.nan if not due else self._task.score(self._scalars))
            elif self._checkpoints.retry_due:
                self._save(math.nan)
            if self._is_over():
                return
            self._lifecycle.poll()
            fed = self._next_batch()

    def _validates_at(self, number: int) -> bool:
        return number % self._loop.validate_every == 0 or number == self._loop.num_steps

    def _is_over(self) -> bool:
        """Whether the last step is done, or nothing has become better for as long as patience lasts."""
        waited = (self._number - max(self._best[1], 0)) // self._loop.validate_every
        return self._number >= self._loop.num_steps or 0 < self._loop.patience <= waited

    def _next_batch(self) -> Fed:
        with self._phase("data"):
            return self._feed.next(self._lifecycle.poll_waiting)

    def _step(self, fed: Fed) -> None:
        """Begin a step; the reporter looks at the one before while it runs."""
        self._phase.step = self._number + 1
        every = self._loop.probe_every
        with self._phase("step"):
            probed = {}
            if every and (self._number + 1) % every == 0:
                probed = self._task.probe(self._state, fed.batch)
            self._state, scalars = self._task.train_step(self._state, fed.batch)
            scalars = {**scalars, **probed}
        self._number += 1
        self._reporter.begun(Pending(self._number, scalars, fed))
        with self._phase("save"):
            self._checkpoints.settle()

    # Validating and saving -----------------------------------------------------------------------------

    def _validate(self) -> None:
        with self._phase("validate"):
            self._reporter.drain()
            validation = self._task.validate(self._state, self._lifecycle.poll)
            self._scalars = dict(validation.scalars)
            parameters = on_host(self._task.parameters(self._state))
        self._reporter.validated(self._number, validation, parameters)

    def _save(self, score: float) -> None:
        with self._phase("save"):
            self._reporter.drain()
            meta = {"fingerprint": self._task.fingerprint, "guards": self._guards.memory()}
            self._checkpoints.save(self._number, self._state, meta, score)

    def _keep(self, score: float) -> None:
        """A checkpoint and the inference file, and another of the best so far; `score` is NaN if unknown."""
        is_best = score > self._best[0]
        self._save(score)
        self._export()
        if is_best:
            self._best = (score, self._number)
            self._export(BEST)

    def _export(self, name: str | None = None) -> None:
        """The inference file of the averaged parameters; process 0 writes it."""
        name = name or self._task.export_name
        try:
            with self._phase("save"):
                self._task.export(os.path.join(self._workdir, name), self._state)
        except (OSError, ValueError, UserError) as error:  # a full disk, or weights beyond float16
            self._reporter.warn(f"{name} could not be written: {error}")

    # Ending --------------------------------------------------------------------------------------------

    def _finish(self, status: int) -> Outcome:
        """Save what is to be saved, close everything, say how it ended."""
        if status == exits.PREEMPTED:
            status = self._save_before_leaving(status)
        with self._phase("save"):
            self._checkpoints.wait()
            if self._checkpoints.failed and status == exits.FINISHED:
                self._save(math.nan)  # once more, now that the run is over
                self._checkpoints.wait()
        if self._checkpoints.failed and status in (exits.FINISHED, exits.PREEMPTED):
            kept = self._checkpoints.last_saved
            print(
                f"compjax-train: the checkpoint of step {self._number} could not be saved; "
                + (f"the last good one is {kept}" if kept is not None else "there is none"),
                file=sys.stderr,
            )
            status = exits.NOT_SAVED
        self._close()
        if self._checkpoints.ever_failed:
            end_promptly(status)
        return Outcome(status, self._number, self._scalars)

    def _save_before_leaving(self, status: int) -> int:
        try:
            self._reporter.drain()
        except NotFinite as error:
            print(f"compjax-train: {error}", file=sys.stderr)
            return exits.NOT_FINITE
        with self._phase("save"):
            self._checkpoints.wait()
        if self._checkpoints.last_saved != self._number:
            self._save(math.nan)
            with self._phase("save"):
                self._checkpoints.wait()
        self._export()
        if self._checkpoints.failed:
            return status
        self._reporter.event(self._number, "interrupted", "saved; the same command goes on from here")
        return status

    def _close(self) -> None:
        """Let go of files, threads and processes."""
        with self._phase("finish"):
            self._checkpoints.close()
            self._reporter.close(self._number)
            self._feed.close()


def loop_config(config: Any, **given: Any) -> LoopConfig:
    """The loop's settings of an experiment: its own top level, `config.loop`, and what is `given`."""
    top = {name: config[name] for name in ("num_steps", "log_every", "validate_every") if name in config}
    extra = json.loads(json.dumps(dict(config.get("loop", {})), default=dict))
    known = {field.name for field in dataclasses.fields(LoopConfig)}
    if unknown := set(extra) - known:
        raise UserError(f"config.loop has no field {', '.join(sorted(unknown))}")
    return LoopConfig(**{**given, **top, **extra})
