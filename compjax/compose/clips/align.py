"""The target brought to the input's time: trimmed, looped on its bars, its beats moved onto the input's.

Here it is decided how; `audio/time_map.py` reads the target by that.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, SILENCE_RMS, level
from compjax.audio.time_map import TimeMap
from compjax.audio.windows import WindowConfig, over_windows
from compjax.constants import MIN_SECONDS, SAMPLE_RATE
from compjax.measures import beats, onsets


@dataclasses.dataclass(frozen=True)
class AlignConfig:
    """When beats are trusted, and how a loop is cut.

    Attributes:
        min_confidence: beats less sure than this are not used.
        min_beats: nor fewer than this.
        beats_per_bar: beats that a loop is a multiple of, where the clip is long enough.
        trim_level: dB below the loudest moment at which a clip counts as silent.
        loop_slack: seconds of silence at the end that are not worth a loop.
        early: share of a beat that a loop's last beat may reach past the end of the sound.
    """

    min_confidence: float = 0.5
    min_beats: int = 4
    beats_per_bar: int = 4
    trim_level: float = 35.0
    loop_slack: float = 0.25
    early: float = 0.15


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
    input_audio: np.ndarray, target_audio: np.ndarray, align: bool = True, config: AlignConfig = AlignConfig()
) -> Alignment:
    """Decide how the target `[S2]` is read along the input `[S1]`; both 24 kHz, neither silent.

    With `align`, beats that both clips keep confidently are matched, tempi that differ by octaves
    being folded so that the target is never stretched by more than the square root of 2. Otherwise
    the target keeps its speed.
    """
    seconds = input_audio.size / SAMPLE_RATE
    audible = audible_span(target_audio, config)
    whole = target_audio.size / SAMPLE_RATE
    if not align:
        unknown = (beats.NO_BEATS, beats.NO_BEATS)
        lasts = whole >= seconds and audible[1] + config.loop_slack >= seconds
        span = (0.0, whole) if lasts else audible
        return _unwarped(seconds, whole, span, unknown, config)
    found = tuple(_if_trusted(find_beats(audio), config) for audio in (input_audio, target_audio))
    if all(b.tempo for b in found):
        return _warped(seconds, audible, found, config)
    return _unwarped(seconds, whole, audible, found, config)


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


def find_beats(audio: np.ndarray) -> beats.Beats:
    """Beats of audio `[S]` of any length and level, the onset strength being taken a minute at a time."""
    start, end = (round(time * SAMPLE_RATE) for time in audible_span(audio))
    gain = np.float32(REFERENCE_RMS / max(level(audio[start:end]), SILENCE_RMS))
    config = onsets.DEFAULT
    frames = -(-audio.size // config.stft.hop)
    missing = frames * config.stft.hop - audio.size
    padded = np.pad(audio, (0, missing)) if missing else audio
    windows = WindowConfig(
        length=min(frames, round(60 * config.stft.rate)), context=min(8, frames // 4), fade=0
    )
    envelope = over_windows(
        lambda part: onsets.strength(part * gain), [padded], windows, rate_in=config.stft.hop
    )
    return beats.track(envelope)


def trusted_beats(found: beats.Beats, config: AlignConfig = AlignConfig()) -> np.ndarray:
    """Times of beats in seconds, `[N]`; none where they are unsure."""
    return (found if found.confidence >= config.min_confidence else beats.NO_BEATS).times


def _if_trusted(found: beats.Beats, config: AlignConfig) -> beats.Beats:
    """The beats, or none where they are too few or unsure; their confidence is kept."""
    if found.confidence >= config.min_confidence and len(found.times) >= config.min_beats:
        return found
    return dataclasses.replace(beats.NO_BEATS, confidence=found.confidence)


def _unwarped(seconds, target_seconds, audible, found, config: AlignConfig) -> Alignment:
    """The target at its own speed, from its first sound on; looped if it does not last."""
    start, end = audible
    if end - start + config.loop_slack >= seconds:
        end = target_seconds  # no loop is needed
    elif found[1].tempo:
        period = 60.0 / found[1].tempo
        end = start + period * _whole_bars(int((end - start) / period + config.early), config)
    loop = np.array([start, end])
    length = end - start
    time_map = TimeMap(np.array([0.0, seconds]), np.array([0.0, seconds / length]), loop)
    return _alignment(time_map, False, found, 1.0, 0.0 - start)


def _warped(seconds: float, audible: tuple[float, float], found, config: AlignConfig) -> Alignment:
    """The target's beats on the input's."""
    folds = round(math.log2(found[0].tempo / found[1].tempo))
    input_beats = _subdivided(_reaching(found[0], 0.0, seconds), 2 ** max(-folds, 0))
    grid = _reaching(found[1], *audible)
    period = 60.0 / found[1].tempo
    grid = grid[(grid >= audible[0] - config.early * period) & (grid <= audible[1] + config.early * period)]
    first = int(np.argmax(input_beats >= -config.early * 60.0 / found[0].tempo))
    phases = np.arange(input_beats.size) - float(first)
    per_beat = 2 ** max(folds, 0)
    bar = config.beats_per_bar
    needed = bar * math.ceil(phases[-1] / per_beat / bar)  # a pickup is read from the end of the last bar
    kept = grid[: min(needed, _whole_bars(grid.size - 1, config)) + 1]
    time_map = TimeMap(input_beats, phases, _subdivided(np.maximum(kept, 0.0), per_beat))
    stretch = found[1].tempo * 2.0**folds / found[0].tempo
    return _alignment(time_map, True, found, stretch, input_beats[first] - kept[0])


def _alignment(time_map: TimeMap, warped: bool, found, stretch: float, lag: float) -> Alignment:
    span = time_map.phases[-1] - time_map.phases[0]
    return Alignment(
        map=time_map,
        warped=warped,
        repeats=float(span / time_map.length),
        input_tempo=float(found[0].tempo),
        target_tempo=float(found[1].tempo),
        input_confidence=float(found[0].confidence),
        target_confidence=float(found[1].confidence),
        stretch=float(stretch),
        lag=float(lag),
    )


def _reaching(found: beats.Beats, start: float, end: float) -> np.ndarray:
    """Beat times continued at the tempo until they reach from `start` or before to `end` or after."""
    period = 60.0 / found.tempo
    before = max(0, math.ceil((found.times[0] - start) / period))
    after = max(0, math.ceil((end - found.times[-1]) / period))
    left = found.times[0] - period * np.arange(before, 0, -1)
    right = found.times[-1] + period * np.arange(1, after + 1)
    return np.concatenate([left, found.times, right])


def _subdivided(times: np.ndarray, parts: int) -> np.ndarray:
    """Every interval of `times` in `parts` equal ones."""
    return np.interp(np.arange((times.size - 1) * parts + 1) / parts, np.arange(times.size), times)


def _whole_bars(count: int, config: AlignConfig) -> int:
    """Beats of the longest loop of whole bars within `count` beats; whole beats where there is no bar."""
    bars = count // config.beats_per_bar
    return bars * config.beats_per_bar if bars else max(count, 1)
