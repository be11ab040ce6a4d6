"""Seeded rhythms with variety: drum patterns of many genres and meters, and what pitched parts play.

Everything is laid out on a `StepGrid` (tempo, meter, swing) and then played by human hands:
timing off by some milliseconds, accents uneven.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.data.drawing.drum_patterns import GROOVES, DrumPattern
from compjax.music.score import HIGH, LOW, MID, Hit, Rhythm

DRUM_RING = 0.5  # seconds; a drum hit lasts to the next of its voice, at most this and at most a beat
MAX_LATE = 0.010  # seconds of human timing, early or late
METERS = ((4, 0.7), (3, 0.12), (2, 0.08), (5, 0.05), (7, 0.05))  # beats per bar, and how common

StepPattern = list[tuple[int, float]]
"""(step, velocity) pairs."""


@dataclasses.dataclass(frozen=True)
class StepGrid:
    """Time in steps: `origin` is the second at which bar 0 begins; `swing` delays odd steps by that share."""

    tempo: float
    beats_per_bar: int
    steps_per_beat: int
    swing: float
    origin: float
    bars: int

    @property
    def beat(self) -> float:
        """Seconds of a beat."""
        return 60.0 / self.tempo

    @property
    def steps_per_bar(self) -> int:
        return self.beats_per_bar * self.steps_per_beat

    @property
    def num_steps(self) -> int:
        return self.steps_per_bar * self.bars

    def time(self, step: float) -> float:
        """Seconds at which a step begins, swing included."""
        late = self.swing if step % 2 == 1 else 0.0
        return self.origin + (step + late) * self.beat / self.steps_per_beat

    def bar_time(self, bar: float) -> float:
        """Seconds at which a bar begins."""
        return self.origin + bar * self.beats_per_bar * self.beat


def grid_over(
    start: float,
    end: float,
    tempo: float,
    beats: int,
    steps: int,
    swing: float,
    generator: np.random.Generator,
) -> StepGrid:
    """A grid that covers [start, end] and begins at a random place of its first bar or of the one before."""
    bar = beats * 60.0 / tempo
    origin = start - bar * generator.uniform(0.0, 1.0)
    return StepGrid(tempo, beats, steps, swing, origin, int(np.ceil((end - origin) / bar)) + 1)


def draw_swing(steps: int, wanted: bool, generator: np.random.Generator) -> float:
    """Share of a step by which odd steps are late: none mostly, up to a triplet feel; none on triplets."""
    if steps % 2 == 1 or generator.random() > (0.9 if wanted else 0.2):
        return 0.0
    return generator.uniform(0.08, 0.36)


def draw_grid(start: float, end: float, generator: np.random.Generator) -> StepGrid:
    """A random tempo and meter over [start, end]."""
    beats = int(generator.choice([m for m, _ in METERS], p=[p for _, p in METERS]))
    steps = int(generator.choice([2, 4, 3], p=[0.3, 0.5, 0.2]))
    tempo = float(np.exp(generator.uniform(np.log(60), np.log(180))))
    return grid_over(start, end, tempo, beats, steps, draw_swing(steps, False, generator), generator)


# ---- drums -----------------------------------------------------------------------------------


def vary_bar(steps: StepPattern, length: int, amount: float, generator: np.random.Generator) -> StepPattern:
    """A bar with some steps left out, some added softly and some moved by one."""
    bar = {}
    for step, velocity in steps:
        if generator.random() < amount:
            if generator.random() < 0.5:
                continue
            step = (step + int(generator.choice([-1, 1]))) % length
        bar[step] = velocity
    for step in np.flatnonzero(generator.random(length) < 0.25 * amount):
        bar.setdefault(int(step), generator.uniform(0.25, 0.6))
    return sorted(bar.items())


def fill(length: int, beat: int, generator: np.random.Generator) -> dict[int, StepPattern]:
    """A drum fill over the last one or two beats of a bar: runs between snare, toms and kick."""
    start = length - beat * int(generator.integers(1, 3))
    voices: dict[int, StepPattern] = {LOW: [], MID: [], HIGH: []}
    rising = generator.random() < 0.7
    for step in range(max(start, 0), length):
        if generator.random() < 0.2:
            continue
        place = (step - start) / max(length - start, 1)
        loud = 0.45 + 0.5 * place if rising else generator.uniform(0.4, 0.95)
        voices[LOW if generator.random() < 0.2 else MID].append((step, loud))
    return voices


def groove_bars(groove: DrumPattern, bars: int, generator: np.random.Generator) -> dict[int, StepPattern]:
    """A groove repeated with variation: one or two varied bars, small changes, a fill now and then."""
    length = groove.beats_per_bar * groove.steps_per_beat
    written = {v: [(s, x) for s, x in enumerate(groove.velocities(v)) if x] for v in (LOW, MID, HIGH)}
    busy = generator.choice([0.0, 0.1, 0.3], p=[0.35, 0.4, 0.25])
    phrase = [{v: vary_bar(written[v], length, busy, generator) for v in written} for _ in range(2)]
    fills = generator.random() < 0.4
    result: dict[int, StepPattern] = {LOW: [], MID: [], HIGH: []}
    for bar in range(bars):
        now = {v: vary_bar(s, length, 0.3 * busy, generator) for v, s in phrase[bar % 2].items()}
        if fills and generator.random() < 0.35:
            extra = fill(length, groove.steps_per_beat, generator)
            first = min((s for v in extra.values() for s, _ in v), default=length)
            now = {v: [x for x in now[v] if x[0] < first] + extra[v] for v in now}
        for voice, steps in now.items():
            result[voice] += [(bar * length + step, velocity) for step, velocity in steps]
    return result


def random_bars(grid: StepGrid, generator: np.random.Generator) -> dict[int, StepPattern]:
    """Drums that follow no genre: each voice its own density, heavier on strong steps, looped by the bar."""
    length = grid.steps_per_bar
    strong = np.full(length, 0.5)
    strong[:: grid.steps_per_beat] = 0.8
    strong[0] = 1.0
    result: dict[int, StepPattern] = {}
    for voice in (LOW, MID, HIGH):
        density = generator.choice([0.0, 0.12, 0.3, 0.6, 1.0], p=[0.15, 0.25, 0.3, 0.2, 0.1])
        syncopated = generator.random() < 0.4
        chance = density * (1.3 - strong if syncopated else strong)
        struck = np.flatnonzero(generator.random(length) < chance)
        bar = [(int(s), generator.uniform(0.35, 1.0)) for s in struck]
        result[voice] = [(b * length + s, v) for b in range(grid.bars) for s, v in bar]
    return result


def euclidean_bars(grid: StepGrid, generator: np.random.Generator) -> dict[int, StepPattern]:
    """Drums whose voices spread k hits as evenly as possible over a cycle (Toussaint, 2005)."""
    result: dict[int, StepPattern] = {}
    for voice in (LOW, MID, HIGH):
        cycle = int(generator.choice([grid.steps_per_bar, 8, 12, 16]))
        hits = int(generator.integers(1, max(2, cycle // (2 if voice == HIGH else 3) + 1)))
        turn = int(generator.integers(cycle))
        places = [s for s in range(grid.num_steps) if ((s + turn) * hits) % cycle < hits]
        result[voice] = [(s, 0.9 if s % grid.steps_per_beat == 0 else 0.6) for s in places]
    return result


def without_voices(voices: dict[int, StepPattern], generator: np.random.Generator) -> dict[int, StepPattern]:
    """Sometimes only one or two of the voices play."""
    if generator.random() < 0.75:
        return voices
    played = [v for v in voices if voices[v]]
    kept = [v for v in played if generator.random() < 0.5] or played[:1]
    return {v: voices[v] if v in kept else [] for v in voices}


def until_next(times: list[float], most: float) -> list[float]:
    """How long each event lasts: to the next one, at most `most` seconds."""
    return [min(most, b - a) for a, b in zip(times, [*times[1:], np.inf], strict=False)]


def humanised(hits: list[Hit], generator: np.random.Generator) -> tuple[Hit, ...]:
    """Hits moved by up to 10 ms and struck unevenly, one looseness for the whole player."""
    loose, uneven = generator.uniform(0.0, MAX_LATE), generator.uniform(0.02, 0.15)
    late = np.clip(generator.normal(0.0, 0.5, len(hits)), -1, 1) * loose
    force = np.clip([h.velocity for h in hits] + generator.normal(0.0, uneven, len(hits)), 0.12, 1.0)
    played = [
        dataclasses.replace(hit, time=hit.time + float(t), velocity=float(v))
        for hit, t, v in zip(hits, late, force, strict=True)
    ]
    return tuple(sorted(played, key=lambda hit: (hit.time, hit.voice)))


def drum_hits(voices: dict[int, StepPattern], grid: StepGrid) -> list[Hit]:
    """Hits of steps: each lasts to the next of its voice, at most half a second and a beat."""
    hits = []
    for voice, steps in voices.items():
        times = [grid.time(step) for step, _ in steps]
        lengths = until_next(times, min(DRUM_RING, grid.beat))
        hits += [Hit(t, d, voice, v) for t, d, (_, v) in zip(times, lengths, steps, strict=True)]
    return hits


def draw_drums(start: float, end: float, generator: np.random.Generator) -> tuple[Rhythm, StepGrid]:
    """A drum pattern over [start, end]: a groove in its tempo (3 of 4), or one of no genre."""
    kind = generator.choice(["groove", "random", "euclidean"], p=[0.72, 0.18, 0.1])
    if kind == "groove":
        groove = GROOVES[generator.integers(len(GROOVES))]
        tempo, steps = generator.uniform(*groove.tempos), groove.steps_per_beat
        swing = draw_swing(steps, groove.swing, generator)
        grid = grid_over(start, end, tempo, groove.beats_per_bar, steps, swing, generator)
        voices = groove_bars(groove, grid.bars, generator)
    else:
        grid = draw_grid(start, end, generator)
        voices = (random_bars if kind == "random" else euclidean_bars)(grid, generator)
    hits = humanised(drum_hits(without_voices(voices, generator), grid), generator)
    return Rhythm(hits, grid.tempo, grid.beats_per_bar), grid


def drums_on(grid: StepGrid, generator: np.random.Generator) -> list[Hit]:
    """A drum-like pattern on a given grid, for pitched instruments that play like drums."""
    meter = (grid.beats_per_bar, grid.steps_per_beat)
    fitting = [g for g in GROOVES if (g.beats_per_bar, g.steps_per_beat) == meter]
    if not fitting:
        return drum_hits(random_bars(grid, generator), grid)
    return drum_hits(groove_bars(fitting[generator.integers(len(fitting))], grid.bars, generator), grid)
