"""Two clips, and the target laid along the input: aligned once, for hearing, measuring and showing."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.time_map import sound_along
from compjax.compose.clips.align import Alignment
from compjax.compose.clips.opening import Clip
from compjax.constants import SAMPLE_RATE
from compjax.hearing.grid import GridConfig
from compjax.measures.adherence import Description, describe
from compjax.pages import views

EXCERPT_SECONDS = 60.0
"""Only this much of a clip is measured, from its beginning: the searches for copies are quadratic."""


def excerpt(audio: np.ndarray) -> np.ndarray:
    """The part of audio `[S]` that is measured."""
    return audio[: round(EXCERPT_SECONDS * SAMPLE_RATE)]


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedPair:
    """Input and target as they came, and how the target lies along the input.

    Attributes:
        input: the clip that gives the length.
        target: the other.
        alignment: where in the target each moment of the input is read.
        along: `[S]` the target's sound along the input, as much of it as is kept to be shown.
        known: what `described` is, where it is not that of these sounds but of the same in another time.
    """

    input: Clip
    target: Clip
    alignment: Alignment
    along: np.ndarray
    known: tuple[Description, Description] | None = None

    @classmethod
    def of(cls, input: Clip, target: Clip, alignment: Alignment) -> AlignedPair:
        """The pair of two whole clips."""
        samples = min(input.audio.size, round(views.KEPT_SECONDS * SAMPLE_RATE))
        return cls(input, target, alignment, sound_along(target.audio, alignment.map, samples))

    def beginning(self) -> AlignedPair:
        """The pair with as much of its clips as is kept to be shown and measured."""
        clips = (clip.beginning(views.KEPT_SECONDS) for clip in (self.input, self.target))
        return AlignedPair(*clips, self.alignment, self.along)

    @functools.cached_property
    def described(self) -> tuple[Description, Description]:
        """What a composition is measured against: the beginnings of the input and of the target along it."""
        if self.known is not None:
            return self.known
        return describe(excerpt(self.input.audio)), describe(excerpt(self.along))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was mended in the clips."""
        return (*self.input.remarks, *self.target.remarks)

    @property
    def beats(self) -> tuple[np.ndarray, np.ndarray]:
        """Beats in seconds of the input and of the target along it, those that are trusted."""
        if self.alignment.warped:
            return (self.alignment.map.input_times,) * 2
        heard = self.described[1].beats
        trusted = heard.confidence >= GridConfig().min_tempo
        return self.input.grid.beats, heard.times if trusted else heard.times[:0]

    def grids_said(self) -> tuple[dict, str]:
        """The grids of both clips, each in its own time: in figures for the report, and as a sentence."""
        figures = {"input": self.input.grid.summary(), "target": self.target.grid.summary()}
        words = f"The input has {self.input.grid.in_words()}; the target {self.target.grid.in_words()}."
        return figures, words
