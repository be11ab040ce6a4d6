"""Notes at another tempo, on a grid, swung, in another key, or as a loop: all of it before they are played.

Times go by the input's beats: seconds of the input -> place in quarter notes -> seconds of the new piece.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from compjax.arranging.steering import Steering
from compjax.audio.time_map import TimeMap, sound_along
from compjax.compose.asked.shape import Shape
from compjax.compose.clips.aligned_pair import EXCERPT_SECONDS, AlignedPair
from compjax.compose.composers.contract import Plan
from compjax.constants import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from compjax.errors import UserError
from compjax.measures.adherence import Description
from compjax.music.arrange import without_collisions
from compjax.music.score import Harmony, Hit, Note, Rhythm, fold_pitch
from compjax.music.time.grid import KNOWN, Grid, regular
from compjax.pages.views import KEPT_SECONDS, PairView

EARLY = 0.125
"""Quarter notes before a loop's beginning at which what is played early still belongs to it."""

LEAD_SECONDS = 2.0
"""A loop is played from so long before its beginning, so that what rings over its end is there."""

SEAM_SECONDS = 0.02
"""Over so long a loop's end is faded into what was played before its beginning."""


@dataclasses.dataclass(frozen=True, eq=False)
class Shaping:
    """How times of the input become times of the new piece.

    Attributes:
        shape: what is asked for.
        old: `[A]` seconds of the input, rising.
        places: `[A]` the same in quarter notes from the first bar on, before swing.
        new: `[A]` seconds of the new piece.
        seconds: length of the new piece.
        cycle: seconds of the new piece after which the input's bars are repeated; 0 if they are not.
        grid: the new piece's.
    """

    shape: Shape
    old: np.ndarray
    places: np.ndarray
    new: np.ndarray
    seconds: float
    cycle: float
    grid: Grid

    @property
    def samples(self) -> int:
        """Length of the new piece."""
        return round(self.seconds * SAMPLE_RATE)

    def in_words(self) -> str:
        """What the new piece is, as a sentence."""
        shape, grid = self.shape, self.grid
        said = [f"{grid.tempo:.4g} quarters per minute in {grid.meter}"] if grid.tempo else []
        if shape.loop:
            said.append(f"{round(self.seconds / grid.bar)} bars whose end leads into their beginning")
        if shape.quantize:
            said.append(f"onsets moved to 1/{shape.quantize} by {shape.quantize_strength:.0%}")
        said += [f"swing {shape.swing:.0%}"] if shape.swing is not None else []
        said += [f"{shape.transpose:+d} semitones"] if shape.transpose else []
        return f"The new piece: {', '.join(said)}."

    def times(self, old) -> np.ndarray:
        """Seconds of the new piece of seconds of the input, without repetitions."""
        return np.interp(old, self.old, self.new)

    def notes(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        """The notes as they are played, by start."""
        moved = self._repeated([self._quantized(note) for note in notes])
        return without_collisions(moved) if self.shape.moves else tuple(moved)

    def _quantized(self, note: Note) -> Note:
        pitch = fold_pitch(note.pitch + self.shape.transpose) if self.shape.transpose else note.pitch
        if not self.shape.moves:
            return dataclasses.replace(note, pitch=pitch)
        start, end = np.interp((note.start, note.end), self.old, self.places)
        if self.shape.quantize:
            step = 4.0 / self.shape.quantize
            shift = self.shape.quantize_strength * (step * np.round(start / step) - start)
            start, end = start + shift, end + shift
        start, end = np.interp((start, end), self.places, self.new)
        return dataclasses.replace(note, start=float(start), end=float(max(end, start + 0.01)), pitch=pitch)

    def _repeated(self, events: list, start: str = "start") -> list:
        """Events of the input's bars as often as the loop has them; without a loop, all of them once."""
        if not self.cycle:
            begin, end = 0.0, self.seconds
            kept = [e for e in events if getattr(e, start) < end]
            return [dataclasses.replace(e, **{start: max(getattr(e, start), begin)}) for e in kept]
        early = EARLY * 60.0 / self.grid.tempo
        own = [e for e in events if -early <= getattr(e, start) < self.cycle - early]
        made = []
        for turn in range(int(np.ceil(self.seconds / self.cycle - 1e-9))):
            later = [moved_by(e, turn * self.cycle) for e in own]
            made += [e for e in later if getattr(e, start) < self.seconds - early]
        return made

    def rhythm(self, rhythm: Rhythm) -> Rhythm:
        """Hits in the new piece's time."""
        moved = []
        for hit in rhythm.hits:
            time, end = self.times((hit.time, hit.time + hit.length))
            moved.append(dataclasses.replace(hit, time=float(time), length=float(max(end - time, 0.01))))
        hits = sorted(self._repeated(moved, "time"), key=lambda hit: (hit.time, hit.voice))
        return dataclasses.replace(rhythm, hits=tuple(hits))

    def harmony(self, harmony: Harmony, transposed: bool = True) -> Harmony:
        """Chords in the new piece's time, and in its key."""
        by = self.shape.transpose if transposed else 0
        spans = []
        for turn in range(int(np.ceil(self.seconds / self.cycle - 1e-9)) if self.cycle else 1):
            begin = turn * self.cycle
            limit = min(begin + self.cycle, self.seconds) if self.cycle else self.seconds
            for span in harmony.spans:
                start, end = (
                    min(max(float(t) + begin, begin), limit) for t in self.times((span.start, span.end))
                )
                if end > start:
                    pitches = (
                        tuple(sorted({fold_pitch(p + by) for p in span.pitches})) if by else span.pitches
                    )
                    bass = fold_pitch(span.bass + by) if by else span.bass
                    spans.append(dataclasses.replace(span, start=start, end=end, pitches=pitches, bass=bass))
        return Harmony(tuple(spans))

    def gates(self, decided: np.ndarray) -> np.ndarray:
        """Gates `[T, 6]` in the new piece's time."""
        times = (np.arange(-(-self.samples // HOP_LENGTH)) + 0.5) / FRAME_RATE
        return decided[np.clip((self._old_of(times) * FRAME_RATE).astype(int), 0, len(decided) - 1)]

    def _old_of(self, times: np.ndarray) -> np.ndarray:
        """Seconds of the input that are heard at times of the new piece."""
        return np.interp(times % self.cycle if self.cycle else times, self.new, self.old)

    def sound(self, audio: np.ndarray) -> np.ndarray:
        """Sound of the input's time, `[S]`, in the new piece's, its pitch kept: to be shown and compared."""
        samples = min(self.samples, round(KEPT_SECONDS * SAMPLE_RATE))
        times = np.arange(0.0, samples / SAMPLE_RATE + 0.02, 0.01)
        whole = audio.size / SAMPLE_RATE
        phases = np.clip(self._old_of(times) / whole, 0.0, 1.0 - 1e-9)
        return sound_along(audio, TimeMap(times, phases, np.array([0.0, whole])), samples)

    def led_in(self, plan: Plan, decided: np.ndarray) -> tuple[Plan, np.ndarray, float]:
        """Plan and gates from before a loop's beginning, and seconds to its end; others as they are."""
        if not self.shape.loop:
            return plan, decided, self.seconds
        lead = self._lead
        plan = dataclasses.replace(plan, notes=around(plan.notes, self.seconds, lead / FRAME_RATE))
        samples = lead * HOP_LENGTH + self.samples
        frames = np.arange(-lead, -(-samples // HOP_LENGTH) - lead) % len(decided)
        return plan, decided[frames], lead / FRAME_RATE + self.seconds

    def closed(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """What was played of a loop, its end leading into its beginning; other sound as it is."""
        return closed(audio, self._lead, self.seconds, rate) if self.shape.loop else audio

    @property
    def _lead(self) -> int:
        return int(min(self.seconds, LEAD_SECONDS) * FRAME_RATE)

    def pair(self, pair: AlignedPair) -> AlignedPair:
        """Both clips in the new piece's time."""
        clip = dataclasses.replace(
            pair.input, audio=self.sound(pair.input.audio), seconds=self.seconds, grid=self.grid
        )
        known = tuple(self._description(of) for of in pair.described)
        return dataclasses.replace(pair, input=clip, along=self.sound(pair.along), known=known)

    def _description(self, of: Description) -> Description:
        """What was measured of a clip, in the new piece's time; stretched sound would double its onsets."""
        seconds = min(self.seconds, EXCERPT_SECONDS)

        def along(frames: np.ndarray) -> np.ndarray:
            rate = len(frames) / of.seconds
            old = self._old_of((np.arange(round(seconds * rate)) + 0.5) / rate)
            return frames[np.clip((old * rate).astype(int), 0, len(frames) - 1)]

        struck = Rhythm(tuple(Hit(float(time), 0.1, 0, 1.0) for time in of.onsets))
        onsets = np.array([max(hit.time, 0.0) for hit in self.rhythm(struck).hits])
        notes = along(of.pitch.notes)
        times = of.pitch.times[0] + np.arange(len(notes)) * (of.seconds / max(len(of.pitch.notes), 1))
        pitch = dataclasses.replace(of.pitch, notes=notes, times=times)
        return dataclasses.replace(
            of,
            seconds=seconds,
            envelope=along(of.envelope),
            onsets=onsets[onsets < seconds],
            beats=dataclasses.replace(of.beats, times=self.grid.beats[self.grid.beats < seconds]),
            pitch=pitch,
            spectrum=along(of.spectrum),
        )

    def view(self, view: PairView, pair: AlignedPair) -> PairView:
        """What is shown, in the new piece's time; `pair` is in it already."""
        shown = [
            dataclasses.replace(
                clip,
                audio=audio,
                beats=self.grid.beats,
                hits=self.rhythm(Rhythm(clip.hits)).hits,
                harmony=self.harmony(clip.harmony, transposed=False),
                seconds=self.seconds,
                grid=self.grid,
            )
            for clip, audio in ((view.input, pair.input.audio), (view.target, pair.along))
        ]
        return dataclasses.replace(
            view,
            input=shown[0],
            target=shown[1],
            target_keeps_time=False,
            gates=self.gates(view.gates),
            rhythm=self.rhythm(view.rhythm),
            harmony=self.harmony(view.harmony),
            groove=None,
        )


def moved_by(event, seconds: float):
    """A note or a hit, later."""
    if isinstance(event, Note):
        return dataclasses.replace(event, start=event.start + seconds, end=event.end + seconds)
    return dataclasses.replace(event, time=event.time + seconds)


def shaping_of(shape: Shape, grid: Grid, seconds: float) -> Shaping | None:
    """What is done to the times of an input of `seconds` with that grid; None if nothing.

    Raises:
        UserError: if it needs beats and there are none, or a loop that has no whole bar.
    """
    if not shape:
        return None
    if not shape.moves:
        whole = np.array([-1.0, seconds + 1.0])
        return Shaping(shape, whole, whole, whole, seconds, 0.0, grid)
    if not grid.beats.size:
        raise UserError("the input has no steady beat that is heard; set its tempo (input_bpm)")
    beats, numbers = _beats(grid, seconds)
    origin = float(np.interp(grid.downbeat, beats, numbers))
    quarters = (numbers - origin) * 4.0 / grid.meter.unit
    places = np.arange(np.ceil(quarters[0] * 4), np.floor(quarters[-1] * 4) + 1) / 4.0
    old, swung = np.interp(places, quarters, beats), _swung(places, shape)
    if not (shape.bpm or shape.loop):
        new = np.interp(swung, quarters, beats)
        return Shaping(shape, old, places, new, seconds, 0.0, grid)
    tempo = shape.bpm or grid.tempo
    begin = 0.0 if shape.loop else float(np.interp(0.0, old, swung))
    new = (swung - begin) * 60.0 / tempo
    length, cycle = float(np.interp(seconds, old, new)), 0.0
    if shape.loop:
        length, cycle = _loop_length(shape, grid, float(np.interp(seconds, beats, quarters)), 60.0 / tempo)
    downbeat = 0.0 if shape.loop else float(np.interp(grid.downbeat, old, new))
    return Shaping(
        shape, old, places, new, length, cycle, regular(tempo, grid.meter, downbeat, length, KNOWN)
    )


def steering_in(shaping: Shaping | None, given: Steering, shown: Harmony) -> Steering:
    """Hits and chords that were given, as they are in the new piece; `shown` are its chords."""
    if shaping is None:
        return given
    harmony = given.harmony and shaping.harmony(given.harmony)
    if shaping.shape.transpose:
        harmony = shown
    return Steering(given.rhythm and shaping.rhythm(given.rhythm), harmony)


def _loop_length(shape: Shape, grid: Grid, quarters: float, quarter: float) -> tuple[float, float]:
    """Seconds of the loop, and of the input's bars in it; there are `quarters` from its first bar on."""
    bar = grid.meter.quarters
    bars = int((quarters + EARLY) / bar)
    if bars < 1:
        raise UserError(f"a loop needs a whole bar; the input has none of {grid.meter} at {grid.tempo:.4g}")
    wanted = shape.bars or bars
    return wanted * bar * quarter, min(bars, wanted) * bar * quarter


def _beats(grid: Grid, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Beats continued to two bars beyond the clip on both sides, `[N]` seconds, and their numbers."""
    period, times = grid.period, grid.beats
    before = int(np.ceil(max(times[0], 0.0) / period)) + 2 * grid.meter.beats
    after = int(np.ceil(max(seconds - times[-1], 0.0) / period)) + 2 * grid.meter.beats
    left, right = times[0] - period * np.arange(before, 0, -1), times[-1] + period * np.arange(1, after + 1)
    beats = np.concatenate([left, times, right])
    return beats, np.arange(beats.size) - float(before)


def _swung(places: np.ndarray, shape: Shape) -> np.ndarray:
    """Places in quarter notes, the first of each pair of eighths (or of what is quantized to) made longer."""
    if shape.swing is None:
        return places
    pair = 8.0 / shape.quantize if shape.quantize in (8, 16) else 1.0
    whole, within = np.floor(places / pair), places / pair % 1.0
    late = np.where(within < 0.5, 2 * shape.swing * within, 1 - 2 * (1 - shape.swing) * (1 - within))
    return pair * (whole + late)


def around(notes: tuple[Note, ...], seconds: float, lead: float) -> tuple[Note, ...]:
    """A loop's notes from `lead` seconds before its beginning to a little beyond its end, from time 0."""
    made = []
    for turn in (-1, 0, 1):
        shifted = (moved_by(note, lead + turn * seconds) for note in notes)
        made += [n for n in shifted if n.end > 0.0 and n.start < lead + seconds + 0.5]
    cut = (dataclasses.replace(note, start=max(note.start, 0.0)) for note in made)
    return tuple(sorted(cut, key=lambda note: (note.start, note.pitch)))


def closed(audio: np.ndarray, lead: int, seconds: float, rate: int) -> np.ndarray:
    """The loop of `seconds` in audio from `lead` frames before it on; its end leads into its beginning."""
    begin, fade, samples = round(lead / FRAME_RATE * rate), round(SEAM_SECONDS * rate), round(seconds * rate)
    loop = audio[begin : begin + samples].copy()
    fade = min(fade, begin, samples)
    weight = ((np.arange(fade) + 1.0).astype(np.float32) / fade).reshape(-1, *[1] * (audio.ndim - 1))
    loop[samples - fade :] += weight * (audio[begin - fade : begin] - loop[samples - fade :])
    return loop
