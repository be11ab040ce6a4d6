"""One number for an output, and how sure we can be of a mean: the joint score and the bootstrap.

The joint score is the geometric mean of rhythm, harmony, timbre and novelty, each mapped so that 0 is the
floor (the arrangement of another pair) and 1 the ceiling (the rendered arrangement of this one) and clipped
to [0, 1]. A copy wins single columns and scores nothing.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from compjax.measures.adherence import FactorScores

FACTORS = ("rhythm", "harmony", "timbre", "novelty")


def rhythm(scores: FactorScores) -> float:
    """Mean of onset F-measure, beat F-measure and envelope cosine."""
    return (scores.onset_f1 + scores.beat_f1 + scores.envelope_cosine) / 3.0


def harmony(scores: FactorScores) -> float:
    """Mean of chroma cosine and in-chord energy."""
    return (scores.chroma_cosine + scores.in_chord) / 2.0


def timbre(scores: FactorScores) -> float:
    """The timbre margin, -1 to 1."""
    return scores.timbre_margin


def novelty(scores: FactorScores) -> float:
    """What is neither gated nor pieced together from the sources' frames: 1 less the larger R2."""
    return 1.0 - max(scores.gating_r2, scores.mosaic_r2)


MEASURES = {"rhythm": rhythm, "harmony": harmony, "timbre": timbre, "novelty": novelty}


@dataclasses.dataclass(frozen=True)
class Anchors:
    """Values of the four measures, in the order of FACTORS, that map to 0 and to 1."""

    floor: tuple[float, float, float, float]
    ceiling: tuple[float, float, float, float]


FIXED = Anchors(floor=(0.32, 0.24, 0.11, 0.0), ceiling=(0.79, 0.87, 0.48, 0.25))
"""For recordings, which have no arrangement: floor and ceiling of rendered pairs."""


def measure(scores: FactorScores) -> tuple[float, ...]:
    """The four measures of one output, in the order of FACTORS."""
    return tuple(MEASURES[factor](scores) for factor in FACTORS)


def anchors_from(floor: Sequence[FactorScores], ceiling: Sequence[FactorScores]) -> Anchors:
    """Anchors from the outputs that define them; novelty's floor is 0, as nothing is worse than a copy."""
    low, high = (np.mean([measure(one) for one in group], axis=0) for group in (floor, ceiling))
    low[FACTORS.index("novelty")] = 0.0
    low[FACTORS.index("timbre")] = max(low[FACTORS.index("timbre")], 0.0)  # at 0 both clips are equally near
    return Anchors(tuple(low.tolist()), tuple(high.tolist()))


def normalised(measures: Sequence[float], anchors: Anchors = FIXED) -> dict[str, float]:
    """The four factors from floor 0 to ceiling 1, clipped; 0 or 1 where the ceiling is no higher."""
    ranges = zip(FACTORS, measures, anchors.floor, anchors.ceiling, strict=True)
    return {factor: _between(value, low, high) for factor, value, low, high in ranges}


def _between(value: float, low: float, high: float) -> float:
    if high <= low:
        return float(value >= high)
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def joint(measures: Sequence[float], anchors: Anchors = FIXED) -> float:
    """Geometric mean of the normalised factors, in [0, 1].

    Args: the four measures of one output, or their means over the recordings: the joint score of a system.
    """
    return float(np.prod(list(normalised(measures, anchors).values())) ** (1.0 / len(FACTORS)))


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A statistic over recordings and its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> Estimate:
    """A statistic over recordings with its 95 % percentile-bootstrap interval (Efron 1979).

    Args:
      values: one row (or number) a recording, `[N]` or `[N, K]`, N at least 1.
      statistic: of such an array; the mean if None.
    """
    values = np.asarray(values, np.float64)
    if values.ndim == 0 or len(values) == 0:
        raise ValueError(f"an estimate needs at least one value, not shape {values.shape}")
    statistic = statistic or np.mean
    draws = np.random.default_rng(seed).integers(len(values), size=(rounds, len(values)))
    low, high = np.percentile([statistic(values[draw]) for draw in draws], [2.5, 97.5])
    return Estimate(float(statistic(values)), float(low), float(high))


def system_joint(scores: Sequence[FactorScores], anchors: Anchors = FIXED) -> Estimate:
    """Joint score of a system's mean measures over the recordings; the bootstrap draws recordings."""
    table = np.asarray([measure(one) for one in scores])
    return bootstrap(table, lambda rows: joint(rows.mean(axis=0), anchors))


def paired_difference(before: np.ndarray, after: np.ndarray, anchors: Anchors = FIXED) -> dict[str, Estimate]:
    """What changed from one system to another on the same recordings, with intervals: "joint" and factors.

    The bootstrap draws recordings, and for each draw both systems are scored on the same ones: that some
    recordings are harder for both does not widen the interval.

    Args: the four measures of every recording, `[N, 4]` each, the recordings in one order.
    """
    both = np.stack([before, after], axis=1)
    statistics = {"joint": lambda measures: joint(measures, anchors)}
    statistics |= {factor: _normalised_one(factor, anchors) for factor in FACTORS}

    def change(statistic):
        return lambda rows: statistic(rows[:, 1].mean(axis=0)) - statistic(rows[:, 0].mean(axis=0))

    return {name: bootstrap(both, change(statistic)) for name, statistic in statistics.items()}


def _normalised_one(factor: str, anchors: Anchors) -> Callable[[np.ndarray], float]:
    return lambda measures: normalised(measures, anchors)[factor]
