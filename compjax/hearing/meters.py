"""The meter that is heard in beats: how many make a bar, and which is the first of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.music.meter import Meter


@dataclasses.dataclass(frozen=True)
class MeterConfig:
    """How bars are told apart.

    Attributes:
        around: seconds around a beat within which its accents are taken.
        usual: lead of four beats over other meters, in similarity.
        choices: beats to the bar that are looked for.
        fastest_quarter: beats of odd meters that are faster than this, per minute, are eighths.
    """

    around: float = 0.04
    usual: float = 0.1
    choices: tuple[int, ...] = (3, 4, 5, 6, 7)
    fastest_quarter: float = 190.0


@dataclasses.dataclass(frozen=True)
class HeardMeter:
    """Beats to the bar, the index of its first beat, and how sure both are in [0, 1]."""

    beats: int
    phase: int
    sure_meter: float
    sure_phase: float


def unit_of(count: int, period: float, config: MeterConfig = MeterConfig()) -> int:
    """The note of beats of `period` seconds, `count` to the bar: eighths where an odd meter runs fast."""
    return 8 if count % 4 and 60.0 / period > config.fastest_quarter else 4


def hear(
    times: np.ndarray,
    accents: np.ndarray,
    rate: float,
    known: Meter | None = None,
    config: MeterConfig = MeterConfig(),
) -> HeardMeter:
    """The meter of beats `[N]` in seconds whose accents are `[T, 3]` at `rate` Hz; `known` is only placed."""
    struck = at_beats(times, accents, rate, config)
    count, sure = (known.beats, 1.0) if known else _bar_length(struck, config)
    phase, sure_phase = _first_of_bar(struck, count)
    return HeardMeter(count, phase, sure, sure_phase)


def at_beats(times: np.ndarray, accents: np.ndarray, rate: float, config: MeterConfig) -> np.ndarray:
    """Accents `[N, 6]` on the beats and half-way to the next, each register's spread 1."""
    half = np.append(np.diff(times), times[-1] - times[-2]) / 2
    width = round(config.around * rate)
    padded = np.pad(accents, ((width, width), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1, axis=0).max(axis=-1)

    def at(moments):
        return windows[np.clip(np.round(moments * rate - 0.5).astype(int), 0, len(windows) - 1)]

    struck = np.concatenate([at(times), at(times + half)], axis=1)
    scale = np.tile(np.maximum(accents.std(axis=0), 1e-3 * accents.std() + 1e-9), 2)
    return struck / scale


def _bar_length(struck: np.ndarray, config: MeterConfig) -> tuple[int, float]:
    """Beats to the bar by how like the beats of neighbouring bars are, and how sure that is."""
    centred = struck - struck.mean(axis=0)
    scores = {}
    for count in config.choices:
        scores[count] = similarity(centred, count) + (config.usual if count == 4 else 0.0)
    best = max(scores, key=scores.get)
    others = [score for count, score in scores.items() if count != best]
    return (best, float(np.clip(scores[best] - max(others), 0.0, 1.0))) if scores[best] > 0.3 else (4, 0.0)


def similarity(centred: np.ndarray, count: int) -> float:
    """Correlation in [-1, 1] of what is struck with what is struck `count` beats later."""
    if len(centred) < count + 2:
        return -1.0
    one, other = centred[:-count], centred[count:]
    power = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / power) if power > 1e-9 else 0.0


def _first_of_bar(struck: np.ndarray, count: int) -> tuple[int, float]:
    """Index of the first downbeat by the low register's accents, and how far it leads in [0, 1]."""
    low = struck[:, 0] + 0.3 * struck[:, :3].sum(axis=1)
    means = np.array([low[phase::count].mean() if len(low) > phase else -np.inf for phase in range(count)])
    order = np.argsort(-means, kind="stable")
    lead = means[order[0]] - means[order[1]] if count > 1 else 1.0
    spread = max(float(np.std(low)), 1e-9)
    return int(order[0]), float(np.clip(lead / (2 * spread), 0.0, 1.0))
