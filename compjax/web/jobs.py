"""Compositions that were asked for, and how far they have come."""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable

from absl import logging

from compjax.errors import UserError
from compjax.music.score import Note, Rhythm
from compjax.web.clips import HeldClip
from compjax.web.pairs import OpenPairs
from compjax.web.results import Result, result_of, wav_of

BROKEN = "something went wrong in the server; its log says what"
"""What a visitor is told of an error that is not theirs."""


ONCE = {"read": 1, "align": 5, "encode": 12, "listen": 12, "select": 2, "capture": 68}
"""Phases that a pair goes through once, and their shares of the work, as `timings` of reports have them."""

EACH = {"compose": 2, "render": 1, "decode": 25, "report": 25}
"""Phases of each variation, and their shares."""

WORDS = {
    "read": "Reading the clips",
    "align": "Finding the beats",
    "report": "Measuring",
    "encode": "Encoding the clips",
    "listen": "Listening",
    "select": "Choosing what comes from where",
    "capture": "Learning the instrument",
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


class Cancelled(Exception):
    """Raised in the work of a job that is not wanted any more."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be composed.

    Attributes:
        clips: input and target; none once they are let go.
        options: fields of `ComposeOptions` that were checked.
        num_samples: how many variations.
        said: the options as they were sent.
        variation: number of the first.
        hits: in the place of those that are heard; None for those.
        notes: in the place of those that are arranged; None for those.
    """

    clips: tuple[HeldClip, ...]
    options: dict
    num_samples: int = 1
    said: dict = dataclasses.field(default_factory=dict)
    variation: int = 0
    hits: Rhythm | None = None
    notes: tuple[Note, ...] | None = None


class Steps:
    """A listener for composing that keeps count; it may be asked from other threads."""

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

    def __init__(self, order: Order, visitor: str = ""):
        """`visitor` is who asked for it, for their share of the queue."""
        self.order = order
        self.visitor = visitor
        self.state = JobState.QUEUED
        self.error = ""
        self.results: list[Result] = []
        self.early = b""  # the variation that is being measured, as a WAV file
        self.aligned = b""  # the target along the input, as a WAV file
        self.steps = Steps(order.num_samples, self._check)
        self._unwanted = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether it waits or is being worked on."""
        return self.state in (JobState.QUEUED, JobState.RUNNING)

    @property
    def parts(self) -> dict[int, int]:
        """Bytes of what it holds on to: its clips, if it still does, and its results."""
        held = {id(self.aligned): len(self.aligned)}
        for part in (*self.order.clips, *self.results):
            held.update(part.parts)
        return held

    def cancel(self) -> None:
        """Have the work stop at its next step; variations that are finished stay."""
        self._unwanted.set()
        if self.state is JobState.QUEUED:
            self._end(JobState.CANCELLED)

    def carry_out(self, session, pairs: OpenPairs) -> None:
        """Do the work; whatever goes wrong is noted in the job."""
        self.state = JobState.RUNNING
        try:
            self._compose(session, pairs)
            self._end(JobState.DONE)
        except Cancelled:
            self._end(JobState.CANCELLED)
        except UserError as error:
            self.fail(str(error))
        except Exception:  # the server goes on with the next job
            logging.exception("a composition failed")
            self.fail(BROKEN)

    def _compose(self, session, pairs: OpenPairs) -> None:
        order = self.order
        pair = pairs.of(session, order.clips, order.options, self.steps)
        given = {"hits": order.hits, "notes": order.notes, **order.options}
        for index in range(order.variation, order.variation + order.num_samples):
            self._check()
            composition = pair.compose(index, early=self._hold, progress=self.steps, **given)
            self.aligned = self.aligned or wav_of(composition.view.target.audio)
            self.results.append(result_of(composition, order.hits or pair.heard_hits()))

    def _hold(self, audio, sample_rate: int) -> None:
        self.early = wav_of(audio, sample_rate)

    def fail(self, message: str) -> None:
        """Note why there is no result."""
        self.error = message
        self._end(JobState.FAILED)

    def _end(self, state: JobState) -> None:
        """Over; where nothing was made, the clips are let go."""
        if not self.results:
            self.order = dataclasses.replace(self.order, clips=())
        self.early = b""
        self.state = state

    def _check(self) -> None:
        if self._unwanted.is_set():
            raise Cancelled
