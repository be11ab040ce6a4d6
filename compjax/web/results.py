"""What is kept of a composition to be shown, heard and downloaded."""

from __future__ import annotations

import base64
import dataclasses
import io
import pathlib
import tempfile
import zipfile
from collections.abc import Sequence

import numpy as np

from compjax.audio import waveform
from compjax.compose.composition import Composition
from compjax.compose.report import explained
from compjax.constants import FRAME_RATE, HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE
from compjax.music.chords.chord_files import text_of
from compjax.music.chords.chord_names import name_of
from compjax.music.factors import COMPONENTS
from compjax.music.score import Rhythm
from compjax.music.time.grid import Grid
from compjax.pages import views

TEMPORARY = "compjax-web-"
"""What the names of temporary files and folders begin with."""

MAX_COLUMNS = 2400
"""A spectrogram that is sent has at most this many columns: no screen shows more."""

RANGE_DB = 70.0
"""Levels are sent from this far below the loudest."""

MAX_STEPS = 400
"""The weights over time are sent in at most this many steps."""

SUFFIXES = (".wav", ".mid", ".json")
"""Files of a composition that are written with it, by the ends of their names."""

LATER = (".flac", ".groove.txt", ".chords.txt", ".html", ".stems.zip", ".sfz.zip")
"""Files that are made when they are asked for."""


@dataclasses.dataclass(frozen=True)
class Result:
    """One variation: its files, its report, and the numbers that its pictures are drawn from."""

    files: dict[str, bytes]  # by suffix
    report: dict
    picture: dict
    composition: Composition

    @property
    def parts(self) -> dict[int, int]:
        """Bytes by `id`, see `Shelf`; what is not sound is small."""
        view = self.composition.view
        sounds = (self.composition.audio, view.input.audio, view.target.audio, view.target_as_given)
        sounds += tuple(self.composition.stems.values())
        files = {id(content): len(content) for content in self.files.values()}
        return files | {id(sound): sound.nbytes for sound in sounds}

    @property
    def suffixes(self) -> tuple[str, ...]:
        """All files that can be had, by the ends of their names."""
        made = self.composition
        missing = {
            ".groove.txt": not made.view.rhythm.hits,
            ".chords.txt": not made.view.harmony.spans,
            ".stems.zip": not made.stems,
            ".sfz.zip": made.instrument is None,
            ".flac": made.report["options"].get("bit_depth") == "32f",  # it holds whole numbers only
        }
        return (*self.files, *(suffix for suffix in LATER if not missing.get(suffix)))

    def file(self, suffix: str) -> bytes:
        """A file's content; some take a while."""
        if suffix in self.files:
            return self.files[suffix]
        made = self.composition
        if suffix == ".groove.txt":
            return made.groove.text().encode()
        if suffix == ".chords.txt":
            return made.chords_text.encode()
        if suffix == ".html":
            return made.html().encode()
        with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
            if suffix == ".sfz.zip":
                made.save_sfz(pathlib.Path(folder) / "instrument")
                return zipped_folder(pathlib.Path(folder))
            written = made.save(pathlib.Path(folder) / f"out{'.wav' if suffix == '.stems.zip' else suffix}")
            return zipped(written[len(SUFFIXES) :]) if suffix == ".stems.zip" else written[0].read_bytes()


def zipped_folder(folder: pathlib.Path) -> bytes:
    """All files below a folder as a ZIP."""
    return zipped([path for path in sorted(folder.rglob("*")) if path.is_file()], folder)


def zipped(paths: Sequence[pathlib.Path], above: pathlib.Path | None = None) -> bytes:
    """Files as a ZIP, by their names, or by their paths below a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in paths:
            archive.write(path, path.relative_to(above) if above else path.name)
    return buffer.getvalue()


def result_of(composition: Composition, hits: Rhythm) -> Result:
    """What is kept of a `Composition` on `hits`, which are in the input's time."""
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
        written = composition.save(pathlib.Path(folder) / "out.wav")
        files = {path.suffix: path.read_bytes() for path in written[: len(SUFFIXES)]}
    view = composition.view
    picture = {
        "seconds": composition.seconds,
        "spectrogram": spectrogram(composition.heard),
        "notes": [_note(note) for note in composition.notes],
        "why": [why(explained(note)["why"]) for note in composition.notes],
        "onsets": onsets(view.rhythm.hits),
        "hits": onsets(hits.hits),
        "chords": chords(view.harmony),
        "chords_text": text_of(view.harmony),
        "grid": grid(view.input.grid),
        "beats": rounded(view.input.beats),
        "weights": weights(view.gates),
    }
    return Result(files, composition.report, picture, composition)


def wav_of(audio: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Audio `[S]` as a WAV file."""
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
        path = pathlib.Path(folder) / "clip.wav"
        waveform.write(path, audio, sample_rate)
        return path.read_bytes()


def heard(view: views.ClipView) -> dict:
    """Beats, hits and chords of a clip."""
    return {
        "beats": rounded(view.beats),
        "tempo": round(view.grid.tempo, 1) or None,
        "grid": grid(view.grid),
        "onsets": onsets(view.hits),
        "chords": chords(view.harmony),
    }


def grid(heard: Grid) -> dict:
    """Tempo (quarters per minute), meter, beats and the bars' beginnings among them."""
    first, beats = heard.first_downbeat, heard.meter.beats
    return {
        "tempo": round(heard.tempo, 2) or None,
        "meter": str(heard.meter),
        "downbeat": round(float(heard.downbeat), 3),
        "beats": rounded(heard.beats),
        "bars": [i for i in range(len(heard.beats)) if (i - first) % beats == 0],
    }


def spectrogram(audio: np.ndarray) -> dict:
    """Levels of audio `[S]` at 24 kHz as bytes, low bands first, column after column, in base64.

    0 is `RANGE_DB` below the loudest, 255 the loudest. Columns are the loudest of the frames in them.
    Their peaks come too: 255 is full scale.
    """
    levels = views.spectrogram(audio)
    width = -(-len(levels) // MAX_COLUMNS)
    missing = -len(levels) % width
    columns = np.pad(levels, ((0, missing), (0, 0)), mode="edge").reshape(-1, width, LATENT_SIZE).max(axis=1)
    scaled = np.clip(1.0 + (columns - columns.max()) / RANGE_DB, 0.0, 1.0)
    return {
        "columns": len(columns),
        "bands": LATENT_SIZE,
        "seconds_per_column": width / FRAME_RATE,
        "levels": _base64(255 * scaled),
        "peaks": _base64(255 * np.minimum(_peaks(audio, len(columns), width * HOP_LENGTH), 1.0)),
    }


def _peaks(audio: np.ndarray, columns: int, width: int) -> np.ndarray:
    """The largest magnitude of audio `[S]` in each of so many columns of `width` samples."""
    padded = np.zeros(columns * width, np.float32)
    kept = np.abs(audio[: padded.size])
    padded[: kept.size] = kept
    return padded.reshape(columns, width).max(axis=1)


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(np.round(values).astype(np.uint8).tobytes()).decode("ascii")


def chords(harmony) -> list[dict]:
    """Named spans of a `Harmony`."""
    return [
        {"start": round(span.start, 3), "end": round(span.end, 3), "name": name_of(span.pitches, span.bass)}
        for span in harmony.spans
    ]


def onsets(hits) -> list[list[float]]:
    """Time, voice (0 low, 1 mid, 2 high), velocity and length of each hit."""
    return [[round(h.time, 3), h.voice, round(h.velocity, 2), round(h.length, 3)] for h in hits]


def weights(gates: np.ndarray) -> dict:
    """The six weights `[T, 6]` over time, averaged in steps of equal length."""
    width = -(-len(gates) // MAX_STEPS)
    starts = np.arange(0, len(gates), width)
    counts = np.diff(np.append(starts, len(gates)))[:, None]
    means = np.add.reduceat(np.asarray(gates, np.float64), starts, axis=0) / counts
    return {
        "seconds_per_step": width / FRAME_RATE,
        "components": {name: means[:, i].round(3).tolist() for i, name in enumerate(COMPONENTS)},
    }


def _note(note) -> list[float | None]:
    """Start, end, MIDI pitch, velocity, and the voice if it is known."""
    times = round(float(note.start), 3), round(float(note.end), 3)
    return [*times, int(note.pitch), round(float(note.velocity), 3), note.voice]


def why(reason: dict | None) -> str:
    """Why a note is there, in a few words."""
    if reason is None:
        return "set by hand"
    hit, chord, probability = (reason[name] for name in ("hit", "chord", "probability"))
    parts = [reason["rule"]]
    parts += [f"hit at {hit['time']:.2f} s"] if hit else []
    parts += [f"chord {chord}"] if chord else []
    parts += [f"probability {probability:.2f}"] if probability is not None else []
    return ", ".join(map(str, parts))


def rounded(times) -> list[float]:
    """Times in milliseconds' accuracy."""
    return [round(float(time), 3) for time in times]
