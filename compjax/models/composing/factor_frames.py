"""A clip's factors frame by frame: what was heard for sure, and how likely everything else is.

The transformer composes from these numbers, in training and in use.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import FRAME_RATE, NUM_VOICES
from compjax.music.score import Harmony, Rhythm

CLASSES = 12
USUAL_LENGTH = 0.25
"""Seconds of a note or hit whose length is written as 0; each unit is a factor of e squared."""

RHYTHM = slice(0, 4 * NUM_VOICES + 1)
"""By voice: probability of a hit, velocity, whether a hit was read, its length. Last: is the clip pitched."""

HARMONY = slice(RHYTHM.stop, RHYTHM.stop + 4 * CLASSES)
"""Probabilities of pitch classes and of the bass; the classes and the bass of the chords that were read."""

TIMBRE = slice(HARMONY.stop, HARMONY.stop + 1)
"""Whether the clip is pitched: all of an instrument that decides which notes it can play."""

NUM_COLUMNS = TIMBRE.stop
BY_FACTOR = (RHYTHM, HARMONY, TIMBRE)


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """What hearing says of a clip before it decides; all in [0, 1].

    Attributes:
        voices: `[T, 3]` probability of a hit.
        velocities: `[T, 3]`.
        classes: `[T, 12]` probability that a pitch class sounds, C first.
        bass: `[T, 12]` probability that it is the lowest.
        is_pitched: whether the clip has pitches at all.
    """

    voices: np.ndarray
    velocities: np.ndarray
    classes: np.ndarray
    bass: np.ndarray
    is_pitched: bool


def log_length(seconds: np.ndarray | float) -> np.ndarray | float:
    """A length as the transformer reads and writes it: 0 is `USUAL_LENGTH`."""
    return np.log(np.maximum(seconds, 0.02) / USUAL_LENGTH) / 2.0


def seconds_of(log: np.ndarray) -> np.ndarray:
    """The inverse of `log_length`."""
    return USUAL_LENGTH * np.exp(2.0 * log)


def frame_of(seconds: float) -> int:
    """The frame in which a time lies."""
    return int(np.floor(seconds * FRAME_RATE))


def read_hits(rhythm: Rhythm, frames: int) -> np.ndarray:
    """Hits by voice and their lengths, `[T, 6]`."""
    table = np.zeros((frames, 2 * NUM_VOICES), np.float32)
    for hit in rhythm.hits:
        frame = frame_of(hit.time)
        if 0 <= frame < frames:
            table[frame, hit.voice] = 1.0
            table[frame, NUM_VOICES + hit.voice] = log_length(hit.length)
    return table


def given_hits(rhythm: Rhythm, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of hits that are given and so are certain, and their velocities, `[T, 3]` each."""
    voices = read_hits(rhythm, frames)[:, :NUM_VOICES]
    velocities = np.zeros_like(voices)
    for hit in rhythm.hits:
        if 0 <= frame_of(hit.time) < frames:
            velocities[frame_of(hit.time), hit.voice] = hit.velocity
    return voices, velocities


def given_chords(harmony: Harmony, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the classes and the bass of chords that are given, `[T, 12]` each."""
    chords = read_chords(harmony, frames)
    return chords[:, :CLASSES], chords[:, CLASSES:]


def read_chords(harmony: Harmony, frames: int) -> np.ndarray:
    """Pitch classes of the chord in force and its bass, `[T, 24]`."""
    table = np.zeros((frames, 2 * CLASSES), np.float32)
    for span in harmony.spans:
        first, last = (max(round(time * FRAME_RATE), 0) for time in (span.start, span.end))
        table[first:last, [pitch % CLASSES for pitch in span.pitches]] = 1.0
        table[first:last, CLASSES + span.bass % CLASSES] = 1.0
    return table


def factor_frames(rhythm: Rhythm, harmony: Harmony, likelihood: Likelihood) -> np.ndarray:
    """All of a clip, `[T, 62]` float32, in the columns `RHYTHM`, `HARMONY`, `TIMBRE`."""
    frames = len(likelihood.voices)
    pitched = np.full((frames, 1), likelihood.is_pitched, np.float32)
    parts = [
        likelihood.voices,
        likelihood.velocities * likelihood.voices,
        read_hits(rhythm, frames),
        pitched,
        likelihood.classes,
        likelihood.bass,
        read_chords(harmony, frames),
        pitched,
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def slots_of(rhythm: Rhythm, frames: int, apart: int = 3) -> np.ndarray:
    """Frames at which something is decided: those of the hits, one of those closer than `apart` frames."""
    return _apart({frame_of(hit.time) for hit in rhythm.hits}, frames, apart)


def slots_in(table: np.ndarray, apart: int = 3) -> np.ndarray:
    """`slots_of` the hits that a table of `factor_frames` `[T, 62]` has."""
    read = table[:, RHYTHM][:, 2 * NUM_VOICES : 3 * NUM_VOICES]
    return _apart({int(frame) for frame in np.flatnonzero(read.any(axis=1))}, len(table), apart)


def _apart(struck: set[int], frames: int, apart: int) -> np.ndarray:
    slots: list[int] = []
    for frame in sorted(struck):
        if 0 <= frame < frames and (not slots or frame - slots[-1] >= apart):
            slots.append(frame)
    return np.asarray(slots, np.int32)
