"""One clip read along another: where in the target each moment of the input lies, and reading it there.

Nothing is done to pitch: frames, or grains of sound, are read at other times, that is all. The map from
the input's time to the target's has two steps, each piecewise linear: input seconds -> beats of the
loop -> target seconds.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.likeness import most_like
from compjax.constants import FRAME_RATE, SAMPLE_RATE

FADE_SECONDS = 0.04
"""A loop's end is cross-faded into its beginning over this long."""

GRAIN_REACH = 0.0125
"""Seconds by which a grain of sound may be moved: half a period of 40 Hz."""


@dataclasses.dataclass(frozen=True)
class TimeMap:
    """Where in the target each moment of the input is read.

    Attributes:
        input_times: `[N]` seconds, increasing, reaching over the whole input.
        phases: `[N]` the loop's beat at those times; it may pass the loop's end any number of times.
        loop: `[M + 1]` seconds in the target of the loop's beats 0 to M.
    """

    input_times: np.ndarray
    phases: np.ndarray
    loop: np.ndarray

    @property
    def length(self) -> int:
        """Beats of the loop, M."""
        return self.loop.size - 1

    def places(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Seconds in the target, and the loop's turn, at each of the input's `times` `[N]` in seconds."""
        phases = np.interp(times, self.input_times, self.phases)
        turns = np.floor(phases / self.length)
        return np.interp(phases - turns * self.length, np.arange(self.loop.size), self.loop), turns


def frames_along(
    frames: np.ndarray, time_map: TimeMap, count: int, lead: int = 0, rate: float = FRAME_RATE
) -> np.ndarray:
    """The target's frames `[lead + T2, D]` as they sound along the input, `[lead + count, D]`.

    Both begin `lead` frames before their clips; there the target goes at its own speed. `rate` is that
    of the frames in Hz.
    """
    times = (np.arange(-lead, count) + 0.5) / rate
    place, turns = time_map.places(np.maximum(times, 0.0))
    place = place + np.minimum(times, 0.0)
    begin = lead / rate
    along = read_frames(frames, begin + place, rate)
    since = place - time_map.loop[0]
    fading = np.flatnonzero((turns > turns[0]) & (since < FADE_SECONDS))
    if fading.size:
        beyond = read_frames(frames, begin + time_map.loop[-1] + since[fading], rate)
        weight = (since[fading] / FADE_SECONDS).astype(np.float32)[:, None]
        along[fading] = weight * along[fading] + (1 - weight) * beyond
    return along


def read_frames(frames: np.ndarray, times: np.ndarray, rate: float = FRAME_RATE) -> np.ndarray:
    """Frames `[T, D]` at times `[N]` in seconds, linear between frames, held beyond the ends: `[N, D]`."""
    place = np.clip(times * rate - 0.5, 0, frames.shape[0] - 1)
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, frames.shape[0] - 1)
    weight = (place - before).astype(np.float32)[:, None]
    return frames[before] * (1 - weight) + frames[after] * weight


def sound_along(audio: np.ndarray, time_map: TimeMap, samples: int) -> np.ndarray:
    """The target's sound `[S2]` at 24 kHz as it sounds along the input, `[samples]`, for comparisons.

    Grains of 0.1 s overlap by half: exact where the target keeps its speed, its pitch kept everywhere.
    Where the speed changes, a grain is taken up to `GRAIN_REACH` away from its place, where it goes on as
    the one before it does: waves that meet at odds sound as other pitches. What is read does not depend
    on how much is read.
    """
    hop = SAMPLE_RATE // 20
    starts = np.arange(-hop, samples, hop)
    place, _ = time_map.places((starts + hop) / SAMPLE_RATE)
    reach = round(GRAIN_REACH * SAMPLE_RATE)
    margin = 2 * hop + reach
    padded = np.pad(audio, margin)
    wanted = np.clip(np.round(place * SAMPLE_RATE).astype(int) - hop, -2 * hop, audio.size) + margin
    first = joined(padded, wanted, hop, reach)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2 * hop) / (2 * hop))
    grains = padded[first[:, None] + np.arange(2 * hop)] * window.astype(np.float32)[None, :]
    rising, falling = np.split(grains, 2, axis=1)
    return (rising[1:] + falling[:-1]).reshape(-1)[:samples]


def joined(audio: np.ndarray, wanted: np.ndarray, hop: int, reach: int) -> np.ndarray:
    """First samples `[N]` of grains near those wanted, each going on as the one before it.

    That is `hop` after the one before, if it is within `reach`; else where the next `hop` samples are most
    like those (Verhelst and Roelands, ICASSP 1993).
    """
    first = wanted.copy()
    for index in range(1, len(first)):
        natural = first[index - 1] + hop
        if abs(natural - wanted[index]) > reach:
            span = audio[max(wanted[index] - reach, 0) : wanted[index] + reach + hop]
            back, _ = most_like(span, audio[natural : natural + hop])
            natural = max(wanted[index] - reach, 0) + back
        first[index] = natural
    return first
