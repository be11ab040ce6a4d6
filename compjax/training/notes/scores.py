"""Stretches of real pieces as examples: their hits and chords, and the notes that people wrote to them.

    python -m compjax.data.sources.debian_midi --output=midi
    compjax-train --config=experiments/transformer.py --workdir=DIR --config.data.scores=midi/train

What is asked for is the whole of a piece or one of its channels. The input has its hits, the target the
chords of the whole piece; half of the stretches are given as a user gives hits and chords, the others heard
with mistakes, the hits as a drum kit's or as an instrument's. Every stretch is transposed.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from absl import logging

from compjax.data.drawing.midi_pairs import LEAST_EVENTS, midi_files, readable
from compjax.data.drawing.swaps import CLIP_SECONDS
from compjax.errors import UserError
from compjax.music.measuring import chords_per_beat, hits_and_shares, in_range, measured_style
from compjax.music.score import Harmony, Note, Rhythm
from compjax.music.style import Style
from compjax.training.notes.imagined import HeardClip, MistakesConfig, as_given, imagine

BEFORE = 1.0  # seconds before a stretch from which notes are looked at
WHOLE = 0.5  # share of stretches that ask for the whole piece and not for one channel
GIVEN = 0.5  # share of stretches that are given and not heard
AS_KIT = 0.5  # share of what is heard whose hits are a kit's
KEYS = (-6, 5)  # semitones of transposing
ATTEMPTS = 1000
MAKE_IT = "python -m compjax.data.sources.debian_midi writes some"


@dataclasses.dataclass(frozen=True)
class WrittenPiece:
    """A piece's pitched channels and its beat in seconds."""

    parts: tuple[tuple[Note, ...], ...]
    notes: tuple[Note, ...]
    beat: float


@dataclasses.dataclass(frozen=True)
class ScoreExcerpt:
    """`CLIP_SECONDS` of hits, chords and notes (an `AudibleClip`), in seconds from where they begin."""

    rhythm: Rhythm
    harmony: Harmony
    notes: tuple[Note, ...]
    is_kit: bool = False


@dataclasses.dataclass(frozen=True)
class WrittenByPeople:
    """Input and target as they are heard, the style that was measured, and the notes that answer."""

    clips: tuple[HeardClip, HeardClip]
    style: Style
    notes: tuple[Note, ...]


def read_pieces(folder: str) -> list[WrittenPiece]:
    """The pieces of a folder and its subfolders, by name; files that cannot be used are named in the log.

    Raises:
        UserError: if there is none.
    """
    paths = midi_files(pathlib.Path(folder))
    if not paths:
        raise UserError(f"config.data.scores={folder}: there are no MIDI files (*.mid) there; {MAKE_IT}")
    logging.info("reading %d pieces of %s", len(paths), folder)
    pieces = []
    for _, score in readable(paths):
        parts = tuple(part for part in score.parts if len(part) >= LEAST_EVENTS)
        if parts:
            pieces.append(WrittenPiece(parts, score.notes, 60.0 / score.tempo))
    if not pieces:
        raise UserError(
            f"config.data.scores={folder}: no piece there has notes in a pitched channel; {MAKE_IT}"
        )
    return pieces


def around(notes: tuple[Note, ...], start: float, key: int) -> tuple[Note, ...]:
    """What sounds from shortly before `start` to the end of a stretch, moved there and transposed."""
    found = [note for note in notes if note.end > start - BEFORE and note.start < start + CLIP_SECONDS]
    moved = (
        dataclasses.replace(n, start=n.start - start, end=n.end - start, pitch=n.pitch + key) for n in found
    )
    return tuple(in_range(note) for note in moved)


def stretch_of(
    piece: WrittenPiece, part: tuple[Note, ...], start: float, key: int
) -> tuple[ScoreExcerpt, ScoreExcerpt]:
    """The part's hits and notes, and the whole piece's, both with the whole piece's chords."""
    own, whole = around(part, start, key), around(piece.notes, start, key)
    harmony = chords_per_beat(whole, piece.beat, -(start % piece.beat))
    return tuple(ScoreExcerpt(Rhythm(hits_and_shares(notes)[0]), harmony, notes) for notes in (own, whole))


def is_usable(stretch: ScoreExcerpt) -> bool:
    """Whether enough is struck within it, on chords."""
    struck = [hit for hit in stretch.rhythm.hits if 0.0 <= hit.time < CLIP_SECONDS]
    return len(struck) >= LEAST_EVENTS and bool(stretch.harmony.spans)


class Scores:
    """The pieces of a folder, of which stretches are drawn.

    Raises:
        UserError: if there are none.
    """

    def __init__(self, folder: str) -> None:
        self._folder, self._pieces = folder, read_pieces(folder)

    def draw(self, generator: np.random.Generator, mistakes: MistakesConfig) -> WrittenByPeople:
        """A stretch of any piece."""
        part, whole = self._stretches(generator)
        style = measured_style(part.notes, part.harmony, generator)
        if generator.random() < GIVEN:
            given = as_given(part)
            return WrittenByPeople((given, given), style, part.notes)
        if generator.random() < AS_KIT:
            part = dataclasses.replace(part, harmony=Harmony(), is_kit=True)
        clips = tuple(imagine(clip, generator, mistakes) for clip in (part, whole))
        return WrittenByPeople(clips, style, part.notes)

    def _stretches(self, generator: np.random.Generator) -> tuple[ScoreExcerpt, ScoreExcerpt]:
        """Where something is played."""
        for _ in range(ATTEMPTS):
            piece = self._pieces[generator.integers(len(self._pieces))]
            is_whole = generator.random() < WHOLE
            part = piece.notes if is_whole else piece.parts[generator.integers(len(piece.parts))]
            begun = part[generator.integers(len(part))].start - generator.uniform(0.0, CLIP_SECONDS / 2)
            found = stretch_of(piece, part, max(begun, 0.0), int(generator.integers(KEYS[0], KEYS[1] + 1)))
            if is_usable(found[0]):
                return found
        raise UserError(
            f"config.data.scores={self._folder}: no stretch of {CLIP_SECONDS:g} s with {LEAST_EVENTS} hits in"
            f" {ATTEMPTS} tries; give longer pieces"
        )
