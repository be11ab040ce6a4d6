"""The meter that is heard in beats: how many make a bar, and which is the first of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.hearing.tempo import judged, network
from compjax.music.time.meter import COMMON, Meter


@dataclasses.dataclass(frozen=True)
class MeterConfig:
    """How bars are told apart.

    Attributes:
        around: seconds around a beat within which its accents are taken; half a part of it at most.
        parts: of a beat, at which it is looked at what is struck where bars begin.
        head: seconds within which a clip that begins with a beat has its first.
        choices: beats to the bar that are looked for.
        alike: correlation that bars of some length must have to be bars.
        fastest_quarter: beats of odd meters that are faster than this, per minute, are eighths.
    """

    around: float = 0.04
    parts: int = 4
    head: float = 0.08
    choices: tuple[int, ...] = (3, 4, 5, 6, 7)
    alike: float = 0.2
    fastest_quarter: float = 190.0


@dataclasses.dataclass(frozen=True)
class HeardMeter:
    """Beats to the bar, the index of its first beat, and how sure both are in [0, 1].

    `late` says that the beats are half a beat later than those that were given.
    """

    beats: int
    phase: int
    sure_meter: float
    sure_phase: float
    late: bool = False


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
    if len(times) < count:
        return HeardMeter(count, 0, sure, 0.0)
    scores = judged(around(times, accents, rate, count, config), "downbeat_")
    likely = np.exp(scores - scores.max())
    half = int(np.argmax(scores))
    return HeardMeter(count, half // 2, sure, float(likely.max() / likely.sum()), bool(half % 2))


def intervals(times: np.ndarray) -> np.ndarray:
    """Seconds from each of beats `[N]` to the next; the last as the one before."""
    return np.append(np.diff(times), times[-1] - times[-2])


def at_beats(times: np.ndarray, accents: np.ndarray, rate: float, config: MeterConfig) -> np.ndarray:
    """Accents `[N, 6]` on the beats and half-way to the next, each register's spread 1."""
    half = intervals(times) / 2
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


def around(
    times: np.ndarray, accents: np.ndarray, rate: float, count: int, config: MeterConfig = MeterConfig()
) -> np.ndarray:
    """What is struck from two beats before to three behind each place of the bar, `[2 count, 63]`.

    The places are beats `[N]` in seconds and half-way between: beats that are tracked may lie on the offbeat.
    A place is known besides by where the clip begins, and by which half of a beat it is.
    """
    parts, half = config.parts, config.parts // 2
    struck = at_parts(times, accents, rate, config)
    length = count * parts
    means = np.stack([struck[place::length].mean(axis=0) for place in range(length)])
    means = (means - means.mean(axis=0)) / (struck.std(axis=0) + 0.1)
    places = np.arange(0, length, half)
    near = (places[:, None] + np.arange(-2 * parts, 3 * parts)) % length
    begin = times[0] + places / parts * np.median(np.diff(times))
    known = [begin < config.head, places % parts > 0, places == 0]
    return np.column_stack([means[near].reshape(len(places), -1), *known])


def at_parts(times: np.ndarray, accents: np.ndarray, rate: float, config: MeterConfig) -> np.ndarray:
    """Accents `[N * parts, 3]` on the parts of beats, each register's spread 1; what is beyond the clip is
    as the mean.
    """
    steps = intervals(times)
    width = max(1, min(round(config.around * rate), int(steps.mean() / config.parts / 2 * rate)))
    padded = np.pad(accents, ((width, width), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1, axis=0).max(axis=-1)
    moments = (times[:, None] + steps[:, None] * np.arange(config.parts) / config.parts).ravel()
    frames = np.round(moments * rate - 0.5).astype(int)
    struck = windows[np.clip(frames, 0, len(windows) - 1)]
    beyond = frames >= len(windows)
    struck[beyond] = struck[~beyond].mean(axis=0)
    return struck / np.maximum(accents.std(axis=0), 1e-3 * accents.std() + 1e-9)
