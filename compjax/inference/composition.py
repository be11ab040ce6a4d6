"""What a session returns: audio, notes and report, and how they are saved."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from compjax.audio import waveform
from compjax.audio.errors import UserError
from compjax.audio.files import atomic_path
from compjax.data.symbolic import Note
from compjax.inference import gates
from compjax.inference.requests import output_paths
from compjax.inference.views import PairView

DEFAULT_TEMPO = 120.0
"""Tempo of the MIDI file where the input's is not known, in beats per minute."""


@dataclasses.dataclass(frozen=True)
class Composition:
    """One clip composed of two.

    Attributes:
        audio: `[S]` float32, as long as the input clip.
        sample_rate: Hz.
        notes: the composed part, by start.
        weights: mean component weights, source -> factor -> [0, 1].
        report: everything that is written to the JSON file.
        view: what it was made from, for pictures and players.
    """

    audio: np.ndarray
    sample_rate: int
    notes: tuple[Note, ...]
    weights: dict[str, dict[str, float]]
    report: dict
    view: PairView | None = None

    @property
    def seconds(self) -> float:
        """Length."""
        return self.audio.size / self.sample_rate

    def table(self) -> str:
        """The component weights as a table in text."""
        return gates.table(self.weights, f"Creative agent: {self.report['agent']}")

    def words(self) -> str:
        """The report in words, a sentence a line."""
        return "\n".join(self.report["words"])

    def save(self, path: str | os.PathLike) -> tuple[pathlib.Path, ...]:
        """Write the sound to `path` and, beside it, the MIDI and JSON files; all of them or none.

        Returns:
            The paths written: sound, MIDI, JSON.

        Raises:
            UserError: if the name is of no sound file or a file cannot be written.
        """
        from compjax.data.midi import write_midi

        sound, midi, text = output_paths(path)
        body = json.dumps(self.report, indent=2, allow_nan=False) + "\n"
        tempo = self.report["alignment"]["input_tempo"] or DEFAULT_TEMPO
        with _staged(text) as temporary_text, _staged(midi) as temporary_midi:
            temporary_text.write_text(body, encoding="utf-8")
            write_midi(temporary_midi, self.notes, tempo)
            waveform.write(sound, self.audio, self.sample_rate)  # the largest; the others follow it
        return sound, midi, text


@contextlib.contextmanager
def _staged(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """`atomic_path` for writers that use it themselves: what they raise names `path`."""
    with atomic_path(path) as temporary:
        try:
            yield temporary
        except UserError as error:
            raise UserError(str(error).replace(os.fspath(temporary), os.fspath(path))) from error
