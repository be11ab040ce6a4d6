"""Processes that make batches, and the reading of them in order of the steps.

Grain's workers were tried in the design; these are used because a batch is a pure function of its
step, so that no iterator state has to be kept, shared or restored, and because Grain's import JAX
(0.2 GB each, and a device that a loader might claim), leave shared memory behind when they are
killed, and have to be told apart from the command's flags. Here a worker is a program of its own: it
imports NumPy and what it reads with, it never runs the parent's main module, its batches come
through a pipe of its own, and one that is killed is started again at the step where it was. The standard
library's pool has one pipe for all: a worker killed in mid-batch leaves its reader waiting for ever, and
arrays are copied into the pickle (`tests/data/batches/bench_workers.py` measures both).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

from absl import logging

from compjax.data.batches.ahead import Ahead
from compjax.data.batches.maker import BatchMaker, MadeBatch
from compjax.data.batches.worker import Failure, WorkOrder, read_message, write_message
from compjax.errors import UserError

AHEAD_PER_WORKER = 1  # batches kept ready in this process; each worker holds one more
MAX_DEATHS = 3  # of workers, without a batch in between
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerFailure(RuntimeError):
    """A worker met an error that is not the user's; its traceback is the text."""


class WorkerProcess:
    """One process, and the steps that it makes."""

    def __init__(self) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        settings = {"PYTHONPATH": path, **dict.fromkeys(ONE_THREAD, "1")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "compjax.data.batches.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **settings},
            start_new_session=True,  # a signal to the terminal's or the job's group is not for it
        )

    def begin(self, maker: BatchMaker, first: int, stride: int) -> WorkerProcess:
        """Tell it which steps to make; returns itself."""
        with contextlib.suppress(BrokenPipeError):  # it has ended already, which reading from it will show
            write_message(self._process.stdin, WorkOrder(maker, first, stride, os.getpid()))
            self._process.stdin.close()
        return self

    def read(self) -> MadeBatch | Failure:
        """Its next batch; EOFError if it has ended."""
        return read_message(self._process.stdout)

    def kill(self) -> int:
        """End it at once, which also ends a read; returns how it ended."""
        self._process.kill()
        return self._process.wait()

    def close(self) -> None:
        """Give the pipes back; nobody may be reading."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class Crew:
    """Workers that share the steps from `start_step` on: worker i makes every `count`-th from the i-th."""

    def __init__(self, maker: BatchMaker, start_step: int, count: int) -> None:
        self._maker, self._count = maker, count
        self._lock, self._ended = threading.Lock(), False
        self._start, self._deaths = start_step, 0
        self._workers = [WorkerProcess() for _ in range(count)]  # all load their modules at the same time
        for i, worker in enumerate(self._workers):
            worker.begin(maker, start_step + i, count)

    def read(self, step: int) -> MadeBatch:
        """The batch of a step; steps have to be read in order.

        Raises:
            UserError: what a worker could not do, or that workers keep being ended.
            WorkerFailure: for an error in our own code.
        """
        index = (step - self._start) % self._count
        while True:
            try:
                message = self._workers[index].read()
            except EOFError:
                self._replace(index, step)
                continue
            if isinstance(message, Failure):
                raise UserError(message.text) if message.for_user else WorkerFailure(message.text)
            self._deaths = 0
            return message

    def _replace(self, index: int, step: int) -> None:
        """Start a worker again at the step that it was killed at."""
        with self._lock:
            if self._ended:
                raise EOFError
            status = self._workers[index].kill()
            self._workers[index].close()
            self._deaths += 1
            if self._deaths >= MAX_DEATHS:
                raise UserError(
                    f"data workers were ended {MAX_DEATHS} times in a row (status {status}), "
                    "which a lack of memory may cause; set config.loop.workers to a smaller number"
                )
            logging.warning("data worker %d was ended (status %d); starting it again", index, status)
            self._workers[index] = WorkerProcess().begin(self._maker, step, self._count)

    def kill(self) -> None:
        """End all processes, which also ends a `read`."""
        with self._lock:
            self._ended = True
            for worker in self._workers:
                worker.kill()

    def close(self) -> None:
        """Give everything back; nobody may be reading."""
        for worker in self._workers:
            worker.close()


def made_by_processes(maker: BatchMaker, start_step: int, workers: int) -> Ahead:
    """Batches of the steps from `start_step` on, in order; closing ends the processes."""
    crew = Crew(maker, start_step, workers)
    return Ahead(crew.read, start_step, AHEAD_PER_WORKER * workers, crew.kill, crew.close)
