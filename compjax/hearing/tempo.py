"""The tempo that is heard: which of the periods that a clip repeats by is the beat.

Octave errors are the commonest: a clip that repeats every 0.5 s repeats every second too, and nearly
every 0.25 s. Each period that the onset strength repeats by, and its simple multiples, is judged by a
small network: by how strongly whole, halves, thirds and multiples of it repeat in the low, middle and high
register, by what is struck on its beats and between, and by its tempo. `compjax/training/tempo.py` fits it to
drawn drum clips; `python -m compjax.evaluation.hearing.tempo` measures it on other patterns.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib

import numpy as np

from compjax.audio.transforms import fourier
from compjax.measures.beats import autocorrelation, smoothed
from compjax.music.time.meter import Meter

ASSET = pathlib.Path(__file__).resolve().parents[1] / "assets" / "grid.npz"
"""The fitted numbers."""

MULTIPLES = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4, 5, 6, 7, 8)
"""Of a period, at which all registers' strength is compared with itself."""

REGISTER_MULTIPLES = ((1 / 2, 1, 2, 3, 4), (1 / 2, 1, 2, 3, 4), (1 / 4, 1 / 3, 1 / 2, 1))
"""The same for low, middle and high register."""

PAIRS = ((1, 2), (1, 3), (2, 3))
"""Registers, counted from low as 1, whose strokes are looked at beside each other's."""

PAIR_MULTIPLES = ((0, 1 / 2, 1, 3 / 2, 2, 3), (0, 1 / 2, 1 / 4, 1 / 3), (0, 1 / 2, 1 / 4, 1 / 3))
"""Of a period, at which they are: a backbeat is a beat from the kick, half time two, double time half."""

LAYERS = ("mean", "spread", "inner", "bias", "outer")
"""Arrays of a network."""

PLACES = (0.0, 1 / 4, 1 / 2, 3 / 4, 1 / 3, 2 / 3)
"""Of a beat, at which it is looked at what is struck."""


@dataclasses.dataclass(frozen=True)
class TempoConfig:
    """Which periods are judged.

    Attributes:
        slowest: beats per minute.
        fastest: the same.
        longest: seconds of the longest period that is looked for in the repetitions themselves.
        peaks: strongest repetitions that are followed up.
        candidates: periods that are judged at most.
        apart: periods closer than this, as a logarithm, are one.
        bins: parts of a beat that what is struck is gathered in.
        bar: beats of the longest bar that is looked for.
        seconds: of a long clip so much is judged, from its beginning.
    """

    slowest: float = 38.0
    fastest: float = 330.0
    longest: float = 2.2
    peaks: int = 8
    candidates: int = 24
    apart: float = 0.03
    bins: int = 24
    bar: int = 8
    seconds: float = 60.0


@dataclasses.dataclass(frozen=True, eq=False)
class Repetition:
    """Onset strength of a clip and how it repeats.

    Attributes:
        registers: low, middle and high, and before them their sum: `[T]` each, smoothed.
        correlations: the autocorrelation of each, `[T]`.
        crossed: the correlations of `PAIRS`, `[2 T - 1]`, lag 0 in the middle.
        rate: Hz.
    """

    registers: tuple[np.ndarray, ...]
    correlations: tuple[np.ndarray, ...]
    crossed: tuple[np.ndarray, ...]
    rate: float

    @classmethod
    def of(cls, accents: np.ndarray, rate: float) -> Repetition:
        """Of onset strength by register `[T, 3]`."""
        parts = [smoothed(register, 1.5) for register in np.asarray(accents, float).T]
        registers = (sum(parts), *parts)
        still = np.zeros(len(accents))
        repeating = tuple(autocorrelation(r) if r.std() > 1e-6 else still for r in registers)
        crossed = tuple(_crossed(registers[one], registers[other]) for one, other in PAIRS)
        return cls(registers, repeating, crossed, rate)

    def at(self, register: int, seconds: np.ndarray | float) -> np.ndarray:
        """The strongest correlation within 2 % of lags; 0 beyond the clip."""
        values, lags = self._strongest[register], np.asarray(seconds) * self.rate
        return np.where(lags > values.size - 3, 0.0, values[_nearest(lags, values.size)])

    def between(self, pair: int, seconds: np.ndarray | float) -> np.ndarray:
        """The strongest correlation of two registers, within 2 % of those distances either way."""
        values, lags = self._strongest_crossed[pair], np.asarray(seconds) * self.rate
        return np.where(lags > 0.7 * values.size, 0.0, values[_nearest(lags, values.size)])

    @functools.cached_property
    def _strongest(self) -> np.ndarray:
        return _strongest_near(np.stack(self.correlations))

    @functools.cached_property
    def _strongest_crossed(self) -> np.ndarray:
        both, last = np.stack(self.crossed), len(self.registers[0]) - 1
        ways = _strongest_near(both[:, last:]), _strongest_near(both[:, last::-1])
        return np.clip(np.maximum(*ways), -1.0, 1.0)

    @functools.cached_property
    def per_second(self) -> tuple[float, ...]:
        """Strokes per second, all and by register."""
        counts = []
        for strength in self.registers:
            here = strength[1:-1]
            peaks = (here >= strength[:-2]) & (here > strength[2:])
            counts.append(float((peaks & (here > 0.15 * np.percentile(strength, 99))).sum()))
        return tuple(count * self.rate / len(self.registers[0]) for count in counts)


def _nearest(lags: np.ndarray, count: int) -> np.ndarray:
    """Indices of the frames nearest to lags, within `count` of them."""
    return np.minimum(np.round(lags).astype(int), count - 1)


def _strongest_near(values: np.ndarray) -> np.ndarray:
    """The largest of values `[N, T]` by lag within 2 % of each lag, one frame at least.

    By the largest of 1, 2, 4... neighbours, of which two that overlap make every width.
    """
    count = values.shape[1]
    lags = np.arange(count)
    widths = np.maximum(1, np.round(0.02 * lags)).astype(int)
    first, last = np.maximum(lags - widths, 0), np.minimum(lags + widths, count - 1)
    level = np.log2(last - first + 1).astype(int)
    out, largest = np.empty(values.shape), values
    for step in range(level.max() + 1):
        here = level == step
        out[:, here] = np.maximum(largest[:, first[here]], largest[:, last[here] - 2**step + 1])
        largest = np.maximum(largest[:, : -(2**step)], largest[:, 2**step :])
    return out


def _crossed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation `[2 T - 1]` of two envelopes `[T]`, each lag divided by its number of terms."""
    first, second = one - one.mean(), other - other.mean()
    count = len(one)
    size = 1 << (2 * count - 1).bit_length()
    made = fourier.irfft(np.conj(fourier.rfft(first, size)) * fourier.rfft(second, size), size)
    terms = count - np.abs(np.arange(1 - count, count))
    scale = max(float(np.sqrt(np.mean(first**2) * np.mean(second**2))), 1e-9)
    return np.concatenate([made[size - count + 1 :], made[:count]]) / terms / scale


def hear(accents: np.ndarray, rate: float, config: TempoConfig = TempoConfig()) -> tuple[float, float]:
    """Seconds of the beat of onset strength `[T, 3]`, and how sure it is; (0, 0) where nothing repeats.

    How sure is told by `sureness`.
    """
    accents = accents[: round(config.seconds * rate)]
    if accents.sum() <= 0.0:
        return 0.0, 0.0
    clip = Repetition.of(accents, rate)
    periods = candidates(clip, config)
    if not periods:
        return 0.0, 0.0
    scores = judged(np.array([features(clip, period, config) for period in periods]))
    period = periods[int(np.argmax(scores))]
    return period, sureness(clip, period, config)


def sureness(clip: Repetition, period: float, config: TempoConfig = TempoConfig()) -> float:
    """How strongly the clip repeats after some beats, of which it holds twice as many, in [0, 1]."""
    half = len(clip.registers[0]) / clip.rate / 2
    counts = [count for count in range(1, config.bar + 1) if count * period <= half] or [1]
    return float(np.clip(clip.at(0, period * np.array(counts)).max(), 0.0, 1.0))


def counted(accents, rate: float, period: float, meter: Meter, usual: float = 115.0) -> float:
    """Which of a beat, its half and its double a known meter counts: its bars repeat, at a usual tempo."""
    clip = Repetition.of(accents, rate)

    def score(seconds: float) -> float:
        octaves = np.log2(240.0 / (seconds * meter.unit) / usual)
        return float(clip.at(0, meter.beats * seconds)) - 0.1 * octaves**2

    return max((period, period / 2, period * 2), key=score)


def candidates(clip: Repetition, config: TempoConfig = TempoConfig()) -> list[float]:
    """Periods in seconds that may be the beat, those that repeat most strongly first."""
    values = clip.correlations[0]
    lags = np.arange(int(0.12 * clip.rate), min(int(config.longest * clip.rate), len(values) // 2))
    if lags.size < 3:
        return []
    here, before, after = values[lags[1:-1]], values[lags[:-2]], values[lags[2:]]
    peaks = lags[1:-1][(here >= before) & (here >= after) & (here > 0.02)]
    peaks = peaks[np.argsort(-values[peaks], kind="stable")][: config.peaks]
    found: list[float] = []
    for peak in peaks:
        for factor in (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3):
            period = _refined(values, int(peak)) * factor / clip.rate
            allowed = 60.0 / config.fastest <= period <= 60.0 / config.slowest
            if allowed and all(abs(np.log(period / other)) > config.apart for other in found):
                found.append(float(period))
    return found[: config.candidates]


def _refined(values: np.ndarray, lag: int) -> float:
    """A lag made exact by the peaks at two, four and eight times it."""
    exact = float(lag)
    for times in (2, 4, 8):
        place = exact * times
        if place > 0.6 * len(values):
            break
        width, middle = max(2, int(0.02 * place)), round(place)
        around = values[middle - width : middle + width + 1]
        if len(around) < 2 * width + 1:
            break
        peak = middle - width + int(np.argmax(around))
        exact = _vertex(values, peak) / times if 0 < peak < len(values) - 1 else peak / times
    return exact


def _vertex(values: np.ndarray, index: int) -> float:
    """Abscissa of the parabola through a value and its neighbours."""
    before, here, after = values[index - 1 : index + 2]
    curvature = before - 2.0 * here + after
    return index + (0.5 * (before - after) / curvature if curvature < 0 else 0.0)


def features(clip: Repetition, period: float, config: TempoConfig = TempoConfig()) -> np.ndarray:
    """What the network judges a period of that many seconds by, `[F]`."""
    made = [*clip.at(0, period * np.array(MULTIPLES))]
    for register, multiples in enumerate(REGISTER_MULTIPLES, start=1):
        made += [*clip.at(register, period * np.array(multiples))]
    struck = _within_beat(clip.registers, period * clip.rate, config.bins)
    share = struck / np.maximum(struck.mean(axis=1, keepdims=True), 1e-9)
    beat = int(np.argmax(share[0] + 0.7 * share[1]))
    places = (beat + np.round(np.array(PLACES) * config.bins).astype(int)) % config.bins
    made += [*(np.minimum(share[:, places], 6.0) / 3).ravel()]
    for pair, multiples in enumerate(PAIR_MULTIPLES):
        made += [*clip.between(pair, period * np.array(multiples))]
    made += [np.log2(max(count * period, 0.05)) for count in clip.per_second]
    power = np.array([register.sum() for register in clip.registers[1:]])
    made += list(np.sqrt(power / max(power.sum(), 1e-9)))
    octaves = np.log2(60.0 / period / 120.0)
    return np.array([*made, octaves, octaves**2, abs(octaves)])


def _within_beat(strengths: tuple[np.ndarray, ...], period: float, bins: int) -> np.ndarray:
    """Mean of strengths `[T]` each by place within a beat of `period` frames, `[N, bins]`, a bit smoothed."""
    place = np.floor((np.arange(len(strengths[0])) + 0.5) / period % 1.0 * bins).astype(int)
    count = np.maximum(np.bincount(place, minlength=bins), 1)
    mean = np.stack([np.bincount(place, strength, minlength=bins) for strength in strengths]) / count
    around = np.concatenate([mean[:, -1:], mean, mean[:, :1]], axis=1)
    return 0.5 * mean + 0.25 * (around[:, :-2] + around[:, 2:])


@functools.cache
def network(name: str) -> np.ndarray:
    """One of the fitted arrays."""
    with np.load(ASSET) as file:
        return file[name]


def judged(made: np.ndarray, which: str = "") -> np.ndarray:
    """A network's scores `[N]` of features `[N, F]`: the higher the more likely. Unnamed it is the beat's."""
    mean, spread, inner, bias, outer = (network(which + name) for name in LAYERS)
    return np.tanh((made - mean) / spread @ inner + bias) @ outer
