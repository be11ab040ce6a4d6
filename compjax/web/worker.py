"""The thread that composes: one job at a time, the others wait, and no visitor waits for all of another's."""

from __future__ import annotations

import collections
import enum
import threading
from collections.abc import Callable

from absl import logging

from compjax.errors import UserError
from compjax.web.jobs import BROKEN, Job, JobState
from compjax.web.pairs import OpenPairs

STOP_SECONDS = 5.0
"""How long the server waits, when it ends, for the work in hand to notice."""


class Model(enum.StrEnum):
    """Where the loading of the model stands."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Full(UserError):
    """The queue takes no more."""


class JobWorker:
    """The thread that loads the model and then does one job after the other."""

    def __init__(self, load: Callable[[], object], max_jobs: int, max_jobs_each: int | None = None):
        """`load` gives the session (`compjax.compose.session.Session`); at most `max_jobs` wait, and of
        one visitor `max_jobs_each`."""
        self._load = load
        self._max_jobs = max_jobs
        self._max_jobs_each = max_jobs if max_jobs_each is None else max_jobs_each
        self.pairs = OpenPairs()
        self._waiting: collections.deque[Job] = collections.deque()
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._last_visitor: str | None = None
        self._thread = threading.Thread(target=self._work, name="composing", daemon=True)
        self.model = Model.LOADING
        self.error = ""
        self.session = None  # once it is loaded

    def start(self) -> None:
        """Begin with loading."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel everything, and wait a little for the work in hand to end."""
        with self._changed:
            self._stopping = True
            for job in [*self._waiting, *([self._running] if self._running else [])]:
                job.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(STOP_SECONDS)

    def submit(self, job: Job) -> None:
        """Put a job at the queue's end.

        Raises:
            UserError: if the model could not be loaded, or (`Full`) too many wait, of all or of one visitor.
        """
        with self._changed:
            if self.model is Model.FAILED:
                raise UserError(f"the model could not be loaded: {self.error}")
            if len(self._waiting) >= self._max_jobs:
                raise Full(f"{len(self._waiting)} compositions are waiting; try again in a few minutes")
            own = sum(waiting.visitor == job.visitor for waiting in self._waiting)
            if own >= self._max_jobs_each:
                raise Full(f"{own} compositions of yours are waiting already; cancel one, or wait for it")
            self._waiting.append(job)
            self._changed.notify_all()

    def cancel(self, job: Job) -> None:
        """Cancel a job, and take it out of the queue if it waits there."""
        with self._changed:
            job.cancel()
            if job in self._waiting:
                self._waiting.remove(job)

    def position(self, job: Job) -> int:
        """Jobs that come before this one; 0 if it is worked on or over."""
        with self._changed:
            if job not in self._waiting:
                return 0
            return self._in_order().index(job) + (self._running is not None)

    @property
    def waiting(self) -> int:
        """Jobs in the queue, the one that is worked on not counted."""
        return len(self._waiting)

    def _work(self) -> None:
        self._load_model()
        while job := self._next():
            job.carry_out(self.session, self.pairs)
            with self._changed:
                self._running = None
            del job  # its clips may go while the next is waited for

    def _load_model(self) -> None:
        try:
            session = self._load()
        except Exception as error:  # the page opens all the same, and says so
            known = isinstance(error, UserError)
            logging.error("the model could not be loaded: %s", error, exc_info=not known)
            self._give_up(str(error) if known else BROKEN)
            return
        with self._changed:
            self.session, self.model = session, Model.READY

    def _give_up(self, message: str) -> None:
        with self._changed:
            self.model, self.error = Model.FAILED, message
            for job in self._waiting:
                job.fail(f"the model could not be loaded: {message}")
            self._waiting.clear()

    def _next(self) -> Job | None:
        """The next job, waiting for one; None when the server ends."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            self._running = self._in_order()[0]
            self._waiting.remove(self._running)
            self._last_visitor = self._running.visitor
            self._running.state = JobState.RUNNING  # under the lock: a cancel now finds it running
            return self._running

    def _in_order(self) -> list[Job]:
        """The jobs that wait, as they will be taken: no visitor twice in a row while another waits."""
        waiting, last, ordered = list(self._waiting), self._last_visitor, []
        while waiting:
            job = next((job for job in waiting if job.visitor != last), waiting[0])
            waiting.remove(job)
            ordered.append(job)
            last = job.visitor
        return ordered
