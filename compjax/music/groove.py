"""A groove: the hits of one recording, apart from its sound, as a file that can be edited and used again.

The text form is one hit a line, the time in seconds or as bar:beat (the first beat of the first bar is 1:1):

    seconds 8.000
    tempo 120.0
    beats_per_bar 4
    first_beat 0.000
    # time   voice  velocity  length
    0.000    low    0.90      0.25
    1:2.5    high   0.40

Velocity (0 to 1] and length in seconds may be left out. `meter 7/8` takes the place of beats_per_bar where
beats are no quarters; the tempo counts quarters, as in MIDI. A MIDI file (.mid) holds the same hits on the
drum channel: kick, snare and hi-hat for low, mid and high.
"""

from __future__ import annotations

import dataclasses
import math
import os
import pathlib
import re
from typing import TYPE_CHECKING

from compjax.constants import MAX_SECONDS, MIN_SECONDS
from compjax.errors import UserError
from compjax.files import atomic_path, shown
from compjax.music.text_files import columns, is_midi, parse_number, read_lines, refused
from compjax.music.time.meter import FASTEST, MOST_BEATS, SLOWEST, Meter

if TYPE_CHECKING:
    from compjax.music.time.grid import Grid

VOICES = ("low", "mid", "high")
"""Names of the voices, in the order of their numbers."""

KEYS = (36, 38, 42)
"""General MIDI percussion of the voices: kick, snare, closed hi-hat."""

LENGTH, VELOCITY = 0.25, 0.8
"""Of a hit that does not say."""

HEADINGS = ("seconds", "tempo", "beats_per_bar", "meter", "first_beat")
"""Words that a line may begin with in place of a time."""

MARK = "compjax groove:"
"""What the text in a groove's MIDI file begins with."""

_HEADED = re.compile(r"^([a-z_]+)\s*[:=]")  # tempo: 120

_BAR_BEAT = re.compile(r"(\d+):(\d+(?:\.\d+)?)$")


@dataclasses.dataclass(frozen=True)
class Groove:
    """Hits, and the time that they last.

    Attributes:
        hits: `compjax.music.score.Hit`s by time, seconds from the beginning.
        seconds: length of the groove, and of what is composed on it.
        tempo: quarter notes per minute; 0 if there is no steady beat.
        beats_per_bar: beats to the bar.
        first_beat: seconds at which the first bar begins; below 0 where the clip begins within a bar.
        beat_unit: the note that a beat is: 4 a quarter, 8 an eighth.
    """

    hits: tuple
    seconds: float
    tempo: float = 0.0
    beats_per_bar: int = 4
    first_beat: float = 0.0
    beat_unit: int = 4

    def __post_init__(self):
        if not self.hits:
            raise UserError("a groove needs at least one hit")
        if not MIN_SECONDS <= self.seconds <= MAX_SECONDS:
            raise UserError(
                f"a groove lasts {MIN_SECONDS} to {MAX_SECONDS:.0f} seconds, not {self.seconds:.3f}"
            )
        self.meter  # noqa: B018  # says what is wrong with it

    @property
    def meter(self) -> Meter:
        """Beats to the bar, and their note."""
        return Meter(self.beats_per_bar, self.beat_unit)

    @property
    def period(self) -> float:
        """Seconds of a beat; there must be a tempo."""
        return self.meter.beat_seconds(self.tempo)

    def save(self, path: str | os.PathLike) -> pathlib.Path:
        """Write the groove: MIDI if `path` ends in .mid or .midi, otherwise text; UserError if it fails."""
        if is_midi(path):
            _write_midi(pathlib.Path(path), self)
        else:
            with atomic_path(path) as temporary:
                temporary.write_text(self.text(), encoding="utf-8")
        return pathlib.Path(path)

    def text(self) -> str:
        """The groove as text; what stands behind a # is for the reader."""
        lines = ["# compjax groove: time (seconds or bar:beat), voice (low, mid, high), velocity, length (s)"]
        lines.append(f"seconds {self.seconds:.3f}")
        if self.tempo:
            lines.append(f"tempo {self.tempo:.8g}")
            in_quarters = self.beat_unit == 4
            lines.append(f"beats_per_bar {self.beats_per_bar}" if in_quarters else f"meter {self.meter}")
            lines.append(f"first_beat {self.first_beat:.3f}")
        for hit in self.hits:
            when = f"{max(hit.time, 0.0):8.3f}"
            place = f"  # {self.bar_beat(float(when))}" if self.tempo else ""
            lines.append(f"{when}  {VOICES[hit.voice]:4}  {hit.velocity:.2f}  {hit.length:.3f}{place}")
        return "\n".join(lines) + "\n"

    def bar_beat(self, time: float) -> str:
        """A time in seconds as bar:beat, to a hundredth of a beat."""
        hundredths = round((time - self.first_beat) / self.period * 100)
        bar, within = divmod(hundredths, 100 * self.beats_per_bar)
        return f"{bar + 1}:{within / 100 + 1:.2f}"

    def beats(self):
        """The beats of its tempo, seconds `[N]`; UserError if it has none."""
        if not self.tempo:
            raise UserError("the groove has no tempo, and so no beats; write a line such as 'tempo 120'")
        return self.grid.beats

    @property
    def grid(self) -> Grid:
        """Its grid, which is known and not heard; without a tempo there is none."""
        from compjax.music.time.grid import KNOWN, NO_GRID, regular

        if not self.tempo:
            return NO_GRID
        return regular(self.tempo, self.meter, self.first_beat, self.seconds, KNOWN)

    def audio(self):
        """The groove as sound, `[S]` float32 at 24 kHz: a thud, a knock and a tick for the three voices."""
        from compjax.music.sonify import of_hits

        return of_hits(self.hits, self.seconds)


def read_groove(path: str | os.PathLike) -> Groove:
    """A groove from a text or MIDI file.

    Raises:
        UserError: if the file cannot be read, or a line is none of a groove; it names the line.
    """
    return _read_midi(path) if is_midi(path) else _read_text(path)


def _read_text(path: str | os.PathLike) -> Groove:
    from compjax.music.score import Hit

    headings: dict[str, float] = {}
    hits = []
    for number, line in read_lines(path):
        words = columns(_HEADED.sub(r"\1 ", " ".join(line).lower())) or line
        if words[0] in HEADINGS:
            headings |= _heading(path, number, words)
            continue
        if not 2 <= len(words) <= 4 or words[1] not in VOICES:
            reason = f"a hit is a time, {' or '.join(VOICES)}, and perhaps a velocity and a length"
            raise refused(path, number, f"{reason}, not {' '.join(words)!r}")
        velocity = parse_number(path, number, words[2], "a velocity", 0.0, 1.0) if words[2:] else VELOCITY
        length = parse_number(path, number, words[3], "a length", 0.0, MAX_SECONDS) if words[3:] else LENGTH
        if velocity == 0.0 or length == 0.0:
            raise refused(
                path, number, "velocity and length must be above 0; leave out a hit that is not played"
            )
        time = _time(path, number, words[0], headings)
        hits.append(Hit(time, length, VOICES.index(words[1]), velocity))
    if not hits:
        raise UserError(f"{os.fspath(path)} holds no hit; write lines such as '0.50 low 0.9'")
    return _groove(path, hits, headings.get("seconds"), headings)


def _groove(path, hits: list, seconds: float | None, headings: dict[str, float]) -> Groove:
    """The groove of a file; without its length, it lasts to the end of its last bar, or of its last hit."""
    ends = max(hit.time + hit.length for hit in hits)
    tempo = headings.get("tempo", 0.0)
    meter, first = _meter_of(headings), headings.get("first_beat", 0.0)
    if seconds is None and tempo:
        bar, last = meter.beats * meter.beat_seconds(tempo), max(hit.time for hit in hits)
        seconds = first + bar * max(math.floor((last - first) / bar + 1e-6) + 1, 1)
    seconds = max(ends, MIN_SECONDS) if seconds is None else seconds
    late = [hit for hit in hits if hit.time >= seconds]
    if late:
        where = f"a hit at {late[0].time:.3f} s is past the end of the groove's {seconds:.3f} seconds"
        raise UserError(f"{os.fspath(path)}: {where}")
    ordered = tuple(sorted(hits, key=lambda hit: (hit.time, hit.voice)))
    return Groove(ordered, seconds, tempo, meter.beats, first, meter.unit)


def _meter_of(headings: dict[str, float]) -> Meter:
    return Meter(int(headings.get("beats_per_bar", 4)), int(headings.get("beat_unit", 4)))


def _heading(path, number: int, words: list[str]) -> dict[str, float]:
    """What a heading sets, by name; a meter sets two numbers."""
    if len(words) != 2:
        raise refused(path, number, f"{words[0]} needs one number, not {' '.join(words[1:])!r}")
    if words[0] == "meter":
        try:
            meter = Meter.parse(words[1])
        except UserError as error:
            raise refused(path, number, str(error)) from error
        return {"beats_per_bar": meter.beats, "beat_unit": meter.unit}
    low, high = {
        "seconds": (MIN_SECONDS, MAX_SECONDS),
        "tempo": (SLOWEST, FASTEST),
        "beats_per_bar": (1, MOST_BEATS),
        "first_beat": (-MAX_SECONDS, MAX_SECONDS),
    }[words[0]]
    value = parse_number(path, number, words[1], words[0], low, high)
    if words[0] == "beats_per_bar" and value != int(value):
        raise refused(path, number, f"beats_per_bar must be a whole number, not {words[1]}")
    return {words[0]: value}


def _time(path, number: int, word: str, headings: dict[str, float]) -> float:
    """Seconds of a time in seconds or as bar:beat."""
    found = _BAR_BEAT.match(word)
    if not found:
        return parse_number(path, number, word, "a time (seconds, or bar:beat)", 0.0, MAX_SECONDS)
    if "tempo" not in headings:
        raise refused(path, number, f"a time such as {word} needs a line 'tempo ...' above it")
    meter = _meter_of(headings)
    bar, beat, per_bar = int(found[1]), float(found[2]), meter.beats
    if not 1.0 <= beat < per_bar + 1:
        raise refused(path, number, f"there is no beat {word} in bars of {per_bar}; the first is 1:1")
    beats = (bar - 1) * per_bar + beat - 1
    time = headings.get("first_beat", 0.0) + beats * meter.beat_seconds(headings["tempo"])
    if time < 0.0:
        raise refused(path, number, f"{word} lies before the beginning")
    return time


def _read_midi(path: str | os.PathLike) -> Groove:
    from compjax.music.midi import read_midi

    score = read_midi(path)
    if score.text.startswith(MARK):
        return _read_own_midi(path, score)
    hits = [hit for hit in score.rhythm.hits if hit.velocity > 0 and hit.time < score.seconds]
    if not hits:
        raise UserError(f"{shown(path)} holds no note; a groove needs hits")
    bars = {
        "tempo": score.tempo if SLOWEST <= score.tempo <= FASTEST else 0.0,
        "beats_per_bar": score.beats_per_bar,
        "beat_unit": score.beat_unit,
        "first_beat": score.first_beat,
    }
    return _groove(path, hits, max(score.seconds, MIN_SECONDS), bars)


def _read_own_midi(path, score) -> Groove:
    """A groove that was saved as MIDI: its lengths are those of the notes, and it ends with the file."""
    from compjax.music.score import Hit

    hits = [
        Hit(round(n.start, 3), round(n.end - n.start, 3), KEYS.index(n.pitch), round(n.velocity, 2))
        for n in score.drums
        if n.pitch in KEYS
    ]
    if not hits:
        raise UserError(f"{shown(path)} holds no note; a groove needs hits")
    headings = {"beats_per_bar": score.beats_per_bar, "beat_unit": score.beat_unit}
    if score.says_tempo:
        headings |= {"tempo": round(score.tempo, 3), "first_beat": _said(score)}
    return _groove(path, hits, max(round(score.end, 3), MIN_SECONDS), headings)


def _said(score) -> float:
    """Where the first bar begins: what the file says, if its bars still lie so, else what they say."""
    bar = 240.0 * score.beats_per_bar / score.beat_unit / score.tempo
    found = re.search(r"first_beat (-?\d+\.\d+)", score.text)
    said = float(found[1]) if found else score.first_beat
    off = (said - score.first_beat + bar / 2) % bar - bar / 2
    return said if abs(off) <= bar / score.beats_per_bar / 8 + 1e-3 else round(score.first_beat, 3)


def _write_midi(path: pathlib.Path, groove: Groove) -> None:
    """The hits on the drum channel; where the groove has no tempo, none is written."""
    from compjax.music.midi import DRUM_CHANNEL
    from compjax.music.midi_out import write_midi
    from compjax.music.score import Note

    notes = []
    for voice in range(len(VOICES)):
        struck = [hit for hit in groove.hits if hit.voice == voice]
        ends = [max(hit.time, 0.0) for hit in struck[1:]] + [math.inf]
        for hit, following in zip(struck, ends, strict=True):
            start = max(hit.time, 0.0)
            notes.append(Note(start, min(start + hit.length, following), KEYS[voice], hit.velocity))
    said = f"{MARK} first_beat {groove.first_beat:.3f}"
    timing = {"grid": groove.grid, "seconds": groove.seconds}
    write_midi(path, notes, channel=DRUM_CHANNEL, text=said, **timing)
