"""Compositions that were asked for: one is worked on at a time, the others wait in their order."""

from __future__ import annotations

import collections
import dataclasses
import enum
import threading
from collections.abc import Callable

from absl import logging

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.web.clips import HeldClip
from compjax.web.results import Result, result_of, wav_of

STOP_SECONDS = 5.0
"""How long the server waits, when it ends, for the work in hand to notice."""

BROKEN = "something went wrong in the server; its log says what"
"""What a visitor is told of an error that is not theirs."""


ONCE = {"read": 1, "align": 2, "report": 12, "encode": 8, "listen": 10, "select": 2}
"""Phases that a pair goes through once, and their shares of the work, as `timings` of reports have them."""

EACH = {"compose": 1, "render": 5, "decode": 26, "report": 33}
"""Phases of each variation, and their shares."""

WORDS = {
    "read": "Reading the clips",
    "align": "Finding the beats",
    "report": "Measuring",
    "encode": "Encoding the clips",
    "listen": "Listening",
    "select": "Choosing what comes from where",
    "compose": "Arranging",
    "render": "Playing",
    "decode": "Making sound of it",
}
"""What the page says during a phase."""


class JobState(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Model(enum.StrEnum):
    """Where the loading of the model stands."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Cancelled(Exception):
    """Raised in the work of a job that is not wanted any more."""


class Full(UserError):
    """The queue takes no more."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be composed."""

    input: HeldClip
    target: HeldClip
    options: dict  # fields of `ComposeOptions` that were checked
    num_samples: int = 1
    said: dict = dataclasses.field(default_factory=dict)  # the options as they were sent


class Steps:
    """A listener for `Session.compose_many` that keeps count; it may be asked from other threads."""

    def __init__(self, num_samples: int, check: Callable[[], None]):
        """`check` is called at every step, and may stop the work by raising."""
        self._plan = [*ONCE.items(), *(list(EACH.items()) * num_samples)]
        self._total = sum(share for _, share in self._plan)
        self._check = check
        self._at = 0
        self.phase = ""
        self.share = 0.0

    @property
    def words(self) -> str:
        """What is being done, for people."""
        return WORDS.get(self.phase, "")

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Note that `done` of `total` windows of a phase are finished; phases not planned for are skipped."""
        self._check()
        names = [name for name, _ in self._plan]
        if phase not in names[self._at :]:
            return
        self._at = names.index(phase, self._at)
        before = sum(share for _, share in self._plan[: self._at])
        share = (before + self._plan[self._at][1] * done / max(total, 1)) / self._total
        self.phase, self.share = phase, max(self.share, min(share, 1.0))


class Job:
    """An order, and how far it has come."""

    def __init__(self, order: Order):
        self.order = order
        self.state = JobState.QUEUED
        self.error = ""
        self.results: list[Result] = []
        self.aligned = b""  # the target along the input, as a WAV file
        self.steps = Steps(order.num_samples, self._check)
        self._unwanted = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether it waits or is being worked on."""
        return self.state in (JobState.QUEUED, JobState.RUNNING)

    @property
    def size(self) -> int:
        """Bytes of the results."""
        return sum(result.size for result in self.results) + len(self.aligned)

    def cancel(self) -> None:
        """Have the work stop at its next step; what was made is forgotten."""
        self._unwanted.set()
        if self.state is JobState.QUEUED:
            self.state = JobState.CANCELLED

    def carry_out(self, session) -> None:
        """Do the work; whatever goes wrong is noted in the job."""
        self.state = JobState.RUNNING
        order = self.order
        clips = (order.input.audio, order.target.audio)
        try:
            made = session.compose_many(
                *clips, order.num_samples, sample_rate=SAMPLE_RATE, progress=self.steps, **order.options
            )
            for composition in made:
                self._check()
                self.aligned = self.aligned or wav_of(composition.view.target.audio)
                self.results.append(result_of(composition))
            self.state = JobState.DONE
        except Cancelled:
            self.results.clear()
            self.state = JobState.CANCELLED
        except UserError as error:
            self.fail(str(error))
        except Exception:  # the server goes on with the next job
            logging.exception("a composition failed")
            self.fail(BROKEN)

    def fail(self, message: str) -> None:
        """Note why there is no result."""
        self.error = message
        self.state = JobState.FAILED

    def _check(self) -> None:
        if self._unwanted.is_set():
            raise Cancelled


class JobWorker:
    """The thread that loads the model and then does one job after the other."""

    def __init__(self, load: Callable[[], object], max_jobs: int):
        """`load` gives the session (`compjax.compose.session.Session`); at most `max_jobs` wait."""
        self._load = load
        self._max_jobs = max_jobs
        self._waiting: collections.deque[Job] = collections.deque()
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._stopping = False
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
            UserError: if the model could not be loaded, or (`Full`) too many wait.
        """
        with self._changed:
            if self.model is Model.FAILED:
                raise UserError(f"the model could not be loaded: {self.error}")
            if len(self._waiting) >= self._max_jobs:
                raise Full(f"{len(self._waiting)} compositions are waiting; try again in a few minutes")
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
            return self._waiting.index(job) + (self._running is not None)

    @property
    def waiting(self) -> int:
        """Jobs in the queue, the one that is worked on not counted."""
        return len(self._waiting)

    def _work(self) -> None:
        self._load_model()
        while job := self._next():
            job.carry_out(self.session)
            with self._changed:
                self._running = None

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
            self._running = self._waiting.popleft()
            self._running.state = JobState.RUNNING  # under the lock: a cancel now finds it running
            return self._running
