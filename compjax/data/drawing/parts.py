"""Rhythms of pitched parts: held, strummed, arpeggiated, bass and stab, moving, single lines.

Each part is a function `(grid, changes, generator) -> hits`, where `changes` are the seconds at
which the chords change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compjax.data.drawing.rhythms import StepGrid, drums_on, humanised, until_next
from compjax.music.score import HIGH, LOW, MID, Hit, Rhythm

Part = Callable[[StepGrid, list[float], np.random.Generator], list[Hit]]

LONGEST_HOLD = 16.0  # seconds
STRUMS = (
    "X- -x -x Xx",
    "X- Xx -x Xx",
    "X- X- X- X-",
    "xx xx xx xx",
    "X- -- X- --",
    "-x -x -x -x",
    "X- -x -x --",
    "X-- x-x X-- x-x",
    "Xxx Xxx Xxx Xxx",
    "X-x- X-xx -xX- X-xx",
    "X--x --x- X--x --x-",
    "xoxo Xoxo xoxo Xoxo",
    "X--X --X- --X- X---",
    "--X- --X- --X- --X-",
    "X--- ---- --x- ----",
)
FORCE = {"-": 0.0, "o": 0.4, "x": 0.65, "X": 0.9}


def voice_hits(times: list[float], voice: int, most: float, force: list[float]) -> list[Hit]:
    """Hits of one voice that last to the next, at most `most` seconds."""
    lengths = until_next(times, most)
    return [Hit(t, d, voice, v) for t, d, v in zip(times, lengths, force, strict=True)]


def steps_of(grid: StepGrid, every: int, first: int = 0) -> list[int]:
    """Every so many steps of the grid."""
    return list(range(first, grid.num_steps, max(every, 1)))


def held(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """Each chord struck once and held; a chord that never changes struck again now and then."""
    times = list(changes)
    if len(times) <= 2 and generator.random() < 0.5:
        bars = int(generator.choice([1, 2, 4]))
        times = sorted({*times, *(grid.bar_time(b) for b in range(0, grid.bars, bars))})
    force = generator.uniform(0.4, 0.95)
    hits = voice_hits(times, MID, LONGEST_HOLD, [force] * len(times))
    for voice, chance in ((LOW, 0.6), (HIGH, 0.3)):
        if generator.random() < chance:
            hits += voice_hits(times, voice, LONGEST_HOLD, [force] * len(times))
    return hits


def strummed(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """A strumming pattern on the whole chord, with or without a bass on its accents."""
    pattern = STRUMS[generator.integers(len(STRUMS))].split()
    hits = []
    for beat in range(grid.bars * grid.beats_per_bar):
        cell = pattern[beat % grid.beats_per_bar % len(pattern)]
        for place, mark in enumerate(cell):
            if FORCE[mark]:
                time = grid.origin + (beat + place / len(cell)) * grid.beat
                hits.append((time, FORCE[mark]))
    times = [t for t, _ in hits]
    ring = generator.choice([0.25, 0.5, 4.0]) * grid.beat
    result = voice_hits(times, MID, ring, [v for _, v in hits])
    if generator.random() < 0.5:
        accents = [t for t, v in hits if v > 0.8]
        result += voice_hits(accents, LOW, 2 * grid.beat, [0.8] * len(accents))
    return result


def arpeggiated(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """One tone after another; often over a bass note on each bar or chord."""
    every = int(generator.choice([1, 1, 2]))
    steps = [s for s in steps_of(grid, every) if generator.random() < 0.97]
    force = [0.85 if s % grid.steps_per_beat == 0 else 0.65 for s in steps]
    ring = generator.choice([1.0, 2.0, 6.0]) * every * grid.beat / grid.steps_per_beat
    times = [grid.time(s) for s in steps]
    hits = [Hit(t, ring, HIGH, v) for t, v in zip(times, force, strict=True)]
    if generator.random() < 0.6:
        lows = changes if generator.random() < 0.5 else [grid.bar_time(b) for b in range(grid.bars)]
        hits += voice_hits(list(lows), LOW, 4.0, [0.8] * len(lows))
    return hits


def bass_and_stab(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """Bass on the beats, short chords between them: stride, waltz, ska, polka."""
    beats = steps_of(grid, grid.steps_per_beat)
    if generator.random() < 0.5:  # bass and chord take turns by the beat
        downs = [s for s in beats if (s // grid.steps_per_beat) % grid.beats_per_bar % 2 == 0]
        if grid.beats_per_bar == 3:
            downs = [s for s in beats if (s // grid.steps_per_beat) % 3 == 0]
        ups = [s for s in beats if s not in set(downs)]
    else:
        downs, ups = beats, steps_of(grid, grid.steps_per_beat, grid.steps_per_beat // 2)
    ring = generator.uniform(0.3, 1.0) * grid.beat
    low = voice_hits([grid.time(s) for s in downs], LOW, grid.beat, [0.85] * len(downs))
    return low + voice_hits([grid.time(s) for s in ups], MID, ring, [0.7] * len(ups))


def moving(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """Every voice at its own pace, with syncopation and rests, repeated every bar or two."""
    length = grid.steps_per_bar * int(generator.choice([1, 2]))
    hits: list[Hit] = []
    for voice, densities in ((LOW, (0.0, 0.1, 0.3)), (MID, (0.1, 0.2, 0.45)), (HIGH, (0.0, 0.3, 0.6))):
        pattern = np.flatnonzero(generator.random(length) < generator.choice(densities))
        steps = [b + int(s) for b in range(0, grid.num_steps, length) for s in pattern]
        force = [float(f) for f in generator.uniform(0.45, 1.0, len(steps))]
        ring = generator.choice([0.3, 1.0, 4.0]) * grid.beat
        hits += voice_hits([grid.time(s) for s in steps], voice, ring, force)
    return hits


def line(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """A single line, low or high: a bass part or a tune on the chord's tones."""
    voice = LOW if generator.random() < 0.4 else HIGH
    density = generator.uniform(0.2, 0.8)
    pattern = np.flatnonzero(generator.random(grid.steps_per_bar) < density)
    steps = [b * grid.steps_per_bar + int(s) for b in range(grid.bars) for s in pattern]
    force = [float(f) for f in generator.uniform(0.5, 1.0, len(steps))]
    return voice_hits([grid.time(s) for s in steps], voice, generator.choice([0.5, 2.0]) * grid.beat, force)


def tremolo(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """The same chord or tone again and again, in tuplets too."""
    per_beat = int(generator.choice([1, 2, 3, 4, 5, 6]))
    count = grid.bars * grid.beats_per_bar * per_beat
    times = [grid.origin + i * grid.beat / per_beat for i in range(count)]
    force = [0.85 if i % per_beat == 0 else 0.6 for i in range(count)]
    hits = voice_hits(times, int(generator.choice([MID, HIGH])), grid.beat, force)
    return [hit for hit in hits if generator.random() < 0.95]


def drum_like(grid: StepGrid, changes: list[float], generator: np.random.Generator) -> list[Hit]:
    """A drum pattern played on pitches."""
    return drums_on(grid, generator)


PARTS: dict[str, tuple[Part, float]] = {
    "held": (held, 0.28),
    "strummed": (strummed, 0.16),
    "arpeggiated": (arpeggiated, 0.18),
    "bass_and_stab": (bass_and_stab, 0.1),
    "moving": (moving, 0.12),
    "line": (line, 0.06),
    "tremolo": (tremolo, 0.04),
    "drum_like": (drum_like, 0.06),
}
"""Each kind of part and how common it is."""


def draw_kind(generator: np.random.Generator) -> str:
    """A kind of part, as common as `PARTS` says."""
    return str(generator.choice(list(PARTS), p=[share for _, share in PARTS.values()]))


def draw_part(kind: str, grid: StepGrid, changes: list[float], generator: np.random.Generator) -> Rhythm:
    """A part of the given kind over the grid, played by human hands."""
    hits = PARTS[kind][0](grid, changes, generator)
    return Rhythm(humanised(hits, generator), grid.tempo, grid.beats_per_bar)
