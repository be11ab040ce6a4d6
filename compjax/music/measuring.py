"""What an arranger is told of a piece that people wrote: its hits, its chords by the beat, a measured style.

Any piece is hits x chords -> its own notes. Its hits are its onsets by register, its chords what sounds
within a beat, and its style is how many tones are struck together, how high, how long, and how they move.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from compjax.music.arrange import BASS_OCTAVE, CHORD_FLOOR
from compjax.music.midi import strokes_of
from compjax.music.score import LOW, MID, Harmony, Hit, Note, Span, fold_pitch
from compjax.music.style import Style, random_style, triangles

SHARE = 0.2
"""Of a beat that a tone must sound to belong to its chord."""

LONGEST_HIT = 2.0
"""Seconds that a hit lasts at most where none follows in its voice."""

LEAST_RANGE = 12
"""Semitones of a part whose highest and lowest tops are the contour's whole height, at least."""

CURVES = np.asarray(
    list(itertools.product(np.linspace(0, 1, 9), np.arange(8) / 8, (0.1, 0.3, 0.5, 0.7, 0.9)))
)
"""Rate, phase and shape of the contours among which a part's own is looked for, `[360, 3]`."""


def in_range(note: Note) -> Note:
    """The note within the piano roll, what lies below the bass's octave an octave higher."""
    pitch = note.pitch + 12 if note.pitch < BASS_OCTAVE else note.pitch
    return dataclasses.replace(note, pitch=fold_pitch(pitch))


def chords_per_beat(notes: Sequence[Note], beat: float, first: float = 0.0) -> Harmony:
    """What sounds within each beat, seconds each, the first of which begins at `first`."""
    spans: list[Span] = []
    for start in np.arange(first, max((note.end for note in notes), default=first), beat):
        shared: dict[int, float] = collections.defaultdict(float)
        for note in notes:
            shared[fold_pitch(note.pitch)] += max(min(note.end, start + beat) - max(note.start, start), 0.0)
        pitches = tuple(sorted(pitch for pitch, time in shared.items() if time >= SHARE * beat))
        if pitches:
            spans.append(Span(float(start), float(start + beat), pitches, pitches[0]))
    return Harmony(tuple(spans))


def hits_and_shares(notes: Sequence[Note]) -> tuple[tuple[Hit, ...], list[float]]:
    """Hits of pitched notes, each until the next of its voice, and the share of it that its notes sound.

    Args:
        notes: in order of time.
    """
    strokes = strokes_of(notes)
    following: dict[int, float] = {}
    hits, shares = [], []
    for voice, struck in reversed(strokes):
        start, loudest = struck[0].start, max(note.velocity for note in struck)
        length = max(min(following.get(voice, np.inf) - start, LONGEST_HIT), 0.01)
        following[voice] = start
        hits.append(Hit(start, length, voice, loudest))
        shares.append(min(max(note.end for note in struck) - start, length) / length)
    return tuple(reversed(hits)), shares[::-1]


def measured_style(notes: Sequence[Note], harmony: Harmony, generator: np.random.Generator) -> Style:
    """Density, register, articulation and contour of notes in order of time; all else is drawn."""
    drawn = random_style(generator)
    strokes = strokes_of(notes)
    chords = [len(struck) for voice, struck in strokes if voice == MID]
    upper = [(struck[0].start, max(n.pitch for n in struck)) for voice, struck in strokes if voice != LOW]
    pitches = [note.pitch for voice, struck in strokes if voice != LOW for note in struck]
    tones = np.mean([len({pitch % 12 for pitch in span.pitches}) for span in harmony.spans] or [1.0])
    density = (np.mean(chords) - 1.0) / max(tones - 1.0, 1.0) if chords else drawn.density
    lowest = np.quantile(pitches, 0.25) if pitches else CHORD_FLOOR
    held = np.mean(hits_and_shares(notes)[1] or [1.0])
    style = dataclasses.replace(
        drawn,
        density=float(np.clip(density, 0, 1)),
        register=float(np.clip((lowest - CHORD_FLOOR) / 12, 0, 1)),
        articulation=float(np.clip((held - 0.3) / 0.7, 0, 1)),
        bass=drawn.bass * 2 / 3,  # not doubled
    )
    return with_contour(style, *np.asarray(upper).T) if upper else style


def with_contour(style: Style, times: np.ndarray, tops: np.ndarray) -> Style:
    """The style with the contour that pitches `tops` at `times` (seconds) follow best, as deep as they do."""
    middle, span = (tops.max() + tops.min()) / 2, max(np.ptp(tops), LEAST_RANGE)
    heights, curves = (tops - middle) / span, triangles(CURVES, times) - 0.5
    depths = np.clip(curves @ heights / np.maximum((curves**2).sum(axis=1), 1e-9), 0, 1)
    best = int(((heights - depths[:, None] * curves) ** 2).sum(axis=1).argmin())
    rate, phase, shape = (float(value) for value in CURVES[best])
    return dataclasses.replace(
        style, contour_depth=float(depths[best]), contour_rate=rate, contour_phase=phase, contour_shape=shape
    )
