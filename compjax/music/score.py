"""What is played, apart from who plays it: notes, and the factors rhythm and harmony.

Times are seconds from the beginning of the clip; a factor may begin before it (negative
times), so that a clip can start in the middle of a held chord.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable

import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES

LOW, MID, HIGH = 0, 1, 2
"""Voices of a rhythm: what a kick, a snare and a hi-hat do; or bass, chord and top."""

MAX_PITCH = MIN_PITCH + NUM_PITCHES - 1
"""Highest pitch of the piano roll, 87."""


@dataclasses.dataclass(frozen=True)
class Hit:
    """An event of a rhythm: when, for how long (seconds), in which voice, how hard (0, 1]."""

    time: float
    length: float
    voice: int
    velocity: float


@dataclasses.dataclass(frozen=True)
class Span:
    """A stretch of time over which the same MIDI pitches sound; `bass` is the lowest note to play.

    Without pitches no chord is to sound, and nothing is played.
    """

    start: float
    end: float
    pitches: tuple[int, ...]
    bass: int


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why a note is played.

    Attributes:
        rule: what its voice plays, one of `music.roles.ROLES`, or which network wrote it.
        hit: the hit that it answers, in the time in which that was heard.
        chord: the chord that it is a tone of; None where there is none, or the writer decides without one.
        probability: what a network gave it; None where a rule decides.
    """

    rule: str
    hit: Hit | None = None
    chord: Span | None = None
    probability: float | None = None


@dataclasses.dataclass(frozen=True)
class Note:
    """A sounding note: seconds, seconds, MIDI pitch, velocity in (0, 1]; its voice and reason, if known."""

    start: float
    end: float
    pitch: int
    velocity: float
    voice: int | None = dataclasses.field(default=None, compare=False)
    reason: Reason | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Rhythm:
    """Hits in order of time, with the tempo (beats per minute) and meter they were written in."""

    hits: tuple[Hit, ...]
    tempo: float = 120.0
    beats_per_bar: int = 4


@dataclasses.dataclass(frozen=True)
class Harmony:
    """Spans in order of time; none for a drum kit."""

    spans: tuple[Span, ...] = ()

    def index_at(self, time: float) -> int:
        """Index of the chord in force at `time`: the last one begun, or the first one before that."""
        return max(bisect.bisect_right(self.spans, time, key=lambda span: span.start) - 1, 0)


def fold_pitch(pitch: int) -> int:
    """The pitch moved by octaves into the piano roll's range, 24..87."""
    if pitch < MIN_PITCH:
        return MIN_PITCH + (pitch - MIN_PITCH) % 12
    if pitch > MAX_PITCH:
        return MAX_PITCH - 11 + (pitch - (MAX_PITCH - 11)) % 12
    return pitch


def shifted(rhythm: Rhythm, harmony: Harmony, seconds: float) -> tuple[Rhythm, Harmony]:
    """Both factors moved later by `seconds`."""
    hits = tuple(dataclasses.replace(hit, time=hit.time + seconds) for hit in rhythm.hits)
    spans = tuple(
        dataclasses.replace(span, start=span.start + seconds, end=span.end + seconds)
        for span in harmony.spans
    )
    return dataclasses.replace(rhythm, hits=hits), Harmony(spans)


def moved(notes: Iterable[Note], seconds: float) -> tuple[Note, ...]:
    """Notes moved later by `seconds`, those that then end before 0 left out, the others cut at 0."""
    later = (dataclasses.replace(n, start=max(n.start + seconds, 0.0), end=n.end + seconds) for n in notes)
    return tuple(note for note in later if note.end > 0)


def lowered(harmony: Harmony) -> Harmony:
    """The harmony an octave lower, but for what would leave the range."""

    def lower(pitch: int) -> int:
        return pitch - 12 if pitch - 12 >= MIN_PITCH else pitch

    return Harmony(
        tuple(
            dataclasses.replace(
                span, pitches=tuple(sorted({*map(lower, span.pitches)})), bass=lower(span.bass)
            )
            for span in harmony.spans
        )
    )


def between(rhythm: Rhythm, start: float, end: float) -> Rhythm:
    """The hits that sound in [start, end), the held ones cut at `end`."""
    kept = [hit for hit in rhythm.hits if hit.time < end and hit.time + hit.length > start]
    cut = (dataclasses.replace(hit, length=min(hit.length, end - hit.time)) for hit in kept)
    return dataclasses.replace(rhythm, hits=tuple(cut))


def heard(harmony: Harmony, notes: tuple[Note, ...], seconds: float, least: float = 0.05) -> Harmony:
    """The harmony as the notes let it be heard within the clip.

    Each span keeps exactly the pitches that sound in it for `least` seconds within [0, seconds];
    its bass is the lowest of them. Spans in which nothing sounds are dropped, and neighbours
    with the same pitches become one, since nobody could hear where they meet.
    """
    spans: list[Span] = []
    for span in harmony.spans:
        start, end = max(span.start, 0.0), min(span.end, seconds)
        sounding = [n for n in notes if min(n.end, end) - max(n.start, start) >= min(least, n.end - n.start)]
        pitches = tuple(sorted({fold_pitch(note.pitch) for note in sounding}))
        if not pitches or end <= start:
            continue
        if spans and spans[-1].pitches == pitches:
            spans[-1] = dataclasses.replace(spans[-1], end=span.end)
        else:
            spans.append(Span(span.start, span.end, pitches, pitches[0]))
    return Harmony(tuple(spans))


def salience(
    harmony: Harmony, notes: tuple[Note, ...], num_frames: int, release: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """The span's pitches in each frame in which the clip sounds: bool `[T, 64]`, and its bass int8 `[T]`.

    A frame sounds from a note's start to `release` seconds after its end. The bass is -1 elsewhere.
    """
    times = (np.arange(num_frames) + 0.5) / FRAME_RATE
    sounding = np.zeros(num_frames, bool)
    for note in notes:
        sounding |= (times >= note.start) & (times < note.end + release)
    roll, bass = np.zeros((num_frames, NUM_PITCHES), bool), np.full(num_frames, -1, np.int8)
    if not harmony.spans:
        return roll, bass
    ahead = [np.searchsorted(times, span.start) for span in harmony.spans[1:]]
    for span, first, last in zip(harmony.spans, [0, *ahead], [*ahead, num_frames], strict=True):
        frames = first + np.flatnonzero(sounding[first:last])
        roll[frames[:, None], [fold_pitch(pitch) - MIN_PITCH for pitch in span.pitches]] = True
        bass[frames] = fold_pitch(span.bass)
    return roll, bass
