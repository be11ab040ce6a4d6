"""Whether a clip is a single line: one tone at a time, however many overtones it has."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.transforms.pitch_spectrum import STRIDE

OVERTONES = (0, 12, 19, 24, 28, 31, 34, 36, 38, 40, 42, 43)
"""Semitones of a tone's first twelve partials above it, to the nearest key."""


@dataclasses.dataclass(frozen=True)
class LineConfig:
    """When a clip counts as a single line.

    Attributes:
        sounding: salience from which a pitch counts as sounding.
        stray: share of the power away from the strongest tone and its overtones from which a frame has
            more than one tone.
        most_frames: share of the sounding frames that may have more than one: rooms and pedals ring on.
        most_classes: log odds of further pitch classes, as a share of the surest one's, that may be heard.
    """

    sounding: float = 0.5
    stray: float = 0.15
    most_frames: float = 0.25
    most_classes: float = 0.75


def is_line(
    salience: np.ndarray, levels: np.ndarray, odds: np.ndarray, config: LineConfig = LineConfig()
) -> bool:
    """Whether one tone at a time is heard.

    Args:
        salience: `[T, 64]` of pitches, in [0, 1].
        levels: `[T, 64]` magnitude at each pitch's fundamental.
        odds: `[T / 4, 12]` log odds that a pitch class sounds.
        config: what counts.
    """
    for_classes = np.maximum(odds, 0.0)
    surest = for_classes.max(axis=1).sum()
    if not surest or for_classes.sum() - surest > config.most_classes * surest:
        return False
    heard = salience[STRIDE // 2 :: STRIDE]
    power = np.square(heard * levels[STRIDE // 2 :: STRIDE], dtype=np.float64)
    sounding = heard.max(axis=1) > config.sounding
    strongest = power.argmax(axis=1)
    own = (power * _related(power.shape[1])[strongest]).sum(axis=1)
    several = own < (1.0 - config.stray) * power.sum(axis=1)
    return bool(sounding.any() and several[sounding].mean() < config.most_frames)


def _related(pitches: int) -> np.ndarray:
    """Which pitches are an overtone of another or have it as one, `[P, P]`."""
    apart = np.abs(np.subtract.outer(np.arange(pitches), np.arange(pitches)))
    return np.isin(apart, OVERTONES).astype(np.float64)
