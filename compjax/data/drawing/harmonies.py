"""Seeded harmonies with variety: keys, modes, chords of many kinds, voicings, sets of no theory.

A harmony is made in three steps: pitch classes and a root per chord, when the chords change,
and a voicing of each with its bass.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from compjax.music.score import Harmony, Span

LOWEST, HIGHEST = 40, 84  # MIDI range of the voiced tones
MODES = (
    ((0, 2, 4, 5, 7, 9, 11), 0.30),  # major
    ((0, 2, 3, 5, 7, 8, 10), 0.26),  # natural minor
    ((0, 2, 3, 5, 7, 9, 10), 0.12),  # Dorian
    ((0, 2, 4, 5, 7, 9, 10), 0.10),  # Mixolydian
    ((0, 2, 3, 5, 7, 8, 11), 0.08),  # harmonic minor
    ((0, 2, 4, 6, 7, 9, 11), 0.05),  # Lydian
    ((0, 1, 3, 5, 7, 8, 10), 0.05),  # Phrygian
    ((0, 3, 5, 6, 7, 10), 0.02),  # blues
    ((0, 2, 4, 6, 8, 10), 0.02),  # whole tone
)
PROGRESSIONS = (  # degrees, 0 the tonic
    (0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (0, 3, 0, 4), (1, 4, 0, 0), (5, 3, 0, 4), (0, 6, 5, 4),
    (0, 5, 1, 4), (0, 2, 3, 4), (3, 4, 2, 5), (0, 6), (0, 3), (0, 4), (0, 1), (0, 0, 3, 0, 4, 0),
    (2, 5, 1, 4), (0, 4, 5, 2, 3, 0, 3, 4),
)  # fmt: skip
COLOURS = (  # chord tones as steps of the scale above the root
    ((0, 2, 4), 0.40),  # triad
    ((0, 2, 4, 6), 0.17),  # seventh
    ((0, 2, 4, 6, 8), 0.06),  # ninth
    ((0, 2, 4, 8), 0.04),  # added ninth
    ((0, 2, 4, 5), 0.03),  # sixth
    ((0, 1, 4), 0.04),  # suspended second
    ((0, 3, 4), 0.04),  # suspended fourth
    ((0, 4), 0.07),  # fifth: a power chord
    ((0, 2), 0.05),  # third
    ((0,), 0.05),  # one tone
    ((0, 3, 6), 0.02),  # quartal
    ((0, 1, 2), 0.03),  # cluster
)
CHROMATIC = (  # semitones above any root
    (0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6), (0, 3, 6, 9), (0, 4, 8),
    (0, 5, 7), (0, 4, 7, 10, 14), (0, 3, 7, 10, 14),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Chord:
    """Pitch classes (the root first) before they are voiced."""

    classes: tuple[int, ...]


def pick(table: tuple, generator: np.random.Generator):
    """One entry's value of a table of (value, share)."""
    return table[generator.choice(len(table), p=[share for _, share in table])][0]


def diatonic_chords(count: int, generator: np.random.Generator) -> list[Chord]:
    """Chords of one key: a known progression or a random walk, coloured mostly alike."""
    key, scale, colour = int(generator.integers(12)), pick(MODES, generator), pick(COLOURS, generator)
    if generator.random() < 0.6:
        progression = PROGRESSIONS[generator.integers(len(PROGRESSIONS))]
        degrees = list(itertools.islice(itertools.cycle(progression), count))
    else:
        degrees = [int(d) for d in generator.integers(0, len(scale), count)]
    mixed = generator.random() < 0.4
    chords = []
    for degree in degrees:
        steps = pick(COLOURS, generator) if mixed and generator.random() < 0.5 else colour
        places = [(degree + step) % len(scale) for step in steps]
        chords.append(Chord(tuple((key + scale[place]) % 12 for place in places)))
    return chords


def chromatic_chords(count: int, generator: np.random.Generator) -> list[Chord]:
    """Chords of no common key: any quality on any root."""
    shapes = [CHROMATIC[i] for i in generator.integers(len(CHROMATIC), size=count)]
    roots = generator.integers(12, size=count)
    return [Chord(tuple((int(r) + s) % 12 for s in shape)) for r, shape in zip(roots, shapes, strict=True)]


@dataclasses.dataclass(frozen=True)
class Voicing:
    """How a player lays out chords: where, how wide, how many tones, which bass."""

    center: float
    is_open: bool
    doublings: int
    inversion: float  # chance that the bass is not the root
    has_deep_bass: bool  # the bass is laid below the chord, 28..47


def draw_voicing(generator: np.random.Generator) -> Voicing:
    """A random way of laying out chords."""
    return Voicing(
        center=generator.uniform(50, 74),
        is_open=generator.random() < 0.35,
        doublings=int(generator.choice([0, 1, 2, 3], p=[0.35, 0.35, 0.2, 0.1])),
        inversion=float(generator.choice([0.0, 0.3, 0.7])),
        has_deep_bass=generator.random() < 0.5,
    )


def near(pitch_class: int, center: float) -> int:
    """The pitch of a class that is nearest to a centre, within the voiced range."""
    pitch = pitch_class + 12 * round((center - pitch_class) / 12)
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch


def voice_chord(
    chord: Chord, voicing: Voicing, generator: np.random.Generator
) -> tuple[tuple[int, ...], int]:
    """The sounding pitches (up to 6) and the bass of one chord."""
    tones = sorted({near(c, voicing.center) for c in chord.classes})
    if voicing.is_open and len(tones) >= 3:  # every second tone moves an octave away (drop 2)
        dropped = {t - 12 for t in tones[-2::-2] if t - 12 >= LOWEST}
        tones = sorted({t for t in tones if t - 12 not in dropped} | dropped)
    for _ in range(voicing.doublings):
        if len(tones) < 6:
            added = tones[generator.integers(len(tones))] + int(generator.choice([-12, 12]))
            tones = sorted({*tones, added} if LOWEST <= added <= HIGHEST else set(tones))
    inverted = generator.random() < voicing.inversion
    bass_class = chord.classes[generator.integers(len(chord.classes))] if inverted else chord.classes[0]
    if not voicing.has_deep_bass:
        return tuple(tones[:6]), tones[0] if inverted else near(bass_class, LOWEST + 6)
    return tuple(tones[:6]), 28 + (bass_class - 28) % 12 + 12 * int(generator.random() < 0.4)


def random_set(generator: np.random.Generator) -> tuple[tuple[int, ...], int]:
    """One to six pitches that follow no theory."""
    count = int(generator.integers(1, 7))
    low = int(generator.integers(LOWEST, HIGHEST - 14))
    high = min(HIGHEST, low + int(generator.choice([12, 24, 44])))
    tones = sorted(int(p) for p in generator.choice(np.arange(low, high + 1), size=count, replace=False))
    return tuple(tones), tones[0]


def draw_changes(beat: float, beats_per_bar: int, generator: np.random.Generator) -> int:
    """Beats from one chord to the next; 0 where the first chord stays for good."""
    choices = [0, 1, 2, beats_per_bar, 2 * beats_per_bar]
    beats = int(generator.choice(choices, p=[0.22, 0.1, 0.23, 0.3, 0.15]))
    while beats and beats * beat < 0.4:  # nobody hears chords that change faster
        beats *= 2
    return beats


def draw_harmony(
    start: float, end: float, origin: float, beat: float, beats_per_bar: int, generator: np.random.Generator
) -> Harmony:
    """Chords over [start, end], changing on beats counted from `origin` (seconds, bar 0)."""
    beats = draw_changes(beat, beats_per_bar, generator)
    if beats == 0:
        times = [start]
    else:
        first = int(np.floor((start - origin) / (beats * beat)))
        count = int(np.ceil((end - start) / (beats * beat))) + 1
        times = [origin + (first + i) * beats * beat for i in range(count)]
    kind = generator.choice(["diatonic", "chromatic", "set"], p=[0.78, 0.12, 0.10])
    voicing = draw_voicing(generator)
    if kind == "set":
        voiced = [random_set(generator) for _ in times]
    else:
        chords = (diatonic_chords if kind == "diatonic" else chromatic_chords)(len(times), generator)
        voiced = [voice_chord(chord, voicing, generator) for chord in chords]
    ends = [*times[1:], max(end, times[-1] + beat)]
    return Harmony(
        tuple(Span(float(a), float(b), p, bass) for a, b, (p, bass) in zip(times, ends, voiced, strict=True))
    )
