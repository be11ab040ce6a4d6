"""The meter that is heard in beats: how many make a bar, and which is the first of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.hearing.tempo import network
from compjax.music.time.meter import COMMON, Meter


@dataclasses.dataclass(frozen=True)
class MeterConfig:
    """How bars are told apart.

    Attributes:
        around: seconds around a beat within which its accents are taken.
        head: seconds within which a clip that begins with a beat has its first.
        choices: beats to the bar that are looked for.
        alike: correlation that bars of some length must have to be bars.
        fastest_quarter: beats of odd meters that are faster than this, per minute, are eighths.
    """

    around: float = 0.04
    head: float = 0.08
    choices: tuple[int, ...] = (3, 4, 5, 6, 7)
    alike: float = 0.2
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
    phase, sure_phase = _first_of_bar(struck, count, times[0] < config.head)
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
    made = alikeness(struck, config)
    if made[:, 0].max() <= config.alike:
        return COMMON.beats, 0.0
    scores = made @ network("meter")
    likely = np.exp(scores - scores.max())
    return config.choices[int(np.argmax(scores))], float(likely.max() / likely.sum())


def alikeness(struck: np.ndarray, config: MeterConfig = MeterConfig()) -> np.ndarray:
    """What speaks for each choice of beats to the bar, `[choices, 17]`, of what is struck `[N, 6]`.

    How like beats are to those a bar later, two bars later, and by register; how much more so than for other
    choices and for a beat more or less; whether half the bar, or twice it, would do; and which choice it is.
    """
    centred = struck - struck.mean(axis=0)
    alike = [similarity(centred, count) for count in range(2 * max(config.choices) + 1)]
    rows = []
    for count in config.choices:
        within = len(struck) >= 2 * count + 2
        related = {count, 2 * count, count / 2}
        others = max(alike[other] for other in config.choices if other not in related)
        parts = (similarity(centred[:, [voice, voice + 3]], count) for voice in range(3))
        rows.append(
            [
                alike[count],
                alike[2 * count] if within else alike[count],
                *(part if len(struck) >= count + 2 else 0.0 for part in parts),
                alike[count] - others,
                alike[count] - alike[count - 1],
                alike[count] - alike[count + 1],
                alike[3] if count == 6 else 0.0,
                alike[2] if count == 4 else 0.0,
                alike[6] if count == 3 and len(struck) >= 8 else 0.0,
                alike[1] if count == 4 else 0.0,
                *(float(count == choice) for choice in config.choices),
            ]
        )
    return np.clip(np.array(rows), -1.0, 1.0)


def similarity(centred: np.ndarray, count: int) -> float:
    """Correlation in [-1, 1] of what is struck with what is struck `count` beats later."""
    if len(centred) < count + 2:
        return -1.0
    one, other = centred[:-count], centred[count:]
    power = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / power) if power > 1e-9 else 0.0


def _first_of_bar(struck: np.ndarray, count: int, begins: bool) -> tuple[int, float]:
    """Index of the first downbeat by what is struck on it and around it, and how likely it is in [0, 1].

    A logistic choice among the places of the bar, fitted as the tempo's network is (`tempo.py`). `begins`
    is whether the clip begins with a beat: then that one is likely.
    """
    if len(struck) < count:
        return 0, 0.0
    scores = around(struck, count, begins) @ network("downbeat")
    likely = np.exp(scores - scores.max())
    best = int(np.argmax(likely))
    return best, float(likely[best] / likely.sum())


def around(struck: np.ndarray, count: int, begins: bool) -> np.ndarray:
    """What is struck on and around each place of the bar, `[count, 25]`, of beats `[N, 6]`."""
    means = np.stack([struck[place::count].mean(axis=0) for place in range(count)])
    means = (means - means.mean(axis=0)) / (struck.std(axis=0) + 0.1)
    following = [np.roll(means, -step, axis=0) for step in (0, 1, -1, 2)]
    return np.column_stack([*following, begins & (np.arange(count) == 0)])
