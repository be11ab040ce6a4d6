"""Pairs played from real MIDI files: rhythms and chords that people wrote, whose truth is known all the same.

The input is a stretch of one file's drum channel, played by a drawn kit; the target is a stretch of another
file's pitched channels, all of them on one drawn instrument. Factors, rendering and recombination are those
of `compjax.data.drawing.swaps`, so that a test set can be made of either.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np
from absl import logging

from compjax.data.drawing import swaps
from compjax.data.rendering import effects, timbres
from compjax.data.rendering.soundfont import PREROLL
from compjax.data.splits import SPLITS
from compjax.errors import UserError
from compjax.music import score
from compjax.music.arrange import arrange, without_collisions
from compjax.music.midi import Score, drum_hits, harmony_of, pitched_hits, read_midi
from compjax.music.score import Harmony, Note, Rhythm, fold_pitch
from compjax.music.style import random_style

ENDINGS = (".mid", ".midi")
STREAM = 1
"""Sets these draws apart from those of `swaps.draw_pair` with the same seed."""

KIND = "drums, pitched"
SWITCHES = (0, 1, 1)
LEAST_EVENTS = 4
"""A stretch is used if this many hits are struck, or notes sound, within the clip."""

ATTEMPTS = 1000
"""Stretches that are tried for one pair before the files are said to be unfit."""


@dataclasses.dataclass(frozen=True)
class MidiPart:
    """The notes of a file's drum channel, or of its pitched ones, by start."""

    name: str
    notes: tuple[Note, ...]
    tempo: float
    beats_per_bar: int


class MidiPairs:
    """What `data/drawing/swaps.py` is for drawn music, for the MIDI files of a folder and its subfolders."""

    CLIP_SECONDS = swaps.CLIP_SECONDS

    def __init__(self, folder: str | os.PathLike):
        """Read the folder's MIDI files; those that cannot be read are named in the log and left out.

        Raises:
            UserError: if there is no such folder, or no file with a drum channel, or none with pitched notes.
        """
        self.folder = pathlib.Path(folder)
        self.drums, self.pitched = _parts(self.folder)

    def draw_pair(self, seed: int, split: str = "test") -> swaps.DrawnPair:
        """The pair of a seed: same files, seed and split give the same pair.

        Raises:
            UserError: if no stretch of the files can be used.
        """
        generator = np.random.default_rng([SPLITS.index(split), seed, STREAM])
        for _ in range(ATTEMPTS):
            first, second = self._draw_parts(generator)
            given, target = drum_clip(first, split, generator), pitched_clip(second, split, generator)
            pair = swaps.DrawnPair(given, target, KIND, SWITCHES, random_style(generator), seed)
            if is_usable(pair):
                return pair
        raise UserError(
            f"{self.folder}: no {self.CLIP_SECONDS:g} s in which drums and pitched notes are played; "
            "give other MIDI files"
        )

    def _draw_parts(self, generator: np.random.Generator) -> tuple[MidiPart, MidiPart]:
        """A drum part, and a pitched one of another file where there is another."""
        drums = self.drums[generator.integers(len(self.drums))]
        others = [part for part in self.pitched if part.name != drums.name] or self.pitched
        return drums, others[generator.integers(len(others))]

    def perform(self, clip: swaps.DrawnClip) -> swaps.Performance:
        """See `swaps.perform`."""
        return swaps.perform(clip)

    def arrangement(self, pair: swaps.DrawnPair, switches: swaps.Recombination, style) -> swaps.Performance:
        """See `swaps.arrangement`."""
        return swaps.arrangement(pair, switches, style)


def midi_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The MIDI files of a folder and its subfolders, by name."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)


def readable(paths: Iterable[pathlib.Path]) -> Iterator[tuple[pathlib.Path, Score]]:
    """Files and what is in them; those that cannot be read are named in the log."""
    for path in paths:
        try:
            written = read_midi(path)
        except UserError as error:
            logging.warning("left out: %s", error)
            continue
        yield path, written


def _parts(folder: pathlib.Path) -> tuple[list[MidiPart], list[MidiPart]]:
    """Drum parts and pitched parts of a folder's files, in the order of their names."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of MIDI files")
    files = midi_files(folder)
    if not files:
        raise UserError(f"{folder}: no MIDI files (*.mid) in this folder; give another --midi")
    drums, pitched = [], []
    for path, written in readable(files):
        for notes, parts in ((written.drums, drums), (written.notes, pitched)):
            if len(notes) >= LEAST_EVENTS:
                parts.append(MidiPart(path.stem, notes, written.tempo, written.beats_per_bar))
    for parts, what in ((drums, "a drum channel (channel 10)"), (pitched, "pitched notes")):
        if not parts:
            raise UserError(f"{folder}: none of its {len(files)} MIDI files has {what}; give another --midi")
    return drums, pitched


def stretch(part: MidiPart, generator: np.random.Generator) -> tuple[Note, ...]:
    """The notes around a clip that begins somewhere in the part, in seconds from the clip's beginning."""
    first, last = part.notes[0].start, part.notes[-1].start
    place = float(generator.uniform(first, max(first, last - swaps.CLIP_SECONDS)))
    moved = (dataclasses.replace(n, start=n.start - place, end=n.end - place) for n in part.notes)
    return tuple(n for n in moved if n.end > -swaps.MARGIN and n.start < swaps.CLIP_SECONDS)


def drum_clip(part: MidiPart, split: str, generator: np.random.Generator) -> swaps.DrawnClip:
    """A stretch of a drum channel on a drawn kit: its voices low, mid and high strike the kit's pieces."""
    rhythm = Rhythm(drum_hits(stretch(part, generator)), part.tempo, part.beats_per_bar)
    rhythm, style = swaps.cut(rhythm, generator), random_style(generator)
    timbre, recording = timbres.draw_kit(split, generator), effects.draw_recording(generator)
    notes = arrange(rhythm, Harmony(), style)
    return swaps.DrawnClip(rhythm, Harmony(), timbre, style, notes, recording, part.name)


def pitched_clip(part: MidiPart, split: str, generator: np.random.Generator) -> swaps.DrawnClip:
    """A stretch of the pitched channels, as written, on one drawn instrument."""
    written = [n for n in stretch(part, generator) if n.end > -PREROLL]
    notes = without_collisions([dataclasses.replace(n, pitch=fold_pitch(n.pitch)) for n in written])
    harmony = score.heard(harmony_of(notes), notes, swaps.CLIP_SECONDS)
    rhythm = Rhythm(pitched_hits(notes), part.tempo, part.beats_per_bar)
    timbre, recording = timbres.draw_instrument(split, generator), effects.draw_recording(generator)
    return swaps.DrawnClip(rhythm, harmony, timbre, random_style(generator), notes, recording, part.name)


def is_usable(pair: swaps.DrawnPair) -> bool:
    """Whether enough is struck in the input, enough sounds in the target, and both can be arranged."""
    struck = [hit for hit in pair.input.rhythm.hits if 0.0 <= hit.time < swaps.CLIP_SECONDS]
    sounding = [n for n in pair.target.notes if n.end > 0.0 and n.start < swaps.CLIP_SECONDS]
    if min(len(struck), len(sounding)) < LEAST_EVENTS:
        return False
    if not (swaps.is_usable(pair.input) and swaps.is_usable(pair.target)):
        return False
    return 0 < len(swaps.arrange_swap(pair, pair.switches, pair.style)) <= swaps.MAX_NOTES
