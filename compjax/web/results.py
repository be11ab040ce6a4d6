"""What is kept of a composition to be shown, heard and downloaded."""

from __future__ import annotations

import base64
import dataclasses
import pathlib
import tempfile

import numpy as np

from compjax.audio import waveform
from compjax.constants import FRAME_RATE, LATENT_SIZE
from compjax.music.chords.chord_files import text_of
from compjax.music.chords.chord_names import name_of
from compjax.music.factors import COMPONENTS
from compjax.pages import views

MAX_COLUMNS = 2400
"""A spectrogram that is sent has at most this many columns: no screen shows more."""

RANGE_DB = 70.0
"""Levels are sent from this far below the loudest."""

MAX_STEPS = 400
"""The weights over time are sent in at most this many steps."""

SUFFIXES = (".wav", ".mid", ".json")
"""Files of a composition, by the ends of their names."""


@dataclasses.dataclass(frozen=True)
class Result:
    """One variation: its files, its report, and the numbers that its pictures are drawn from."""

    files: dict[str, bytes]  # by suffix
    report: dict
    picture: dict

    @property
    def size(self) -> int:
        """Bytes of the files; the rest is small."""
        return sum(map(len, self.files.values()))


def result_of(composition) -> Result:
    """What is kept of a `Composition`."""
    with tempfile.TemporaryDirectory(prefix="compjax-") as folder:
        written = composition.save(pathlib.Path(folder) / "out.wav")
        files = {path.suffix: path.read_bytes() for path in written if path.suffix in SUFFIXES}
    view = composition.view
    picture = {
        "seconds": composition.audio.size / composition.sample_rate,
        "spectrogram": spectrogram(composition.audio),
        "notes": [_note(note) for note in composition.notes],
        "onsets": onsets(view.rhythm.hits),
        "chords": chords(view.harmony),
        "chords_text": text_of(view.harmony),
        "beats": rounded(view.input.beats),
        "weights": weights(view.gates),
    }
    return Result(files, composition.report, picture)


def wav_of(audio: np.ndarray) -> bytes:
    """Audio `[S]` at 24 kHz as a WAV file."""
    with tempfile.TemporaryDirectory(prefix="compjax-") as folder:
        path = pathlib.Path(folder) / "clip.wav"
        waveform.write(path, audio)
        return path.read_bytes()


def heard(view: views.ClipView) -> dict:
    """Beats, hits and chords of a clip."""
    beats = rounded(view.beats)
    gaps = np.diff(view.beats)
    return {
        "beats": beats,
        "tempo": round(60.0 / float(np.median(gaps)), 1) if gaps.size else None,
        "onsets": onsets(view.hits),
        "chords": chords(view.harmony),
    }


def spectrogram(audio: np.ndarray) -> dict:
    """Levels of audio `[S]` at 24 kHz as bytes, low bands first, column after column, in base64.

    0 is `RANGE_DB` below the loudest, 255 the loudest. Columns are the loudest of the frames in them.
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
        "levels": base64.b64encode(np.round(255 * scaled).astype(np.uint8).tobytes()).decode("ascii"),
    }


def chords(harmony) -> list[dict]:
    """Named spans of a `Harmony`."""
    return [
        {"start": round(span.start, 3), "end": round(span.end, 3), "name": name_of(span.pitches, span.bass)}
        for span in harmony.spans
    ]


def onsets(hits) -> list[list[float]]:
    """Time, voice (0 low, 1 mid, 2 high) and velocity of each hit."""
    return [[round(hit.time, 3), hit.voice, round(hit.velocity, 2)] for hit in hits]


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


def _note(note) -> list[float]:
    """Start, end, MIDI pitch and velocity."""
    return [round(note.start, 3), round(note.end, 3), note.pitch, round(note.velocity, 2)]


def rounded(times) -> list[float]:
    """Times in milliseconds' accuracy."""
    return [round(float(time), 3) for time in times]
