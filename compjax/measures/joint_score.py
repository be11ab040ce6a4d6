"""One number for an output, and how sure we can be of a mean: the joint score and the bootstrap.

An output has four measures: rhythm, harmony, timbre, novelty. Each is mapped so that 0 is its control, the
same piece with just that factor from elsewhere (for novelty: nothing that is not in the clips), and 1 what
the rendered arrangement reaches. The joint score of an output is the geometric mean of all four,
clipped to [0, 1]; that of a system is the mean over pairs. A copy wins single columns and scores nothing.
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
    """1 less the squared distance to the instrument in the timbre space."""
    return 1.0 - (1.0 - scores.timbre) ** 2


def novelty(scores: FactorScores) -> float:
    """What is neither gated nor pieced together from the sources' frames: 1 less the larger R2."""
    return 1.0 - max(scores.gating_r2, scores.mosaic_r2)


MEASURES = {"rhythm": rhythm, "harmony": harmony, "timbre": timbre, "novelty": novelty}


@dataclasses.dataclass(frozen=True)
class Anchors:
    """Values of the four measures, in the order of FACTORS, that map to 0 and to 1."""

    floor: tuple[float, float, float, float]
    ceiling: tuple[float, float, float, float]


FIXED = Anchors(floor=(0.33, 0.26, 0.07, 0.0), ceiling=(0.75, 0.84, 0.77, 0.32))
"""For recordings, which have neither controls nor arrangement: means of rendered pairs.

They are the `anchors_for_recordings` of `compjax-evaluate --rendered=24 --split=dev --parts=any --seed=3`.
"""

PERFECT = (1.0, 1.0, 1.0, 1.0)
"""The highest value of each measure."""

RANGE = (-0.5, 1.5)
"""Factors are clipped to this: a control has 0 on average, and no pair outweighs the others."""

LEAST_WAY = 0.05
"""A control this near to perfection cannot be told from it: its pair is scaled as if it were this far."""


def measure(scores: FactorScores) -> tuple[float, ...]:
    """The four measures of one output, in the order of FACTORS."""
    return tuple(MEASURES[factor](scores) for factor in FACTORS)


def anchors_from(floors: np.ndarray, ceilings: np.ndarray) -> tuple[Anchors, ...]:
    """Anchors of every pair: its own controls as the floor, what arrangements reach as the ceiling.

    Of the way from the floor to perfection an arrangement goes a share. A pair's ceiling is half way between
    its own arrangement's share and the mean one: one arrangement's own measure is as uncertain as any
    output's.

    Args: measures `[N, 4]` of the pairs' controls and of their arrangements.
    """
    floors, ceilings = np.asarray(floors, np.float64), np.asarray(ceilings, np.float64)
    way = np.maximum(np.asarray(PERFECT) - floors, LEAST_WAY)
    share = (ceilings - floors) / way
    highest = floors + way * (share + share.mean(axis=0)) / 2.0
    pairs = zip(floors.tolist(), highest.tolist(), strict=True)
    return tuple(Anchors(tuple(floor), tuple(ceiling)) for floor, ceiling in pairs)


def mean_anchors(floors: np.ndarray, ceilings: np.ndarray) -> Anchors:
    """One pair of anchors for all: the means of `[N, 4]` controls and arrangements."""
    return Anchors(*(tuple(np.mean(values, axis=0).tolist()) for values in (floors, ceilings)))


def normalised(measures: Sequence[float], anchors: Anchors = FIXED) -> dict[str, float]:
    """The four factors from floor 0 to ceiling 1, within RANGE; 0 or 1 where the ceiling is no higher."""
    ranges = zip(FACTORS, measures, anchors.floor, anchors.ceiling, strict=True)
    return {factor: _mapped(factor, value, low, high) for factor, value, low, high in ranges}


def share_of_way(factor: str, scores: FactorScores, anchors: Anchors = FIXED) -> float:
    """One factor of an output from floor 0 to ceiling 1, clipped to them."""
    place = FACTORS.index(factor)
    value = _mapped(factor, MEASURES[factor](scores), anchors.floor[place], anchors.ceiling[place])
    return float(np.clip(value, 0.0, 1.0))


def excess(share: float) -> float:
    """Share of the way in distance of a share in squared distance.

    Two clips of one instrument lie apart by chance, and chance adds to a distance in squares. What the
    ceiling's distance leaves of a square is how far the instruments themselves lie apart, and its root is
    that distance.
    """
    left = 1.0 - share
    return float(1.0 - np.sign(left) * np.sqrt(np.abs(left)))


def _mapped(factor: str, value: float, low: float, high: float) -> float:
    share = _between(value, low, high)
    return float(np.clip(excess(share) if factor == "timbre" else share, *RANGE))


def _between(value: float, low: float, high: float) -> float:
    if high <= low:
        return float(value >= high)
    return (value - low) / (high - low)


def joint(measures: Sequence[float], anchors: Anchors = FIXED) -> float:
    """Geometric mean of the normalised factors of one output, in [0, 1], of its four measures."""
    return float(geometric_mean(np.asarray(list(normalised(measures, anchors).values()))))


def geometric_mean(factors: np.ndarray) -> np.ndarray:
    """Geometric means `[...]` of factors `[..., 4]`, each clipped to [0, 1]."""
    return np.prod(np.clip(factors, 0.0, 1.0), axis=-1) ** (1.0 / factors.shape[-1])


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


def factor_table(measures: np.ndarray, anchors: Sequence[Anchors]) -> np.ndarray:
    """Normalised factors `[N, 4]` of the four measures of N outputs, each under its own pair's anchors."""
    rows = [list(normalised(one, ends).values()) for one, ends in zip(measures, anchors, strict=True)]
    return np.asarray(rows)


def system_joint(measures: np.ndarray, anchors: Sequence[Anchors]) -> Estimate:
    """Mean over pairs of every pair's joint score; measures `[N, 4]`; the bootstrap draws pairs."""
    return bootstrap(geometric_mean(factor_table(measures, anchors)))


def paired_difference(
    before: np.ndarray, after: np.ndarray, anchors: Sequence[Anchors]
) -> dict[str, Estimate]:
    """What changed from one system to another on the same recordings, with intervals: "joint" and factors.

    The bootstrap draws recordings, and for each draw both systems are scored on the same ones: that some
    recordings are harder for both does not widen the interval.

    Args: the four measures of every recording, `[N, 4]` each, the recordings in one order, and their anchors.
    """
    tables = [factor_table(measures, anchors) for measures in (before, after)]
    changes = {"joint": np.subtract(*[geometric_mean(table) for table in tables[::-1]])}
    changes |= dict(zip(FACTORS, (tables[1] - tables[0]).T, strict=True))
    return {name: bootstrap(change) for name, change in changes.items()}
