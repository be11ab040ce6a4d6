"""What two clips were heard to be, shared by all that is composed of them, and what a report says of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.arranging.steering import Steering
from compjax.compose import report
from compjax.compose.clips import forms
from compjax.compose.clips.aligned_pair import AlignedPair
from compjax.compose.composers.contract import Composer, HeardClips
from compjax.compose.finishing import Finished
from compjax.compose.shaping import Shaping
from compjax.music.score import Note
from compjax.pages import views


@dataclasses.dataclass(frozen=True)
class Perceived:
    """What both clips were heard to be; every variation of a pair shares it."""

    pair: AlignedPair  # its beginning
    length: float  # of the new piece, in seconds
    loudness: float  # of the input, LKFS
    heard: HeardClips
    gates: np.ndarray  # [T, 6], in the input's time
    steering: Steering
    view: views.PairView
    seconds: dict[str, float]  # wall time by phase
    grids: tuple[dict, str]  # of both clips in their own time, in figures and in words
    form: forms.Form  # in which it is played
    shaping: Shaping | None = None  # what is done to the notes; pair and view have gone through it

    def told(self, measured: dict, composer: Composer, notes: tuple[Note, ...], done: Finished) -> dict:
        """The report of what was `measured` of a composition, with how it came about."""
        alignment, (grids, said) = self.pair.alignment, self.grids
        how = [said, alignment.in_words()]
        if self.shaping is not None:
            grids = {**grids, "output": self.shaping.grid.summary()}
            how.append(self.shaping.in_words())
        remarks = [*self.pair.remarks, *report.of_limiter(done.limited_by), *composer.remarks]
        remarks += self.form.said(done.form)
        return {
            **measured,
            "seconds": round(len(done.audio) / done.form.rate, 3),
            "form": dataclasses.asdict(done.form),
            "agent": composer.title,
            "instrument": self.heard.played_on(),
            "alignment": alignment.summary(),
            "grid": grids,
            "words": [*how, *measured["words"], *remarks],
            "played": report.played(notes),
        }
