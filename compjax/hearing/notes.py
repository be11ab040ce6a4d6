"""The notes of a clip: which pitch was struck when, how long it was held and how loud."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.codec.vocos.bands import harmonic_map
from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES
from compjax.hearing.listener import Heard
from compjax.hearing.sound import LEAD_IN

HARMONICS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
"""Harmonics at which a pitch is looked for; the first `OWN` say how loud it is."""
OWN = 4


@dataclasses.dataclass(frozen=True)
class NoteHearingConfig:
    """How notes are read.

    Attributes:
        on: salience that a note must reach.
        off: salience below which it has ended.
        shortest: frames.
        hit: lowest probability of a stroke.
        snap: frames around a salience's rise in which its stroke is looked for.
        rise: natural log of the power by which a pitch rises when it is struck again.
        share: what such a rise needs of the largest one of the pitches that sound.
        reach: frames over which a rise is measured, from `gap` frames off the stroke.
        gap: frames around a stroke that the analysis windows blur.
        fall: natural log of the power by which a note that has ended lies below its loudest.
        attack: frames after a stroke in which a note's level is looked for.
    """

    on: float = 0.5
    off: float = 0.3
    shortest: int = 6
    hit: float = 0.3
    snap: int = 15
    rise: float = 0.7
    share: float = 0.35
    reach: int = 4
    gap: int = 2
    fall: float = 4.6
    attack: int = 12


@dataclasses.dataclass(frozen=True)
class HeardNote:
    """A note of a clip.

    Attributes:
        start: seconds.
        end: seconds.
        pitch: MIDI.
        level: amplitude; a full-scale sine has 1.
        struck: whether it began within the clip, so that its attack is heard.
    """

    start: float
    end: float
    pitch: int
    level: float
    struck: bool = True


def notes_of(
    heard: Heard, bands: np.ndarray, config: NoteHearingConfig = NoteHearingConfig()
) -> tuple[HeardNote, ...]:
    """Notes of a clip, by start and pitch.

    Args:
        heard: what was heard in it.
        bands: `[T, 128]` natural-log band magnitudes of it, see `codec.vocos.bands`.
        config: thresholds.
    """
    salience = heard.harmony[LEAD_IN:][: len(bands)]
    strokes = stroke_frames(heard.voices[LEAD_IN:][: len(bands)], config)
    harmonics = harmonic_map(HARMONICS)  # [128, 64, H]
    power = 2.0 * (bands @ harmonics.reshape(len(harmonics), -1)).reshape(len(bands), NUM_PITCHES, -1)
    restruck = strikes_again(power, salience, strokes, config)
    own = power[..., :OWN].max(axis=2)
    found = []
    for place in range(NUM_PITCHES):
        for first, last in stretches(salience[:, place], config):
            starts = starts_within(first, last, strokes, restruck[:, place], config)
            for begin, stop in zip(starts, [*starts[1:], last], strict=True):
                if stop - begin >= config.gap:
                    found.append(_note(place, begin, own[begin:stop, place], config))
    return tuple(sorted(found, key=lambda note: (note.start, note.pitch)))


def stroke_frames(voices: np.ndarray, config: NoteHearingConfig) -> np.ndarray:
    """Frames at which anything is struck, from probabilities `[T, 3]` of hits."""
    strength = voices.max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(strength, 2, constant_values=-1.0), 5)
    peak = (strength > around[:, :2].max(axis=1)) & (strength >= around[:, 3:].max(axis=1))
    return np.flatnonzero(peak & (strength >= config.hit))


def strikes_again(
    power: np.ndarray, salience: np.ndarray, strokes: np.ndarray, config: NoteHearingConfig
) -> np.ndarray:
    """Whether each pitch is struck at each of N strokes, bool `[N, 64]`, from log power `[T, 64, H]`."""
    last, rise = len(power) - 1, np.zeros((len(strokes), NUM_PITCHES))
    for place, t in enumerate(strokes):
        before = power[max(t - config.reach - config.gap, 0) : max(t - config.gap, 1)].mean(axis=0)
        after = power[min(t + config.gap, last) :][: config.reach + 1].mean(axis=0)
        weight = np.exp(0.25 * (after - after.max(axis=1, keepdims=True)))
        rise[place] = ((after - before) * weight).sum(axis=1) / weight.sum(axis=1)
    sounding = np.where(salience[strokes] >= config.off, rise, 0.0)
    return (rise >= config.rise) & (rise >= config.share * sounding.max(axis=1, keepdims=True))


def stretches(salience: np.ndarray, config: NoteHearingConfig) -> list[tuple[int, int]]:
    """Frames [first, last) in which a pitch of salience `[T]` sounds."""
    active = np.concatenate([[0], (salience >= config.off).astype(int), [0]])
    edges = np.flatnonzero(np.diff(active))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(a, b) for a, b in pairs if b - a >= config.shortest and salience[a:b].max() >= config.on]


def starts_within(
    first: int, last: int, strokes: np.ndarray, restruck: np.ndarray, config: NoteHearingConfig
) -> list[int]:
    """Frames at which a pitch is struck that sounds in [first, last); the spectrum blurs where it begins."""
    inside = (strokes >= first - config.snap) & (strokes < last - config.gap)
    starts = [int(t) for t in strokes[inside & restruck]]
    if starts and starts[0] <= first + config.snap:
        return starts
    near = strokes[inside & (strokes <= first + config.snap)] if first > config.gap + 1 else strokes[:0]
    begun = near[np.abs(near - first).argmin()] if len(near) else first
    return [int(begun), *starts]


def _note(place: int, begin: int, power: np.ndarray, config: NoteHearingConfig) -> HeardNote:
    """The note of a pitch whose log power from frame `begin` on is `[T]`."""
    sounding = int(np.flatnonzero(power >= power.max() - config.fall)[-1]) + 1
    level = float(np.exp(0.5 * power[: config.attack].max()))
    start, end = (begin + 0.5) / FRAME_RATE, (begin + sounding + 0.5) / FRAME_RATE
    return HeardNote(start, end, place + MIN_PITCH, level, begin > config.gap + 1)
