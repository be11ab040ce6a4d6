"""The agent's own choice of components, with every switch on auto: does it want what a musician would?

For drums and a pitched clip that is the input's rhythm and the target's harmony and timbre. A factor is right
where the component of that clip weighs more than the other's. The original reported that weights settle at
0.6 to 0.8 and above for these three, and at 0.1 to 0.3 and below for the others.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from compjax.evaluation.agent_table import WEIGHED, Weights, mean_weights
from compjax.evaluation.report import markdown
from compjax.measures import joint_score
from compjax.music.factors import FACTORS, INPUT, TARGET, Switches

CHOSEN_FROM, OTHER_TO = 0.6, 0.3
"""What the original reported: chosen components weigh at least this, the others at most that."""


EVERY = "all three"
"""Names the row of the pairs in which every factor is right."""


def weights_of(one: Weights, ideal: Switches = Switches()) -> np.ndarray:
    """Weights `[3, 2]` of the ideal component and of the other, by factor."""
    other = {INPUT: TARGET, TARGET: INPUT}
    sources = ((factor, getattr(ideal, factor)) for factor in FACTORS)
    return np.asarray([[one[source][factor], one[other[source]][factor]] for factor, source in sources])


def summarise(names: Sequence[str], weights: Sequence[Weights], ideal: Switches = Switches()) -> dict:
    """Results for JSON of the weights of every pair's composition.

    Returns:
        `mean_weights`: six, by component. `right`, `expected`: factor (or EVERY) -> share of the pairs, with
        its 95 % interval, in which the ideal component weighs more, and in which both weights lie where the
        original's did. `pairs`: every pair's weights, and which factors are wrong.
    """
    values = np.asarray([weights_of(one, ideal) for one in weights])
    right = values[:, :, 0] > values[:, :, 1]
    expected = (values[:, :, 0] >= CHOSEN_FROM) & (values[:, :, 1] <= OTHER_TO)
    return {
        "ideal": dataclasses.asdict(ideal),
        "mean_weights": dict(zip(WEIGHED, mean_weights(weights), strict=True)),
        "right": _shares(right),
        "expected": _shares(expected),
        "pairs": [
            {"pair": name, "weights": one, "wrong": list(itertools.compress(FACTORS, ~row))}
            for name, one, row in zip(names, weights, right, strict=True)
        ],
    }


def _shares(holds: np.ndarray) -> dict:
    """Share of `[N, 3]` that holds, by factor and for all three."""
    columns = dict(zip((*FACTORS, EVERY), (*holds.T, holds.all(axis=1)), strict=True))
    return {name: dataclasses.asdict(joint_score.bootstrap(column)) for name, column in columns.items()}


def table(results: dict) -> str:
    """One row a factor and one for all three."""
    header = ["factor", "ideal", "weight of it", "of the other", "right (95 %)", "≥ 0.6 and ≤ 0.3"]
    other = {INPUT: TARGET, TARGET: INPUT}
    rows = []
    for factor, source in results["ideal"].items():
        mean = [results["mean_weights"][f"{clip} {factor}"] for clip in (source, other[source])]
        rows.append([factor, source, *(f"{value:.2f}" for value in mean), *_cells(results, factor)])
    return markdown(header, [*rows, [EVERY, "", "", "", *_cells(results, EVERY)]])


def _cells(results: dict, name: str) -> list[str]:
    right, expected = results["right"][name], results["expected"][name]
    return [f"{right['mean']:.0%} ({right['low']:.0%}–{right['high']:.0%})", f"{expected['mean']:.0%}"]
