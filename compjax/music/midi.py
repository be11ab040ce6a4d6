"""MIDI files as a source of rhythm and harmony; `midi_out.py` writes them."""

from __future__ import annotations

import dataclasses
import io
import os
import pathlib
import struct
from collections import Counter
from collections.abc import Iterable

from compjax.errors import UserError
from compjax.files import shown
from compjax.music import midi_chunks, midi_time
from compjax.music.score import HIGH, LOW, MID, Harmony, Hit, Note, Rhythm, Span, fold_pitch

DRUM_CHANNEL = 9  # channel 10 in the musicians' count
DRUM_VOICES = {
    **dict.fromkeys((35, 36, 41, 43, 45, 61, 64, 66, 86, 87), LOW),  # kicks, floor toms, low drums
    # snares, claps, toms, bells, high drums
    **dict.fromkeys((37, 38, 39, 40, 47, 48, 50, 56, 60, 62, 63, 65, 67, 68, 76, 77), MID),
}
"""Voices of the General MIDI percussion keys; all others (hats, cymbals, shakers) are high."""

MAX_BYTES = 4_000_000
"""Largest MIDI file that is read: a symphony takes less."""

TOGETHER = 0.03  # seconds within which onsets are one stroke
SHORTEST_SPAN = 0.08  # seconds; briefer overlaps are legato, not chords
BASS_TOP = 48  # a lowest note under this is the low voice


@dataclasses.dataclass(frozen=True)
class Score:
    """What a MIDI file holds, in seconds from its beginning.

    Attributes:
        notes: of the pitched channels.
        drums: of the drum channel.
        tempo: quarter notes per minute of the first whole bar; 120 where the file says nothing.
        beats_per_bar: of that bar.
        beat_unit: the note that is its beat: 4 a quarter.
        first_beat: where it begins; below 0 where the file begins within a bar that has no beginning.
        seconds: to the end of the last bar in which a note begins, or of the file if that is a bar's later.
        end: of the first track.
        says_tempo: whether the file does.
        text: its first text, empty if there is none.
        parts: the notes of each pitched channel.
    """

    notes: tuple[Note, ...]
    drums: tuple[Note, ...]
    tempo: float
    beats_per_bar: int
    beat_unit: int = 4
    first_beat: float = 0.0
    seconds: float = 0.0
    end: float = 0.0
    says_tempo: bool = True
    text: str = ""
    parts: tuple[tuple[Note, ...], ...] = ()

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
    """Read a MIDI file; times follow every tempo change, tempo and meter are those of the first whole bar.

    Raises:
      UserError: if the file cannot be read as MIDI.
    """
    import mido

    name = shown(path)
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise UserError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        content = midi_chunks.in_order(pathlib.Path(os.fsdecode(path)).read_bytes())
        return _score_of(mido.MidiFile(file=io.BytesIO(content)))
    except UserError as error:
        raise UserError(f"cannot read {name} as MIDI: {error}") from error
    except OSError as error:
        reason = error.strerror or str(error) or "it ends early"
        raise UserError(f"cannot read {name} as MIDI: {reason}") from error
    except (LookupError, struct.error) as error:
        raise UserError(f"cannot read {name} as MIDI: a message in it is too short") from error
    except Exception as error:  # the parser raises whatever a damaged byte leads it to
        reason = " ".join(str(error).split()) or "it ends early"
        raise UserError(f"cannot read {name} as MIDI: {reason}") from error


def _score_of(file) -> Score:
    """Notes, tempo and meter of an open `mido.MidiFile`."""
    in_time = midi_time.messages(file)
    timed = in_time.messages
    notes = _notes_of(timed)
    ordered = sorted(notes, key=lambda entry: (entry[1].start, entry[1].pitch))
    bars = midi_time.bars_of(in_time, [tick for tick, _, message in timed if _is_struck(message)])
    by_channel: dict[int, list[Note]] = {}
    for channel, note in ordered:
        by_channel.setdefault(channel, []).append(note)
    drums = tuple(by_channel.pop(DRUM_CHANNEL, ()))
    return Score(
        notes=tuple(note for channel, note in ordered if channel != DRUM_CHANNEL),
        drums=drums,
        tempo=bars.tempo,
        beats_per_bar=bars.meter.beats,
        beat_unit=bars.meter.unit,
        first_beat=bars.first_beat,
        seconds=bars.seconds,
        end=in_time.seconds_at(sum(message.time for message in file.tracks[0])) if file.tracks else 0.0,
        says_tempo=any(message.type == "set_tempo" for _, _, message in timed),
        text=next((message.text for _, _, message in timed if message.type == "text"), ""),
        parts=tuple(tuple(part) for _, part in sorted(by_channel.items())),
    )


def _is_struck(message) -> bool:
    return message.type == "note_on" and message.velocity > 0


def _notes_of(timed) -> list[tuple[int, Note]]:
    """Channel and note of everything that is struck; what is never ended ends with the file."""
    open_notes: dict[tuple[int, int], list[tuple[float, float]]] = {}
    notes: list[tuple[int, Note]] = []
    now = 0.0
    for _, now, message in timed:  # noqa: B007
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if _is_struck(message):
            open_notes.setdefault(key, []).append((now, message.velocity / 127))
        elif open_notes.get(key):
            start, velocity = open_notes[key].pop(0)
            notes.append((message.channel, Note(start, max(now, start + 0.01), message.note, velocity)))
    for (channel, pitch), hanging in open_notes.items():
        notes += [(channel, Note(start, max(now, start + 0.01), pitch, v)) for start, v in hanging]
    return notes


def harmony_of(notes: Iterable[Note]) -> Harmony:
    """Spans of the pitches that sound together; rests and passing overlaps belong to the span before."""
    notes = tuple(notes)
    begun = sorted(notes, key=lambda note: note.start, reverse=True)
    ended = sorted(notes, key=lambda note: note.end, reverse=True)
    times = sorted({note.start for note in notes} | {note.end for note in notes})
    sounding: Counter[int] = Counter()
    spans: list[Span] = []
    for start, end in zip(times, times[1:], strict=False):
        while begun and begun[-1].start <= start:
            sounding[fold_pitch(begun.pop().pitch)] += 1
        while ended and ended[-1].end <= start:
            sounding[fold_pitch(ended.pop().pitch)] -= 1
        pitches = tuple(sorted(pitch for pitch, count in sounding.items() if count > 0))
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
    """Hits of pitched notes struck together, see `strokes_of`."""
    return tuple(_hit_of(struck, voice) for voice, struck in strokes_of(notes))


def strokes_of(notes: Iterable[Note]) -> list[tuple[int, list[Note]]]:
    """Voice and notes of what is struck together: a bass is low, several others mid, a single one high.

    Args:
        notes: in order of time.
    """
    strokes: list[list[Note]] = []
    for note in notes:
        if strokes and note.start - strokes[-1][0].start < TOGETHER:
            strokes[-1].append(note)
        else:
            strokes.append([note])
    found: list[tuple[int, list[Note]]] = []
    for stroke in strokes:
        lowest = min(stroke, key=lambda note: note.pitch)
        rest = [note for note in stroke if note is not lowest] if lowest.pitch < BASS_TOP else stroke
        if lowest.pitch < BASS_TOP:
            found.append((LOW, [lowest]))
        if rest:
            found.append((MID if len(rest) > 1 else HIGH, rest))
    return found


def _hit_of(notes: list[Note], voice: int) -> Hit:
    """One hit for notes struck together."""
    start = min(note.start for note in notes)
    return Hit(start, max(note.end for note in notes) - start, voice, max(note.velocity for note in notes))
