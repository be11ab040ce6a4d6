"""A pair of clips that was heard once and is composed on again and again: only what changed is done anew."""

from __future__ import annotations

import dataclasses

from compjax import progress
from compjax.compose.asked.options import ComposeOptions
from compjax.compose.asked.shape import Shape
from compjax.compose.composition import Composition
from compjax.compose.reproducible import one_blas_thread
from compjax.errors import UserError
from compjax.music.groove import Groove
from compjax.music.score import Note, Rhythm

DECIDED_LATER = (
    "seed",
    "style",
    "arranger",
    "chords",
    "bit_depth",
    "stems",
    "roles",
    *(field.name for field in dataclasses.fields(Shape)),
)
"""Fields of `ComposeOptions` that hearing does not depend on."""


class OpenPair:
    """What was heard in two clips, ready to be composed on. `Session.open_pair` makes one."""

    def __init__(self, session, input, target, options: ComposeOptions, sample_rate=None, listener=None):
        """Hear the pair; `options` decide all that `DECIDED_LATER` does not name."""
        self._session = session
        self._groove = isinstance(input, Groove)
        self.options = self._completed(options)
        with one_blas_thread(), progress.told_to(listener):
            self._perceived = session.perceive(input, target, sample_rate, self.options)

    def serves(self, options: ComposeOptions) -> bool:
        """Whether these options need nothing heard anew."""
        return _heard_by(self._completed(options)) == _heard_by(self.options)

    def compose(
        self,
        index: int = 0,
        *,
        hits: Rhythm | None = None,
        notes: tuple[Note, ...] | None = None,
        early=None,
        progress=None,
        **options,
    ) -> Composition:
        """Variation `index`, as `Session.compose_many` makes it.

        Args:
            index: number of the variation.
            hits: in the place of those that are heard, in seconds of the input.
            notes: in the place of those that are arranged, in seconds of the new piece.
            early: called with the sound and its rate before the report is written.
            progress: called with (phase, windows done, windows in all).
            **options: the fields of `ComposeOptions`.

        Raises:
            UserError: if an option will not do, or needs the pair heard anew.
        """
        chosen = self._completed(ComposeOptions(**options))
        if not self.serves(chosen):
            changed = [
                name for name, value in _heard_by(chosen).items() if value != _heard_by(self.options)[name]
            ]
            raise UserError(f"the pair was heard with another {', '.join(changed)}: open it again with these")
        return self._composed(chosen, index, hits, (notes, early), progress)

    def _composed(self, options, index, hits, given, listener) -> Composition:
        with one_blas_thread(), progress.told_to(listener):
            steered = self._session.steer(self._perceived, options, hits)
            return self._session.vary(steered, options, index, *given)

    def heard_hits(self) -> Rhythm:
        """The hits that are composed on where none are given, in seconds of the input."""
        return self._perceived.view.rhythm

    def _completed(self, options: ComposeOptions) -> ComposeOptions:
        return options.for_groove() if self._groove else options


def _heard_by(options: ComposeOptions) -> dict:
    """The options that hearing depends on."""
    names = [field.name for field in dataclasses.fields(options) if field.name not in DECIDED_LATER]
    return {name: getattr(options, name) for name in names}
