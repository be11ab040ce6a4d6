"""What a session returns: audio, notes and report, and how they are saved, shown and used again."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import tempfile
from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from compjax.audio import waveform
from compjax.audio.sound_files import SoundFormat
from compjax.audio.tags import Tags
from compjax.compose.asked.requests import MIDI_DIGEST, output_paths, stem_paths
from compjax.compose.finishing import as_heard
from compjax.errors import UserError
from compjax.files import atomic_path, shown
from compjax.music import gates
from compjax.music.chords.keys import key_of
from compjax.music.groove import Groove
from compjax.music.midi_out import DEFAULT_TEMPO
from compjax.music.score import Harmony, Note
from compjax.music.time.grid import Grid
from compjax.pages.views import PairView

if TYPE_CHECKING:
    from compjax.instrument.capture import Instrument


@dataclasses.dataclass(frozen=True, eq=False)
class Composition:
    """One clip composed of two. In a notebook it shows itself: players, pictures, the report.

    Attributes:
        audio: `[S]`, or `[S, 2]` in stereo, float32, as long as the input clip.
        sample_rate: Hz.
        notes: the composed part, by start.
        weights: mean component weights, source -> factor -> [0, 1].
        report: everything that is written to the JSON file.
        view: what it was made from, for pictures and players.
        stems: sound of the voices by name, as `audio`, which they add up to; empty if not asked for.
        instrument: what it is played on, None where it was not played.
    """

    audio: np.ndarray
    sample_rate: int
    notes: tuple[Note, ...]
    weights: dict[str, dict[str, float]]
    report: dict
    view: PairView
    stems: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    instrument: Instrument | None = None

    def __repr__(self) -> str:
        """One line: what it is made from would fill pages."""
        verdict = self.report["verdict"]
        return f"Composition({self.seconds:.2f} s, {self.form}, {len(self.notes)} notes, verdict {verdict!r})"

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.audio) / self.sample_rate

    @property
    def form(self) -> SoundFormat:
        """Sampling rate and channels."""
        return SoundFormat(self.sample_rate, 1 if self.audio.ndim == 1 else self.audio.shape[1])

    @functools.cached_property
    def heard(self) -> np.ndarray:
        """Its beginning, two minutes or more, as it is measured and drawn: `[S]` at 24 kHz."""
        return as_heard(self.audio, self.form)

    @property
    def grid(self) -> Grid:
        """Its tempo, beats, meter and bars: those of the input, in whose time it is."""
        return self.view.input.grid

    @property
    def tempo(self) -> float:
        """Quarter notes per minute, 120 where they are not known."""
        return self.grid.tempo or DEFAULT_TEMPO

    @functools.cached_property
    def midi(self) -> bytes:
        """The composed part as a MIDI file."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "notes.mid"
            self._write_midi(path)
            return path.read_bytes()

    @property
    def json(self) -> str:
        """The report as the text of a JSON file, with the digest of the MIDI file beside it."""
        digest = hashlib.sha256(self.midi).hexdigest()
        return json.dumps({**self.report, MIDI_DIGEST: digest}, indent=2, allow_nan=False) + "\n"

    @property
    def chords(self) -> Harmony:
        """The chords that it was composed on, in seconds of the new piece."""
        return self.view.harmony

    @property
    def chords_text(self) -> str:
        """The chords as text that can be edited, see `compjax/music/chords/chord_files.py`."""
        from compjax.music.chords.chord_files import text_of

        return text_of(self.chords)

    @property
    def groove(self) -> Groove:
        """The hits that it was composed on; UserError if there are none."""
        from compjax.compose.scenes import groove_of

        return groove_of(self.view)

    def table(self) -> str:
        """The component weights as a table in text."""
        return gates.table(self.weights, f"Creative agent: {self.report['agent']}")

    def words(self) -> str:
        """The report in words, a sentence a line."""
        return "\n".join(self.report["words"])

    def save(self, path: str | os.PathLike) -> tuple[pathlib.Path, ...]:
        """Write the sound to `path` and then, beside it, the MIDI and JSON files.

        Sound that was made is never thrown away: a file beside it that cannot be written is left out, with
        a warning in the log.

        Returns:
            The paths written: sound, MIDI, JSON, stems.

        Raises:
            UserError: if the name is of no sound file or the sound cannot be written.
        """
        written, failures = self.save_with_failures(path)
        for failure in failures:
            logging.warning("%s", failure)
        return written

    def save_with_failures(self, path: str | os.PathLike) -> tuple[tuple[pathlib.Path, ...], list[str]]:
        """As `save`; also what could not be written beside the sound, a sentence each."""
        sound, midi, text = output_paths(path)
        self._write_sound(sound, self.audio)
        written, failures = [sound], []
        for beside, content in ((midi, lambda: self.midi), (text, lambda: self.json.encode())):
            try:
                with atomic_path(beside) as temporary:
                    temporary.write_bytes(content())
                written.append(beside)
            except UserError as error:
                failures.append(str(error))
        for beside, audio in zip(stem_paths(sound), self.stems.values(), strict=False):
            try:
                self._write_sound(beside, audio)
                written.append(beside)
            except UserError as error:
                failures.append(str(error))
        return tuple(written), failures

    def _write_sound(self, path: pathlib.Path, audio: np.ndarray) -> None:
        depth = self.report["options"].get("bit_depth", "16")
        waveform.write(path, audio, self.sample_rate, depth, self._tags())

    def save_sfz(self, folder: str | os.PathLike) -> pathlib.Path:
        """Write the instrument as an SFZ folder that samplers read; the path of its SFZ file.

        Raises:
            UserError: if it was not played on an instrument, or a file cannot be written.
        """
        from compjax.instrument.sfz import save_sfz

        if self.instrument is None:
            raise UserError("this agent plays no instrument, so there is none to save")
        return save_sfz(self.instrument, folder)

    def plot(self, path: str | os.PathLike, span: tuple[float, float] | None = None) -> pathlib.Path:
        """Write one picture of everything: input, target, notes, result, weights.

        Args:
            path: a file whose name ends in .png or .svg.
            span: seconds from and to; the first 30 s if not given.

        Raises:
            UserError: if the name ends otherwise or the file cannot be written.
        """
        from compjax.compose.asked.requests import picture_kind
        from compjax.pages import pictures

        drawn = pictures.overview(self, kind=picture_kind(path), span=span)
        with atomic_path(path) as temporary:
            temporary.write_bytes(drawn)
        return pathlib.Path(path)

    def html(self, name: str = "composition") -> str:
        """A page that holds everything: players, pictures, tables, downloads called `name`."""
        from compjax.pages import page

        return page.html(self, name)

    def save_page(self, path: str | os.PathLike) -> pathlib.Path:
        """Write `html` to a file; UserError if it cannot be written."""
        with atomic_path(path) as temporary:
            temporary.write_text(self.html(shown(pathlib.Path(path).stem)), encoding="utf-8")
        return pathlib.Path(path)

    def save_groove(self, path: str | os.PathLike) -> pathlib.Path:
        """Write the hits that it was composed on, as MIDI or text by the ending; UserError if it fails."""
        return self.groove.save(path)

    def save_chords(self, path: str | os.PathLike) -> pathlib.Path:
        """Write the chords that it was composed on, as MIDI or text by the ending; UserError if it fails."""
        from compjax.music.chords.chord_files import save_chords

        if not self.chords.spans:
            raise UserError("no chords were heard, so there are none to save")
        return save_chords(self.chords, path, self.grid)

    def _tags(self) -> Tags | None:
        """Tempo, meter and key for the sound's file, where a tempo or a loop was asked for."""
        asked, grid = self.report["options"], self.grid
        if not (asked.get("loop") or asked.get("bpm")):
            return None
        key = key_of(self.chords)
        return Tags(
            samples=len(self.audio),
            sample_rate=self.sample_rate,
            bpm=grid.tempo,
            beats=round(self.seconds / grid.period),
            meter=(grid.meter.beats, grid.meter.unit),
            key=str(key) if key else "",
            root=key.tonic if key else None,
            loop=bool(asked.get("loop")),
        )

    def _write_midi(self, path: pathlib.Path) -> None:
        """The notes, a track a voice, with tempo, bars and chords."""
        from compjax.music.midi_out import write_midi

        timing = {"grid": self.grid, "seconds": self.seconds}
        within = (
            note for note in self.notes if note.start < self.seconds
        )  # what rings on ends with the sound
        notes = [dataclasses.replace(note, end=min(note.end, self.seconds)) for note in within]
        write_midi(path, notes, DEFAULT_TEMPO, chords=self.chords, **timing)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from compjax.pages import page

        return page.fragment(self)
