"""Notes as a player of the heard instrument would play them: in its register, and held as it holds them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from compjax.constants import MIN_PITCH, NUM_VOICES
from compjax.hearing.notes import HeardNote
from compjax.music.arrange import (
    ANTICIPATION,
    BASS_OCTAVE,
    HELD_OVER,
    KIT_PITCHES,
    SHORTEST_NOTE,
    close_floor,
    nearest_rank,
    without_collisions,
)
from compjax.music.roles import BASS, CHORD, OFF, TOP, USUAL
from compjax.music.score import MAX_PITCH, Harmony, Hit, Note, Reason, Rhythm, Span
from compjax.music.style import Style, contour

BASS_TOP = BASS_OCTAVE + 12
"""Below it an arranger in close position writes the bass."""


@dataclasses.dataclass(frozen=True)
class PerformingConfig:
    """How notes are placed and held.

    Attributes:
        longest: seconds that a note is held at most; `ringing` times as long where it dies away by itself.
        gap: seconds of silence before a sustained voice is struck again.
        shortest_share: share of the time to its voice's next hit that a note is held at articulation 0.
        legato_power: power of the articulation with which that share rises to all of the time. Notes run into
            each other, which hides the rhythm, only where it is nearly legato.
        reach: semitones above the heard register that a high voice may go.
        fewest: tones that a chord has at least, octaves of its own among them: voices that all strike the
            one note of a drone make no pattern.
        elsewhere: what a tone counts that is heard outside its chord, beside within it: a clip that is looped
            along another is heard once.
    """

    longest: float = 1.6
    ringing: float = 1.5
    gap: float = 0.035
    shortest_share: float = 0.45
    legato_power: float = 2.0
    reach: int = 3
    fewest: int = 3
    elsewhere: float = 0.1


@dataclasses.dataclass(frozen=True)
class Register:
    """Where an instrument plays, MIDI: its bass, its middle and its highest tones."""

    bass: int = 43
    middle: int = 57
    top: int = 74


@dataclasses.dataclass(frozen=True)
class Performer:
    """Who plays.

    Attributes:
        heard: the notes that were heard of the instrument.
        sustained: whether its notes go on while they are held; otherwise they die away.
        is_kit: whether it has no pitches; then chords are nothing to it.
    """

    heard: tuple[HeardNote, ...] = ()
    sustained: bool = False
    is_kit: bool = False

    def register(self) -> Register:
        """Where it plays, by how long and how loud its notes are."""
        if not self.heard:
            return Register()
        notes = sorted(self.heard, key=lambda note: note.pitch)
        weights = np.cumsum([note.level * min(note.end - note.start, 2.0) for note in notes])
        places = np.searchsorted(weights, np.array([0.06, 0.5, 0.98]) * weights[-1])
        return Register(*(notes[place].pitch for place in places))

    def play(
        self,
        rhythm: Rhythm,
        harmony: Harmony,
        style: Style,
        config: PerformingConfig = PerformingConfig(),
        roles: tuple[str, ...] = USUAL,
    ) -> tuple[Note, ...]:
        """Notes, by start and pitch, that play the rhythm on the harmony; `roles` of low, mid and high."""
        register = self.register()
        spans = () if self.is_kit else harmony.spans
        placed = Harmony(tuple(placed_span(span, self.heard, register, config) for span in spans))
        hits = held(rhythm, style, self.sustained, config)
        struck = [hit for hit in hits if roles[hit.voice] != OFF]
        notes = (
            note for hit in struck for note in strike(hit, roles[hit.voice], placed, style, register, config)
        )
        return without_collisions(list(notes))

    def play_written(
        self,
        notes: Sequence[Note],
        harmony: Harmony,
        style: Style,
        config: PerformingConfig = PerformingConfig(),
    ) -> tuple[Note, ...]:
        """Notes written in close position (`music.arrange.revoiced`), in its register, as it holds them."""
        if self.is_kit:
            return tuple(notes)
        register = self.register()
        placed = Harmony(tuple(placed_span(span, self.heard, register, config) for span in harmony.spans))
        placing = Placing(placed, close_floor(style), register, config)
        made = lasting(notes, style, self.sustained, config)
        return without_collisions([played for note in made for played in placing.of(note)])


@dataclasses.dataclass(frozen=True)
class Placing:
    """Chords in close position as an arranger wrote on them, and where the instrument has their tones."""

    harmony: Harmony
    lowest: int
    register: Register
    config: PerformingConfig

    def of(self, note: Note) -> list[Note]:
        """A note written in close position, as the instrument plays it; none where no chord sounds."""
        if not self.harmony.spans:
            return [note]
        span = self.harmony.spans[self.harmony.index_at(note.start + ANTICIPATION)]
        return [dataclasses.replace(note, pitch=self.pitch(note, span))] if span.pitches else []

    def pitch(self, note: Note, span: Span) -> int:
        """Where the instrument plays it."""
        if note.pitch < BASS_TOP and note.pitch % 12 == span.bass % 12:
            return span.bass
        own = {pitch % 12: pitch for pitch in span.pitches}
        tone = own.get(note.pitch % 12, nearest_octave(note.pitch % 12, self.register.middle))
        moved = tone + 12 * ((note.pitch - self.lowest) // 12)
        top = min(self.register.top + self.config.reach, MAX_PITCH)
        return moved if self.register.bass <= moved <= top else tone


def lasting(notes: Sequence[Note], style: Style, sustained: bool, config: PerformingConfig) -> list[Note]:
    """Written notes, each as long as the instrument holds it: the bass by itself, all else together."""
    share, longest = holding(style, sustained, config)
    made = []
    for is_bass in (True, False):
        own = [note for note in notes if (note.pitch < BASS_TOP) == is_bass]
        starts = sorted({note.start for note in own})
        gaps = [after - start for start, after in itertools.pairwise(starts)]
        free = dict(zip(starts, [*gaps, longest], strict=bool(starts)))
        for note in own:
            length = hold(free[note.start], share, longest, sustained, config)
            made.append(dataclasses.replace(note, end=note.start + length))
    return made


def nearest_octave(pitch_class: int, middle: float) -> int:
    """The pitch of a class that is nearest to `middle`, within the piano roll."""
    pitch = pitch_class + 12 * round((middle - pitch_class) / 12)
    return int(min(max(pitch, MIN_PITCH + pitch_class % 12), MAX_PITCH - (MAX_PITCH - pitch_class) % 12))


def placed_span(
    span: Span,
    heard: Sequence[HeardNote],
    register: Register,
    config: PerformingConfig = PerformingConfig(),
) -> Span:
    """A chord with its tones in the octaves in which they were heard, or near the middle; then turned."""
    if not span.pitches:  # no chord is to sound
        return span
    energy: dict[int, float] = {}
    for note in heard:
        shared = max(min(note.end, span.end) - max(note.start, span.start), 0.0)
        sounding = shared + config.elsewhere * (note.end - note.start)
        energy[note.pitch] = energy.get(note.pitch, 0.0) + sounding * note.level
    tones = set()
    for of in {pitch % 12 for pitch in span.pitches}:
        own = {pitch: value for pitch, value in energy.items() if pitch % 12 == of}
        tones.add(max(own, key=own.get) if own else nearest_octave(of, register.middle))
    tones = turned(tones) if len(tones) >= config.fewest else with_octaves(tones, register, config.fewest)
    bass = nearest_octave(span.bass % 12, min(register.bass, *tones))
    return dataclasses.replace(span, pitches=tuple(sorted(tones)), bass=bass)


def turned(tones: set[int]) -> set[int]:
    """The next inversion: the lowest tone goes up an octave, if the piano roll has it.

    The very voicing of the clip is its own arrangement: struck again, it is a piece of the clip.
    """
    lowest = min(tones)
    return (tones - {lowest}) | {lowest + 12} if lowest + 12 <= MAX_PITCH else tones


def with_octaves(tones: set[int], register: Register, fewest: int) -> set[int]:
    """Tones, and of their octaves those nearest to the register until there are `fewest`."""
    while len(tones) < fewest:
        octaves = {tone + step for tone in tones for step in (-12, 12)} - tones
        inside = [tone for tone in octaves if MIN_PITCH <= tone <= MAX_PITCH]
        tones = tones | {min(inside, key=lambda tone: (abs(tone - register.middle), tone))}
    return tones


def tones_of(
    role: str, span: Span, style: Style, time: float, register: Register, config: PerformingConfig
) -> tuple[int, ...]:
    """The pitches that a role strikes at `time` on a placed chord, chosen as `music.arrange` does."""
    if not span.pitches:
        return ()
    if role == BASS:
        doubled = style.bass > 2 / 3 and span.bass + 12 <= register.middle
        return (span.bass, span.bass + 12) if doubled else (span.bass,)
    height = contour(style, time)
    if role == CHORD:
        count = 1 + nearest_rank(style.density * (len(span.pitches) - 1))
        first = nearest_rank(height * (len(span.pitches) - count))
        return span.pitches[first : first + count]
    tone = span.pitches[-1 if role == TOP else nearest_rank(height * (len(span.pitches) - 1))]
    raised = style.register > 1 / 2 and tone + 12 <= min(register.top + config.reach, MAX_PITCH)
    return (tone + 12,) if raised else (tone,)


def holding(style: Style, sustained: bool, config: PerformingConfig) -> tuple[float, float]:
    """The share of the time to the next attack that a note is held, and the seconds at most."""
    shortest = config.shortest_share
    share = shortest + (1.0 - shortest) * style.articulation**config.legato_power
    return share, config.longest * (1.0 if sustained else config.ringing)


def hold(free: float, share: float, longest: float, sustained: bool, config: PerformingConfig) -> float:
    """Seconds that a note is held where `free` seconds are left until its voice is struck again."""
    length = min(free * share, longest, free - config.gap if sustained else free)
    return max(length, min(SHORTEST_NOTE, free))


def held(rhythm: Rhythm, style: Style, sustained: bool, config: PerformingConfig) -> list[Hit]:
    """The hits, each as long as the instrument holds it: nearly to the next of its voice, or ringing."""
    share, longest = holding(style, sustained, config)
    hits = []
    for voice in range(NUM_VOICES):
        own = [hit for hit in rhythm.hits if hit.voice == voice]
        for hit, after in itertools.zip_longest(own, own[1:]):
            free = after.time - hit.time if after else longest
            hits.append(dataclasses.replace(hit, length=hold(free, share, longest, sustained, config)))
    return sorted(hits, key=lambda hit: (hit.time, hit.voice))


def strike(
    hit: Hit, role: str, harmony: Harmony, style: Style, register: Register, config: PerformingConfig
) -> list[Note]:
    """The notes of one hit; struck again with each new chord that enters while it is held."""
    start, end = hit.time, hit.time + hit.length
    if not harmony.spans:
        return [Note(start, end, KIT_PITCHES[hit.voice], hit.velocity, hit.voice, Reason("stroke", hit))]
    notes = []
    index = harmony.index_at(start + ANTICIPATION)
    for span, following in itertools.zip_longest(harmony.spans[index:], harmony.spans[index + 1 :]):
        change = following.start if following and end - following.start > HELD_OVER else end
        tones, reason = tones_of(role, span, style, start, register, config), Reason(role, hit, span)
        notes += [Note(start, change, tone, hit.velocity, hit.voice, reason) for tone in tones]
        if change == end:
            break
        start = change
    return notes
