"""What a validation of the transformer shows: what it writes for a pair of its own, beside what is right.

The notes are heard as the instrument that is nobody's plays them: it is the notes that are judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import jax
import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES, SAMPLE_RATE
from compjax.data.sources.example import RHYTHM_OF_INPUT
from compjax.hearing.listener import sigmoid
from compjax.instrument import additive
from compjax.instrument.model import initial
from compjax.models.composing.factor_frames import seconds_of
from compjax.models.composing.note_transformer import NoteTransformer
from compjax.music.score import Note
from compjax.music.style import Style
from compjax.training import sharding
from compjax.training.notes.examples import (
    DRUMS_PITCHED,
    MOST_MOMENTS,
    NotesDataConfig,
    draw_heard,
    fitted,
    make_example,
    stacked,
)
from compjax.training.notes.step import write
from compjax.training.task import Examples, Picture

LEVEL = 0.3
"""Highest amplitude of what is heard."""


class Shown:
    """The first drawn pair of drums with a pitched target, all its moments in the plainest style.

    Parameters may lie on the devices of all processes, so all of them write.
    """

    def __init__(self, agent: NoteTransformer, data: NotesDataConfig, mesh: jax.sharding.Mesh) -> None:
        drawn = (draw_heard(data, number) for number in itertools.count())
        heard = next(pair for pair in drawn if pair.pair.kind == DRUMS_PITCHED)
        example = make_example(heard, RHYTHM_OF_INPUT, Style())
        self._frames = example["heard"].shape[1]
        self._right = {name: example[name] for name in ("moments", "onsets", "velocities", "lengths")}
        self._batch = stacked([fitted(example, MOST_MOMENTS)])
        whole = sharding.replicated(mesh)
        self._write: Callable = jax.jit(
            lambda params, batch: sharding.constrain(write(agent, params, batch, None), whole)
        )
        self._is_first = True

    def compile(self, params) -> None:
        """Compile what writes."""
        self._write.lower(params, self._batch).compile()

    def examples(self, params) -> Examples:
        """Rolls `[T, 64]` and sounds of what the parameters write; what is right is heard the first time."""
        written = jax.device_get(self._write(params, self._batch))
        if jax.process_index():
            return Examples()
        count = len(self._right["moments"])
        own = {
            "moments": self._right["moments"],
            "onsets": sigmoid(written.onsets[0, :count]),
            "velocities": written.velocities[0, :count],
            "lengths": written.lengths[0, :count],
        }
        pictures = {
            "roll_true": Picture(roll_of(self._right, self._frames), "pitches", "1 struck, 0.5 held"),
            "roll_written": Picture(roll_of(own, self._frames), "pitches", "probability, half of it held"),
        }
        heard = {"written": own} | ({"right": self._right} if self._is_first else {})
        self._is_first = False
        return Examples(pictures, {name: self._played(table) for name, table in heard.items()})

    def _played(self, table: dict[str, np.ndarray]) -> np.ndarray:
        """The likely notes of a table, `[S]`."""
        samples = round(self._frames / FRAME_RATE * SAMPLE_RATE)
        sound = additive.play(initial(), likely_notes(table), samples, SAMPLE_RATE)
        return LEVEL * sound / max(float(np.abs(sound).max(initial=0.0)), 1e-9)


def roll_of(table: dict[str, np.ndarray], frames: int) -> np.ndarray:
    """The roll `[T, 64]` of notes `[K, 64]`: how likely one is struck, half of it while it sounds."""
    roll = np.zeros((frames, NUM_PITCHES), np.float32)
    held = np.rint(seconds_of(table["lengths"]) * FRAME_RATE).astype(int)
    for row, first in enumerate(table["moments"]):
        for pitch, likely in enumerate(table["onsets"][row]):
            sounding = roll[first : first + max(held[row, pitch], 1), pitch]
            np.maximum(sounding, 0.5 * likely, out=sounding)
    for row, first in enumerate(table["moments"]):
        struck = roll[first : first + 2]
        np.maximum(struck, table["onsets"][row], out=struck)
    return roll


def likely_notes(table: dict[str, np.ndarray]) -> list[Note]:
    """The notes of a table `[K, 64]` that are more likely than not."""
    starts, lengths = (table["moments"] + 0.5) / FRAME_RATE, seconds_of(table["lengths"])
    loud = table["velocities"]
    return [
        Note(starts[at], float(starts[at] + lengths[at, row]), int(row) + MIN_PITCH, float(loud[at, row]))
        for at, row in zip(*np.nonzero(table["onsets"] > 0.5), strict=True)
    ]
