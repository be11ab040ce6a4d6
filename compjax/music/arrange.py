"""The arranger: hits and chords become notes.

Every rule is local: a hit is decided from itself, the chord in force at its time and the
style's contour at its time. That is what makes it learnable by a network, and plain enough
to be the reference that a composed part is compared with.
"""

from __future__ import annotations

import dataclasses
import itertools

from compjax.music.score import LOW, MAX_PITCH, MID, Harmony, Hit, Note, Rhythm, Span
from compjax.music.style import Style, contour

KIT_PITCHES = (36, 60, 84)
"""What low, mid and high play where there is no harmony: a drum kit's three places."""

SHORTEST_NOTE = 0.05  # seconds
ANTICIPATION = 0.05  # seconds before a chord change from which a hit already belongs to the new chord
HELD_OVER = 0.15  # seconds of a note left after a chord change from which it is struck again
SIMULTANEOUS = 0.03  # seconds within which equal pitches are one note
BASS_OCTAVE = 36  # the low voice's octave is 36..47
MID_FLOOR = 36  # the mid voice is not lowered below this
CHORD_FLOOR = 48  # lowest place of a chord in close position


def nearest_rank(value: float) -> int:
    """The nearest integer, halves upwards."""
    return int(value + 0.5)


def low_tones(span: Span, style: Style) -> tuple[int, ...]:
    """The bass: at its own octave, in the bass octave, or there with its octave."""
    if style.bass < 1 / 3:
        return (span.bass,)
    folded = BASS_OCTAVE + span.bass % 12
    return (folded, folded + 12) if style.bass > 2 / 3 else (folded,)


def mid_tones(span: Span, style: Style, height: float) -> tuple[int, ...]:
    """Neighbouring tones of the chord: `density` says how many, `height` in [0, 1] from where."""
    count = 1 + nearest_rank(style.density * (len(span.pitches) - 1))
    first = nearest_rank(height * (len(span.pitches) - count))
    tones = span.pitches[first : first + count]
    if style.register < 1 / 4 and tones[0] - 12 >= MID_FLOOR:
        return tuple(tone - 12 for tone in tones)
    return tones


def high_tones(span: Span, style: Style, height: float) -> tuple[int, ...]:
    """One tone of the chord, the higher the higher `height`; an octave up in a high register."""
    tone = span.pitches[nearest_rank(height * (len(span.pitches) - 1))]
    return (tone + 12,) if style.register > 1 / 2 and tone + 12 <= MAX_PITCH else (tone,)


def tones_of(voice: int, span: Span, style: Style, time: float) -> tuple[int, ...]:
    """The pitches a voice strikes at `time` on a chord; none where no chord is to sound."""
    if not span.pitches:
        return ()
    if voice == LOW:
        return low_tones(span, style)
    height = contour(style, time)
    return mid_tones(span, style, height) if voice == MID else high_tones(span, style, height)


def strike(hit: Hit, harmony: Harmony, style: Style) -> list[Note]:
    """The notes of one hit; struck again with each new chord that enters while it is held."""
    length = max(SHORTEST_NOTE, hit.length * (0.3 + 0.7 * style.articulation))
    start, end = hit.time, hit.time + length
    if not harmony.spans:
        return [Note(start, end, KIT_PITCHES[hit.voice], hit.velocity, hit.voice)]
    notes = []
    index = harmony.index_at(start + ANTICIPATION)
    for span, following in itertools.zip_longest(harmony.spans[index:], harmony.spans[index + 1 :]):
        change = following.start if following and end - following.start > HELD_OVER else end
        tones = tones_of(hit.voice, span, style, start)
        notes += [Note(start, change, tone, hit.velocity, hit.voice) for tone in tones]
        if change == end:
            break
        start = change
    return notes


def without_collisions(notes: list[Note]) -> tuple[Note, ...]:
    """Equal pitches never overlap: simultaneous ones merge, an earlier one ends at the next onset."""
    result: list[Note] = []
    for _, group in itertools.groupby(sorted(notes, key=lambda n: (n.pitch, n.start)), lambda n: n.pitch):
        last = None
        for note in group:
            if last is not None and note.start - last.start < SIMULTANEOUS:
                louder, longer = max(last.velocity, note.velocity), max(last.end, note.end)
                last = dataclasses.replace(last, velocity=louder, end=longer)
                continue
            if last is not None:
                result.append(dataclasses.replace(last, end=min(last.end, note.start)))
            last = note
        result.append(last)
    return tuple(sorted(result, key=lambda note: (note.start, note.pitch)))


def close_floor(style: Style) -> int:
    """The lowest tone of chords in close position, by the style's register."""
    return CHORD_FLOOR + min(int(12 * style.register), 11)


def revoiced(harmony: Harmony, style: Style) -> Harmony:
    """The chords in close position, within the octave that the style's register puts at C3 to B3 or above.

    What an arranger takes from a recording is which chord sounds and what its bass is. In which
    octave the recording has each tone is its own voicing, and hard to hear: an octave is mostly
    overtones of the tone below it.
    """
    lowest = close_floor(style)

    def close(span: Span) -> Span:
        classes = {pitch % 12 for pitch in span.pitches}
        pitches = tuple(sorted(lowest + (of - lowest) % 12 for of in classes))
        return dataclasses.replace(span, pitches=pitches, bass=BASS_OCTAVE + span.bass % 12)

    return Harmony(tuple(close(span) for span in harmony.spans))


def arrange(rhythm: Rhythm, harmony: Harmony, style: Style) -> tuple[Note, ...]:
    """Notes, by start and pitch, that play the rhythm on the harmony in the given style."""
    return without_collisions([note for hit in rhythm.hits for note in strike(hit, harmony, style)])
