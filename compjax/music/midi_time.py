"""The time of MIDI files: ticks as seconds, and where the bars are."""

from __future__ import annotations

import contextlib
import dataclasses

from compjax.errors import UserError
from compjax.music.time.meter import COMMON, Meter

DEFAULT_QUARTER = 500_000
"""Microseconds of a quarter note until a file says otherwise."""

FRAME_RATES = {29: 30_000 / 1001}
"""Frames per second of an SMPTE division that are not its number."""

TICKS_PER_QUARTER = 960
"""Of files whose own ticks are no parts of a quarter note."""


@dataclasses.dataclass(frozen=True)
class Timed:
    """The messages of a file, all tracks together, as (tick, second, message), and its ticks per quarter."""

    messages: tuple[tuple[int, float, object], ...]
    per_quarter: int

    def seconds_at(self, tick: int) -> float:
        """The second of a tick."""
        last, now, quarter = 0, 0.0, DEFAULT_QUARTER
        for at, second, message in self.messages:
            if at > tick:
                break
            if message.type == "set_tempo":
                last, now, quarter = at, second, message.tempo
        return now + (tick - last) * quarter / 1e6 / self.per_quarter

    def quarter_at(self, tick: int) -> int:
        """Microseconds of a quarter note from a tick on."""
        tempi = [
            message.tempo for at, _, message in self.messages if message.type == "set_tempo" and at <= tick
        ]
        return tempi[-1] if tempi else DEFAULT_QUARTER

    def meters(self) -> list[tuple[int, Meter]]:
        """The meters by the tick from which each is in force, the first from tick 0; 0/4 is none."""
        found = {0: COMMON}
        for tick, _, message in self.messages:
            if message.type == "time_signature":
                with contextlib.suppress(UserError):
                    found[tick] = Meter(message.numerator, message.denominator)
        return sorted(found.items(), key=lambda item: item[0])


@dataclasses.dataclass(frozen=True)
class Bars:
    """Of the first whole bar: tempo in quarter notes per minute, meter, beginning; where the music ends."""

    tempo: float
    meter: Meter
    first_beat: float
    seconds: float


def bars_of(timed: Timed, struck: list[int]) -> Bars:
    """The bars of a file whose notes begin at the ticks `struck`.

    A first bar that is shorter than those that follow is what the music begins within.
    """
    meters = timed.meters()
    (_, short), (begin, meter) = meters[0], meters[min(1, len(meters) - 1)]
    if not 0 < begin <= min(short.quarters, meter.quarters - 1e-6) * timed.per_quarter:
        begin, meter = meters[0]
    quarter, following = (timed.quarter_at(at) for at in (begin, begin + _bar_ticks(meter, timed)))
    if abs(quarter - following) * meter.quarters <= following * 4 / meter.unit / 8:
        quarter = following  # a first bar stretched to where the second begins
    first = timed.seconds_at(begin) - (meter.quarters * quarter / 1e6 if begin else 0.0)
    return Bars(60e6 / quarter, meter, first, timed.seconds_at(_end(timed, meters, max(struck, default=0))))


def _bar_ticks(meter: Meter, timed: Timed) -> float:
    return meter.quarters * timed.per_quarter


def _end(timed: Timed, meters: list[tuple[int, Meter]], last: int) -> int:
    """The tick at which the last note's bar ends, or the file if it ends with a later bar."""
    begin, meter = [entry for entry in meters if entry[0] <= last][-1]
    bar = _bar_ticks(meter, timed)
    end = begin + bar * ((last - begin) // bar + 1)
    following = [tick for tick, _ in meters if last < tick < end]
    end = following[0] if following else end
    file_end = timed.messages[-1][0] if timed.messages else 0
    beyond = (file_end - end) % bar
    return file_end if file_end > end and min(beyond, bar - beyond) <= 1 else round(end)


def messages(file) -> Timed:
    """The messages of an open `mido.MidiFile`.

    Raises:
        UserError: if its time has no measure, or its tracks are pieces of their own.
    """
    import mido

    if file.type == 2:
        raise UserError("its tracks are pieces of their own (type 2); save one of them alone")
    if file.ticks_per_beat == 0:
        raise UserError("its beat has no ticks (a division of 0); export it again")
    tick_seconds = _smpte(file.ticks_per_beat)
    timed, tick, now, quarter = [], 0, 0.0, DEFAULT_QUARTER
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        now += message.time * (tick_seconds or quarter / 1e6 / file.ticks_per_beat)
        if message.type == "set_tempo":
            if message.tempo <= 0:
                raise UserError("it holds a tempo of 0; export it again")
            quarter = message.tempo
        timed.append((tick, now, message))
    if tick_seconds:  # as quarter notes of the file's tempo, or of 120 per minute
        ticks = 1e6 / quarter * TICKS_PER_QUARTER
        return Timed(
            tuple((round(now * ticks), now, message) for _, now, message in timed), TICKS_PER_QUARTER
        )
    return Timed(tuple(timed), file.ticks_per_beat)


def _smpte(division: int) -> float:
    """Seconds of a tick where they are parts of a film's frames, 0 where they are parts of a quarter note."""
    if division > 0:
        return 0.0
    frames, parts = -(division >> 8), division & 0xFF
    if parts == 0 or frames <= 0:
        raise UserError("its frames have no ticks; export it again")
    return 1.0 / (FRAME_RATES.get(frames, frames) * parts)
