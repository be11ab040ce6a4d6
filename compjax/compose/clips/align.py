"""The target brought to the input's time: trimmed, looped on its bars, its beats moved onto the input's.

Here it is decided how; `audio/time_map.py` reads the target by that.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, SILENCE_RMS, level
from compjax.audio.time_map import TimeMap
from compjax.compose.clips.loops import Loop, loop_of
from compjax.constants import MIN_SECONDS, SAMPLE_RATE
from compjax.hearing import grid as hearing
from compjax.music.time.grid import NO_GRID, Grid


@dataclasses.dataclass(frozen=True)
class AlignConfig:
    """How a loop is cut where the clip is not one, and when bars are laid on bars.

    Attributes:
        trim_level: dB below the loudest moment at which a clip counts as silent.
        loop_slack: seconds of silence at the end that are not worth a loop.
        early: share of a beat that a loop's last beat may reach past the end of the sound.
        min_downbeat: confidence of both downbeats from which the target's is laid on the input's.
    """

    trim_level: float = 35.0
    loop_slack: float = 0.25
    early: float = 0.15
    min_downbeat: float = 0.8


@dataclasses.dataclass(frozen=True)
class Alignment:
    """The map and what there is to say about it; tempi in beats per minute (0 unknown), times in seconds."""

    map: TimeMap
    warped: bool
    repeats: float  # times that the loop is heard
    input_tempo: float
    target_tempo: float
    input_confidence: float
    target_confidence: float
    stretch: float  # seconds of input for a second of target
    lag: float  # from the target's first beat (or sound) to where it falls in the output

    def summary(self) -> dict[str, float | int | bool]:
        """The figures, for the report."""
        figures = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "map"}
        figures = {
            name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()
        }
        loop = self.map.loop
        return {**figures, "loop_seconds": round(float(loop[-1] - loop[0]), 4), "loop_beats": self.map.length}

    def in_words(self) -> str:
        """What was done to the target, as a sentence."""
        heard = f"is heard {self.repeats:.1f} times" if self.repeats > 1.01 else "lasts as long as the input"
        if not self.warped:
            return f"The target keeps its speed and {heard}."
        tempi = f"{self.target_tempo:.0f} beats per minute on the input's {self.input_tempo:.0f}"
        return f"The target is warped, its {tempi}, and {heard}."


def find_alignment(
    input_audio: np.ndarray,
    target_audio: np.ndarray,
    align: bool = True,
    config: AlignConfig = AlignConfig(),
    grids: tuple[Grid, Grid] | None = None,
) -> Alignment:
    """Decide how the target `[S2]` is read along the input `[S1]`; both 24 kHz, neither silent.

    With `align`, beats that both clips keep confidently are matched, tempi that differ by octaves
    being folded so that the target is never stretched by more than the square root of 2. Otherwise
    the target keeps its speed. `grids` are those of input and target, heard here if not given. A target
    that is a loop (`loops.loop_of`) is looped on its own length.
    """
    seconds = input_audio.size / SAMPLE_RATE
    audible = audible_span(target_audio, config)
    whole = target_audio.size / SAMPLE_RATE
    found = grids or tuple(_heard(audio, config) for audio in (input_audio, target_audio))
    loop = loop_of(target_audio, found[1]) if whole < seconds else None
    if not align:
        lasts = whole >= seconds and audible[1] + config.loop_slack >= seconds
        span = (0.0, whole) if lasts else audible
        return _unwarped(seconds, whole, span, (found[0], NO_GRID), loop, config)
    if all(grid.beats.size for grid in found) and (loop is None or loop.beats):
        return _warped(seconds, audible, found, loop, config)
    return _unwarped(seconds, whole, audible, found, loop, config)


def audible_span(audio: np.ndarray, config: AlignConfig = AlignConfig()) -> tuple[float, float]:
    """Seconds from the first to the last moment (of 20 ms) less than `trim_level` below the loudest.

    At least `MIN_SECONDS` apart, so that a click is not looped into a buzz.
    """
    block = SAMPLE_RATE // 50
    whole = audio[: audio.size - audio.size % block].reshape(-1, block)
    levels = np.sqrt(np.einsum("ij,ij->i", whole, whole) / block)
    loud = np.flatnonzero(levels >= levels.max() * 10 ** (-config.trim_level / 20))
    seconds = audio.size / SAMPLE_RATE
    start = min(loud[0] * block / SAMPLE_RATE, max(seconds - MIN_SECONDS, 0.0))
    end = seconds if loud[-1] + 1 == levels.size else (loud[-1] + 1) * block / SAMPLE_RATE
    return float(start), float(max(end, min(start + MIN_SECONDS, seconds)))


def _heard(audio: np.ndarray, config: AlignConfig) -> Grid:
    """The grid of a clip of any level."""
    start, end = (round(time * SAMPLE_RATE) for time in audible_span(audio, config))
    return hearing.hear(audio, gain=REFERENCE_RMS / max(level(audio[start:end]), SILENCE_RMS))


def _unwarped(seconds, target_seconds, audible, found, loop: Loop | None, config: AlignConfig) -> Alignment:
    """The target at its own speed, from its first sound on, or the loop it is; looped if it does not last."""
    start, end = audible if loop is None else (0.0, loop.seconds)
    if loop is None and end - start + config.loop_slack >= seconds:
        end = target_seconds  # no loop is needed
    elif loop is None and found[1].tempo:
        period = found[1].period
        end = start + period * _whole_bars(int((end - start) / period + config.early), found[1])
    length = end - start
    time_map = TimeMap(np.array([0.0, seconds]), np.array([0.0, seconds / length]), np.array([start, end]))
    return _alignment(time_map, False, found, 1.0, 0.0 - start)


def _warped(seconds, audible, found, loop: Loop | None, config: AlignConfig) -> Alignment:
    """The target's beats on the input's."""
    ratio = found[0].tempo_of_beats / found[1].tempo_of_beats
    folds = round(math.log2(ratio))
    parts, per_beat = 2 ** max(-folds, 0), 2 ** max(folds, 0)
    input_beats = _subdivided(_reaching(found[0], 0.0, seconds), parts)
    first = int(np.argmax(input_beats >= -config.early * found[0].period))
    beats = _kept(audible, found[1], loop, (input_beats.size - 1 - first) / per_beat, config)
    phases = np.arange(input_beats.size) - float(first)
    if loop is not None:  # the loop begins with the file, its first beat may be later
        phases += per_beat * found[1].beats[0] / (beats[1] - beats[0])
    if all(grid.confidence.downbeat >= config.min_downbeat for grid in found):
        shift = per_beat * found[1].first_downbeat - (_nearest(input_beats, found[0].downbeat) - first)
        phases += shift % (per_beat * found[1].meter.beats)
    time_map = TimeMap(input_beats, phases, _subdivided(np.maximum(beats, 0.0), per_beat))
    lag = input_beats[first] - time_map.places(input_beats[first : first + 1])[0][0]
    return _alignment(time_map, True, found, 2.0**folds / ratio, lag)


def _kept(audible, grid: Grid, loop: Loop | None, needed: float, config: AlignConfig) -> np.ndarray:
    """Seconds in the target of the beats that are looped, `[M + 1]`: its own loop's, or whole bars."""
    if loop is not None:
        return np.linspace(0.0, loop.seconds, loop.beats + 1)
    bar, margin = grid.meter.beats, config.early * grid.period
    places = _reaching(grid, *audible)
    places = places[(places >= audible[0] - margin) & (places <= audible[1] + margin)]
    needed = bar * math.ceil(needed / bar)  # a pickup is read from the end of the last bar
    return places[: min(needed, _whole_bars(places.size - 1, grid)) + 1]


def _nearest(times: np.ndarray, time: float) -> int:
    return int(np.argmin(np.abs(times - time)))


def _alignment(time_map: TimeMap, warped: bool, found, stretch: float, lag: float) -> Alignment:
    span = time_map.phases[-1] - time_map.phases[0]
    return Alignment(
        map=time_map,
        warped=warped,
        repeats=float(span / time_map.length),
        input_tempo=float(found[0].tempo),
        target_tempo=float(found[1].tempo),
        input_confidence=float(found[0].confidence.tempo),
        target_confidence=float(found[1].confidence.tempo),
        stretch=float(stretch),
        lag=float(lag),
    )


def _reaching(grid: Grid, start: float, end: float) -> np.ndarray:
    """Beat times continued at the tempo until they reach from `start` or before to `end` or after."""
    period, times = grid.period, grid.beats
    before = max(0, math.ceil((times[0] - start) / period))
    after = max(0, math.ceil((end - times[-1]) / period))
    left = times[0] - period * np.arange(before, 0, -1)
    right = times[-1] + period * np.arange(1, after + 1)
    return np.concatenate([left, times, right])


def _subdivided(times: np.ndarray, parts: int) -> np.ndarray:
    """Every interval of `times` in `parts` equal ones."""
    return np.interp(np.arange((times.size - 1) * parts + 1) / parts, np.arange(times.size), times)


def _whole_bars(count: int, grid: Grid) -> int:
    """Beats of the longest loop of whole bars within `count` beats; whole beats where there is no bar."""
    bars = count // grid.meter.beats
    return bars * grid.meter.beats if bars else max(count, 1)
