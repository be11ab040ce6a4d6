"""The grid that is heard in a clip: tempo, beats, meter and first downbeat, from how it is struck."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.windows import WindowConfig, over_windows
from compjax.constants import SAMPLE_RATE
from compjax.hearing import meters, tempo
from compjax.measures import beats, onsets
from compjax.music.time.grid import Grid, Sureness, first_within, regular
from compjax.music.time.meter import COMMON, HEARD, GridSettings, Meter


@dataclasses.dataclass(frozen=True)
class GridConfig:
    """When what is heard of a grid is believed.

    Attributes:
        min_tempo: confidence of the tempo from which beats are used.
        min_beats: nor are fewer used than this.
        even: seconds that the beats of an even tempo may lie beside the straight line through them.
        near: share of a beat that a set downbeat may lie beside a beat and still mean that beat.
    """

    min_tempo: float = 0.5
    min_beats: int = 4
    even: float = 0.04
    near: float = 0.15


def hear(
    audio: np.ndarray,
    settings: GridSettings = HEARD,
    gain: float = 1.0,
    config: GridConfig = GridConfig(),
) -> Grid:
    """The grid of audio `[S]` at 24 kHz of any length; what is set in `settings` is taken and not heard.

    `gain` brings the audio to the reference level.

    Without a steady beat (nor one that is set) its tempo is 0, and the confidence says how far it was from
    one.
    """
    accents, seconds = strength(audio, gain), audio.size / SAMPLE_RATE
    period, found = _pulse(accents, settings)
    if found.confidence < config.min_tempo or len(found.times) < config.min_beats:
        unknown = Grid(confidence=Sureness(found.confidence))
        return _set_alone(settings, seconds, found.times) if settings.bpm else unknown
    times, sure = found.times, 1.0 if settings.bpm else found.confidence
    straight, first, off = _straight(times)
    even = off <= config.even
    period = (period if settings.bpm else straight) if even else period
    heard = meters.hear(times, accents, onsets.DEFAULT.stft.rate, settings.meter)
    if heard.late:
        times, first = times + meters.intervals(times) / 2, first + period / 2
    meter = settings.meter or Meter(heard.beats, meters.unit_of(heard.beats, period))
    quarters = settings.bpm or 240.0 / (period * meter.unit)
    downbeat = times[heard.phase] if times.size > heard.phase else first + period * heard.phase
    sureness = Sureness(sure, heard.sure_phase, 1.0 if settings.meter else heard.sure_meter)
    if settings.downbeat is not None:
        times, downbeat = _anchored(times, period, settings.downbeat, config)
        sureness = dataclasses.replace(sureness, downbeat=1.0)
    downbeat = first_within(downbeat, period, meter)
    return Grid(float(quarters), times, downbeat, meter, sureness)


def strength(audio: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """Onset strength `[T, 3]` of low, middle and high register at 100 Hz, taken a minute at a time."""
    config = onsets.DEFAULT
    frames = -(-audio.size // config.stft.hop)
    missing = frames * config.stft.hop - audio.size
    padded = np.pad(audio, (0, missing)) if missing else audio
    length = min(frames, round(60 * config.stft.rate))
    windows = WindowConfig(length=length, context=min(8, frames // 4), fade=0)
    scaled = np.float32(gain)
    return over_windows(
        lambda part: onsets.strength_by_register(part * scaled), [padded], windows, rate_in=config.stft.hop
    )


def _pulse(accents: np.ndarray, settings: GridSettings) -> tuple[float, beats.Beats]:
    """Seconds of a beat, and the beats that follow it."""
    rate = onsets.DEFAULT.stft.rate
    period, sure = tempo.hear(accents, rate)
    if settings.bpm:
        period = (settings.meter or COMMON).beat_seconds(settings.bpm)
    if not period:
        return 0.0, beats.NO_BEATS
    if settings.meter and not settings.bpm:
        period = tempo.counted(accents, rate, period, settings.meter)
    found = _followed(accents, period, sure)
    if not settings and 60.0 / period > meters.MeterConfig().fastest_quarter and len(found.times) > 2:
        if (
            meters.hear(found.times, accents, rate).beats == COMMON.beats
        ):  # halves of beats, not eighths of 7/8
            period *= 2
            found = _followed(accents, period, sure)
    return period, found


def _followed(accents: np.ndarray, period: float, sure: float) -> beats.Beats:
    found = beats.track(accents.sum(axis=1), tempo=60.0 / period)
    return dataclasses.replace(found, confidence=sure if found.confidence else 0.0)


def _set_alone(settings: GridSettings, seconds: float, times: np.ndarray) -> Grid:
    """The grid that was set, where no beats can be heard."""
    meter = settings.meter or COMMON
    sureness = Sureness(1.0, float(settings.downbeat is not None), float(settings.meter is not None))
    first = settings.downbeat if settings.downbeat is not None else (times[0] if times.size else 0.0)
    downbeat = first_within(first, meter.beat_seconds(settings.bpm), meter)
    return regular(settings.bpm, meter, downbeat, seconds, sureness)


def _straight(times: np.ndarray) -> tuple[float, float, float]:
    """Period and first beat of the straight line through beats `[N]`, and how far beside it they lie."""
    steps = np.arange(times.size)
    period, first = np.polyfit(steps, times, 1)
    return float(period), float(first), float(np.abs(times - first - period * steps).max())


def _anchored(
    times: np.ndarray, period: float, downbeat: float, config: GridConfig
) -> tuple[np.ndarray, float]:
    """Beats of which one lies on `downbeat`: those heard where one is near, else all moved there."""
    place = downbeat - period * round((downbeat - times[0]) / period)  # the same phase, near the first beat
    off = np.interp(downbeat, times, times) - times[np.argmin(np.abs(times - downbeat))]
    if times[0] <= downbeat <= times[-1] and abs(off) <= config.near * period:
        return times, float(downbeat)
    moved = times + (place - times[0])
    return moved[moved >= 0.0], float(downbeat)
