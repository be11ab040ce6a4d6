"""Notes as MIDI files: bars where the music's are, a track for each voice, chords as markers.

Times stay those of the sound: a bar that the clip begins within is a short first bar at a tempo that makes
it end where the music's bar begins, as in a sequencer's map of a recording.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable

import numpy as np

from compjax.files import atomic_path
from compjax.music.score import HIGH, LOW, MID, Harmony, Note
from compjax.music.time.grid import NO_GRID, Grid
from compjax.music.time.meter import Meter

TICKS_PER_QUARTER = 9600
"""At 20 quarters per minute a tick is 0.3 ms: what is written to the millisecond comes back as it was."""

DEFAULT_TEMPO = 120.0
"""Quarter notes per minute where there is no tempo, as MIDI has it."""

EVEN = 0.03
"""Seconds that beats may lie beside an even tempo's; with more the tempo is written bar by bar."""

TRACKS = {LOW: "low voice", MID: "middle voice", HIGH: "high voice", None: "notes"}
"""Names of the tracks."""

LARGEST_TEMPO = 0xFFFFFF
"""Microseconds of the longest quarter note that MIDI can write."""


@dataclasses.dataclass(frozen=True)
class Section:
    """From `second`, which is tick `tick`: microseconds of a quarter note, and the meter if it is new."""

    second: float
    tick: int
    quarter: int
    meter: Meter | None = None


def sections(grid: Grid) -> list[Section]:
    """The tempo map of a grid; its tempo's default where it has none."""
    if not grid.tempo:
        return [Section(0.0, 0, _microseconds(60.0 / DEFAULT_TEMPO))]
    starts, ticks = _bar_starts(grid), round(grid.meter.quarters * TICKS_PER_QUARTER)
    made, tick = [], 0
    if starts[0] > grid.period / 8:
        short = _short_bar(starts[0], grid)
        tick = round(short.quarters * TICKS_PER_QUARTER)
        made.append(Section(0.0, 0, _microseconds(starts[0] / short.quarters), short))
        second = tick / TICKS_PER_QUARTER * made[0].quarter / 1e6
    else:
        starts[0] = second = 0.0
    for place, (start, end) in enumerate(zip(starts, starts[1:], strict=False)):
        quarter = _microseconds((end - start) / grid.meter.quarters)
        if place == 0 or quarter != made[-1].quarter:
            made.append(Section(second, tick, quarter, grid.meter if place == 0 else None))
        second, tick = second + grid.meter.quarters * quarter / 1e6, tick + ticks
    return made


def _bar_starts(grid: Grid) -> list[float]:
    """Seconds of bars' beginnings: three of them where the tempo is even, else all, and one beyond."""
    first = grid.first_downbeat
    steps = grid.downbeat + grid.period * (np.arange(grid.beats.size) - first)
    if not grid.beats.size or np.abs(grid.beats - steps).max() <= EVEN:
        return [grid.downbeat + grid.bar * bar for bar in range(3)]
    bars = [float(beat) for beat in grid.beats[max(first, 0) :: grid.meter.beats]] or [grid.downbeat]
    return [*bars, bars[-1] + grid.bar]


def _short_bar(seconds: float, grid: Grid) -> Meter:
    """The meter of what comes before the first bar: whole beats if it is that, else sixteenths."""
    beats = round(seconds / grid.period)
    if beats and abs(seconds - beats * grid.period) < 0.1 * grid.period:
        return Meter(beats, grid.meter.unit)
    sixteenths = max(round(seconds / grid.period * 16 / grid.meter.unit), 1)
    return Meter(min(sixteenths, 32), 16)


def _microseconds(seconds: float) -> int:
    return min(max(round(seconds * 1e6), 1), LARGEST_TEMPO)


def tick_of(second: float, made: list[Section]) -> int:
    """The tick of a time in seconds; times before 0 are 0."""
    section = next((s for s in reversed(made) if s.second <= second), made[0])
    return max(section.tick + round((second - section.second) * 1e6 / section.quarter * TICKS_PER_QUARTER), 0)


def write_midi(
    path: str | os.PathLike,
    notes: Iterable[Note],
    tempo: float | None = None,
    program: int = 0,
    *,
    grid: Grid = NO_GRID,
    seconds: float = 0.0,
    chords: Harmony = Harmony(),
    channel: int = 0,
    text: str | None = None,
) -> None:
    """Write notes as a MIDI file, times in seconds kept.

    Args:
        path: the file.
        notes: those that begin before time 0 begin at 0; a track for each of their voices.
        tempo: quarter notes per minute where there is no grid; without either, none is written.
        program: General MIDI program, from 0.
        grid: tempo, meter and bars.
        seconds: where the file ends, if its notes do not end later.
        chords: written as markers.
        channel: from 0; 9 is that of drums.
        text: a line about the file.

    Raises:
        UserError: if the file cannot be written.
    """
    import mido

    made = sections(grid)
    if tempo and not grid.tempo:
        made = [Section(0.0, 0, _microseconds(60.0 / tempo))]
    notes = tuple(notes)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    file.tracks.append(_conductor(made, bool(tempo or grid.tempo), chords, seconds, text))
    voices = sorted({note.voice for note in notes}, key=lambda voice: (voice is None, voice)) or [None]
    for voice in voices:
        events = _events((note for note in notes if note.voice == voice), made)
        file.tracks.append(_track(events, TRACKS[voice], channel, program, tick_of(seconds, made)))
    with atomic_path(path) as temporary:
        file.save(os.fspath(temporary))


def _conductor(made: list[Section], timed: bool, chords: Harmony, seconds: float, text: str | None):
    """The track of tempi, meters and markers."""
    from mido import MetaMessage, MidiTrack

    from compjax.music.chords.chord_names import name_of

    events = [(0, MetaMessage("text", text=text))] if text else []
    for section in made if timed else ():
        if section.meter is not None:
            meter = {"numerator": section.meter.beats, "denominator": section.meter.unit}
            events.append((section.tick, MetaMessage("time_signature", **meter)))
        events.append((section.tick, MetaMessage("set_tempo", tempo=section.quarter)))
    for span in chords.spans:
        name = name_of(span.pitches, span.bass).encode("ascii", "replace").decode()
        events.append((tick_of(span.start, made), MetaMessage("marker", text=name)))
    return _timed(MidiTrack(), sorted(events, key=lambda event: event[0]), tick_of(seconds, made))


def _events(notes: Iterable[Note], made: list[Section]) -> list[tuple[int, int, int, int]]:
    """(tick, 1 at a note's start and 0 at its end, pitch, velocity) in their order."""
    events = []
    for note in notes:
        start, end = tick_of(note.start, made), tick_of(note.end, made)
        if end <= 0:
            continue
        velocity = min(max(round(127 * note.velocity), 1), 127)
        events.append((start, 1, note.pitch, velocity))
        events.append((max(end, start + 1), 0, note.pitch, 0))
    return sorted(events)


def _track(events, name: str, channel: int, program: int, end: int):
    """A voice's track."""
    from mido import Message, MetaMessage, MidiTrack

    track = MidiTrack([MetaMessage("track_name", name=name)])
    if channel != 9:
        track.append(Message("program_change", program=program, channel=channel))
    kinds = {1: "note_on", 0: "note_off"}
    messages = [
        (tick, Message(kinds[begins], note=pitch, velocity=velocity, channel=channel))
        for tick, begins, pitch, velocity in events
    ]
    return _timed(track, messages, end)


def _timed(track, events, end: int):
    """Messages with their ticks appended to a track, which ends at `end` or with the last."""
    from mido import MetaMessage

    now = 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(MetaMessage("end_of_track", time=max(end - now, 0)))
    return track
