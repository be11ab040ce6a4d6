"""Notes by the composer network: the piano roll that it predicts from what was heard."""

from __future__ import annotations

import jax
import numpy as np

from compjax.arranging.notes import answer_hits, roll_to_notes
from compjax.arranging.steering import Steering
from compjax.audio.windows import over_windows
from compjax.errors import UserError
from compjax.hearing.reading import HeardPair
from compjax.models.programs import WINDOWS, program
from compjax.models.registry import Blueprint
from compjax.music.score import Note
from compjax.music.style import Style, style_over_time

CANNOT_BE_STEERED = (
    "a groove, chords from a file and roles need the arranging agent and its rules: use the bundled model"
)


class RollNetwork:
    """The composer of an arranging agent, over clips of any length."""

    def __init__(self, network: Blueprint, variables: dict):
        self._variables, self._compose = variables, program(network, "compose")

    def arrange(
        self, heard: HeardPair, decided: np.ndarray, style: Style, steering: Steering
    ) -> tuple[Note, ...]:
        """The notes of the roll; UserError if it is to be steered: it composes on what it hears alone."""
        if steering:
            raise UserError(CANNOT_BE_STEERED)
        onsets, frames, velocities = (np.asarray(part) for part in self._roll(heard, decided, style))
        return roll_to_notes(answer_hits(onsets, heard.hits(decided)), frames, velocities)

    def _roll(self, heard: HeardPair, decided: np.ndarray, style: Style):
        """Probabilities of onsets and of sounding frames, and velocities, `[T, 64]` each."""

        def window(components, gates, style):
            roll = self._compose(self._variables, components[None], gates[None], style[None])
            return jax.nn.sigmoid(roll.onsets[0]), jax.nn.sigmoid(roll.frames[0]), roll.velocities[0]

        arrays = [heard.components, decided, style_over_time(style.vector(), len(decided))]
        return over_windows(window, arrays, WINDOWS)
