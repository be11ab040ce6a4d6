"""Notes in a timbre that was heard: latents, in jitted windows."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np

from compjax.audio.windows import over_windows
from compjax.constants import FRAME_RATE, NUM_PITCHES
from compjax.models.arranging.agent import ArrangingAgent
from compjax.models.arranging.note_renderer import NoteGrid, note_ages
from compjax.models.programs import WINDOWS, program
from compjax.music.pianoroll import rasterise
from compjax.music.score import Note, moved

PRE_ROLL = 16
"""Frames of silence that are rendered before the notes, so that the first attack has its quiet before it."""


class Renderer:
    """The renderer of an arranging agent, over any number of frames."""

    def __init__(self, module: ArrangingAgent, variables: dict):
        self._variables = variables
        self._render, self._ages = program(module, "render"), jax.jit(note_ages)

    def render(self, notes: Sequence[Note], timbre: np.ndarray, frames: int) -> np.ndarray:
        """Latents `[PRE_ROLL + frames, 128]` of notes in a timbre `[64]`."""
        late = moved(notes, PRE_ROLL / FRAME_RATE)
        table = np.array([[n.start, n.end, n.pitch, n.velocity] for n in late], np.float32).reshape(-1, 4)
        onsets, held = rasterise(table, PRE_ROLL + frames)
        ages = self._note_ages(onsets, (held > 0).astype(np.float32))

        def window(chunk):
            return self._render(self._variables, chunk[None], timbre[None])[0]

        return np.asarray(over_windows(window, [ages], WINDOWS))

    def _note_ages(self, onsets: np.ndarray, held: np.ndarray) -> np.ndarray:
        """`note_ages` of a whole clip `[T, 64]`, window after window, `[T, 64, 7]`."""
        length, state, ages = WINDOWS.length, None, None
        for begin in range(0, len(onsets), length):
            chunk = [np.zeros((1, length, NUM_PITCHES), np.float32) for _ in range(2)]
            for padded, whole in zip(chunk, (onsets, held), strict=True):
                padded[0, : len(whole[begin : begin + length])] = whole[begin : begin + length]
            part, state = self._ages(NoteGrid(*chunk), state)
            if ages is None:  # made once: an hour's ages are half a gigabyte
                ages = np.zeros((len(onsets), *part.shape[2:]), np.float32)
            ages[begin : begin + length] = np.asarray(part)[0, : len(onsets) - begin]
        return ages
