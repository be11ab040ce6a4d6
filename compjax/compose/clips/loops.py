"""A loop is its length: whether a clip was made to be repeated, and how many beats its whole length is."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, SILENCE_RMS, level
from compjax.constants import SAMPLE_RATE
from compjax.measures import onsets
from compjax.music.time.grid import Grid


@dataclasses.dataclass(frozen=True)
class TargetLoopConfig:
    """What tells a loop.

    Attributes:
        near: seconds that a length may differ from whole beats, and an onset from a part of the loop.
        tail: seconds of digital silence at the end of what a sequencer exported.
        head: seconds within which a loop begins to sound.
        shortest_part: seconds of the finest parts that onsets are compared with.
        luck: a loop's onsets lie on its parts by chance with at most this probability.
        fewest: beats of a loop.
    """

    near: float = 0.03
    tail: float = 0.05
    head: float = 0.1
    shortest_part: float = 0.25
    luck: float = 0.1
    fewest: int = 2


@dataclasses.dataclass(frozen=True)
class Loop:
    """Length in seconds, and in beats of the clip's grid; 0 beats where there is no grid that fits."""

    seconds: float
    beats: int


def loop_of(audio: np.ndarray, grid: Grid, config: TargetLoopConfig = TargetLoopConfig()) -> Loop | None:
    """The loop that audio `[S]` at 24 kHz is, None if it is none.

    It is one if its length is whole beats of its grid; or if it ends with digital silence, as a
    sequencer exports it; or if its few onsets divide its length evenly.
    """
    seconds = audio.size / SAMPLE_RATE
    exported = _is_exported(audio, config)
    if grid.tempo:
        count = round(seconds / grid.period)
        off = abs(seconds - count * grid.period)
        if count >= config.fewest and off <= (0.25 * grid.period if exported else config.near):
            return Loop(seconds, count)
    elif _divided(onsets.detect(audio * (REFERENCE_RMS / max(level(audio), SILENCE_RMS))), seconds, config):
        return Loop(seconds, 0)
    return Loop(seconds, 0) if exported else None


def _is_exported(audio: np.ndarray, config: TargetLoopConfig) -> bool:
    """Whether it sounds at once and ends with nothing at all."""
    tail, head = round(config.tail * SAMPLE_RATE), round(config.head * SAMPLE_RATE)
    return bool(not audio[-tail:].any() and np.abs(audio[:head]).max() > 0.1 * np.abs(audio).max())


def _divided(times: np.ndarray, seconds: float, config: TargetLoopConfig) -> bool:
    """Whether onsets `[N]` in seconds lie on equal parts of the length, more than by luck."""
    if times.size < 2 or times[0] > config.head:
        return False
    for parts in range(config.fewest, int(seconds / config.shortest_part) + 1):
        part = seconds / parts
        off = np.abs((times + part / 2) % part - part / 2).max()
        if off <= config.near and (2 * config.near / part) ** (times.size - 1) <= config.luck:
            return True
    return False
