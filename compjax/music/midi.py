"""MIDI files as a source of rhythm and harmony, and notes as MIDI files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable

from compjax.errors import UserError
from compjax.files import atomic_path
from compjax.music.score import HIGH, LOW, MID, Harmony, Hit, Note, Rhythm, Span, fold_pitch

DRUM_CHANNEL = 9  # channel 10 in the musicians' count
DRUM_VOICES = {
    **dict.fromkeys((35, 36, 41, 43, 45, 61, 64, 66, 86, 87), LOW),  # kicks, floor toms, low drums
    # snares, claps, toms, bells, high drums
    **dict.fromkeys((37, 38, 39, 40, 47, 48, 50, 56, 60, 62, 63, 65, 67, 68, 76, 77), MID),
}
"""Voices of the General MIDI percussion keys; all others (hats, cymbals, shakers) are high."""

TICKS_PER_BEAT = 480
TOGETHER = 0.03  # seconds within which onsets are one stroke
SHORTEST_SPAN = 0.08  # seconds; briefer overlaps are legato, not chords
BASS_TOP = 48  # a lowest note under this is the low voice


@dataclasses.dataclass(frozen=True)
class Score:
    """What a MIDI file holds, in seconds from its beginning."""

    notes: tuple[Note, ...]
    drums: tuple[Note, ...]
    tempo: float
    beats_per_bar: int

    @property
    def harmony(self) -> Harmony:
        """Spans of the pitched channels' sounding pitches."""
        return harmony_of(self.notes)

    @property
    def rhythm(self) -> Rhythm:
        """The drum channel's rhythm, or the pitched channels' where there are no drums."""
        hits = drum_hits(self.drums) if self.drums else pitched_hits(self.notes)
        return Rhythm(hits, self.tempo, self.beats_per_bar)


def read_midi(path: str | os.PathLike) -> Score:
    """Read a MIDI file; its first tempo and meter stand for all of it, times follow every tempo change.

    Raises:
      UserError: if the file cannot be read as MIDI.
    """
    import mido

    try:
        file = mido.MidiFile(os.fspath(path))
        return _score_of(file)
    except (OSError, EOFError, ValueError, TypeError, IndexError, KeyError) as error:
        raise UserError(f"cannot read {os.fspath(path)} as MIDI: {error or 'it ends early'}") from error


def _score_of(file) -> Score:
    """Notes, tempo and meter of an open `mido.MidiFile`."""
    import mido

    now, tempo, beats = 0.0, None, None
    open_notes: dict[tuple[int, int], list[tuple[float, float]]] = {}
    notes: list[tuple[int, Note]] = []
    for message in file:
        now += message.time
        if message.type == "set_tempo" and tempo is None:
            tempo = mido.tempo2bpm(message.tempo)
        elif message.type == "time_signature" and beats is None:
            beats = message.numerator
        elif message.type in ("note_on", "note_off"):
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                open_notes.setdefault(key, []).append((now, message.velocity / 127))
            elif open_notes.get(key):
                start, velocity = open_notes[key].pop(0)
                notes.append((message.channel, Note(start, max(now, start + 0.01), message.note, velocity)))
    for (channel, pitch), hanging in open_notes.items():
        notes += [(channel, Note(start, max(now, start + 0.01), pitch, v)) for start, v in hanging]
    ordered = sorted(notes, key=lambda entry: (entry[1].start, entry[1].pitch))
    return Score(
        notes=tuple(note for channel, note in ordered if channel != DRUM_CHANNEL),
        drums=tuple(note for channel, note in ordered if channel == DRUM_CHANNEL),
        tempo=tempo or 120.0,
        beats_per_bar=beats or 4,
    )


def harmony_of(notes: Iterable[Note]) -> Harmony:
    """Spans of the pitches that sound together; rests and passing overlaps belong to the span before."""
    notes = tuple(notes)
    times = sorted({note.start for note in notes} | {note.end for note in notes})
    spans: list[Span] = []
    for start, end in zip(times, times[1:], strict=False):
        pitches = tuple(sorted({fold_pitch(n.pitch) for n in notes if n.start <= start and n.end >= end}))
        brief = end - start < SHORTEST_SPAN
        if spans and (not pitches or brief or spans[-1].pitches == pitches):
            spans[-1] = dataclasses.replace(spans[-1], end=end)
        elif pitches:
            spans.append(Span(start, end, pitches, pitches[0]))
    return Harmony(tuple(spans))


def drum_hits(notes: Iterable[Note]) -> tuple[Hit, ...]:
    """Hits of a drum channel; each lasts to the next of its voice, at most half a second."""
    by_voice: dict[int, list[Note]] = {LOW: [], MID: [], HIGH: []}
    for note in notes:
        by_voice[DRUM_VOICES.get(note.pitch, HIGH)].append(note)
    hits = []
    for voice, struck in by_voice.items():
        following = [note.start for note in struck[1:]] + [float("inf")]
        for note, after in zip(struck, following, strict=False):
            hits.append(Hit(note.start, max(0.01, min(0.5, after - note.start)), voice, note.velocity))
    return tuple(sorted(hits, key=lambda hit: (hit.time, hit.voice)))


def pitched_hits(notes: Iterable[Note]) -> tuple[Hit, ...]:
    """Hits of pitched notes struck together: a bass is low, several others mid, a single one high."""
    strokes: list[list[Note]] = []
    for note in notes:
        if strokes and note.start - strokes[-1][0].start < TOGETHER:
            strokes[-1].append(note)
        else:
            strokes.append([note])
    hits = []
    for stroke in strokes:
        lowest = min(stroke, key=lambda note: note.pitch)
        rest = [note for note in stroke if note is not lowest] if lowest.pitch < BASS_TOP else stroke
        if lowest.pitch < BASS_TOP:
            hits.append(_hit_of([lowest], LOW))
        if rest:
            hits.append(_hit_of(rest, MID if len(rest) > 1 else HIGH))
    return tuple(hits)


def _hit_of(notes: list[Note], voice: int) -> Hit:
    """One hit for notes struck together."""
    start = min(note.start for note in notes)
    return Hit(start, max(note.end for note in notes) - start, voice, max(note.velocity for note in notes))


def write_midi(
    path: str | os.PathLike, notes: Iterable[Note], tempo: float = 120.0, program: int = 0
) -> None:
    """Write notes as a MIDI file of one track, times in seconds kept at `tempo` beats per minute.

    Notes that begin before time 0 begin at 0. `program` is the General MIDI program, from 0.

    Raises:
      UserError: if the file cannot be written.
    """
    import mido

    ticks = TICKS_PER_BEAT * tempo / 60.0
    events = []
    for note in notes:
        start, end = max(round(note.start * ticks), 0), round(note.end * ticks)
        if end <= 0:
            continue
        velocity = min(max(round(127 * note.velocity), 1), 127)
        events.append((start, 1, note.pitch, velocity))
        events.append((max(end, start + 1), 0, note.pitch, 0))
    track, now = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    track.append(mido.Message("program_change", program=program))
    for tick, is_start, pitch, velocity in sorted(events):
        kind = "note_on" if is_start else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT)
    file.tracks.append(track)
    with atomic_path(path) as temporary:
        file.save(os.fspath(temporary))
