"""What agents weigh, and their own choice with every switch on auto: do they want what a musician would?

For drums and a pitched clip that is the input's rhythm and the target's harmony and timbre. A factor is right
where the component of that clip weighs more than the other's. The original reported that weights settle at
0.6 to 0.8 and above for these three, and at 0.1 to 0.3 and below for the others. It claimed, too, that
composing beats linear mixing and measured neither: `agents_table` has agents trained alike beside the
systems that need no training.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from compjax.evaluation.report import markdown
from compjax.measures import joint_score
from compjax.music.factors import FACTORS, INPUT, TARGET, Switches

WEIGHED = tuple(f"{clip} {factor}" for clip in ("input", "target") for factor in joint_score.FACTORS[:3])
"""The six component weights, in the order of the gates."""

Weights = Mapping[str, Mapping[str, float]]
"""Component weights of one output: source -> factor -> [0, 1]."""

CHOSEN_FROM, OTHER_TO = 0.6, 0.3
"""What the original reported: chosen components weigh at least this, the others at most that."""

EVERY = "all three"
"""Names the row of the pairs in which every factor is right."""


def mean_weights(weights: Sequence[Weights]) -> list[float]:
    """The six component weights, the mean over outputs; a ValueError if there is none."""
    if not weights:
        raise ValueError("there are no outputs whose weights could be averaged")
    rows = [[one[clip][factor] for clip, factor in map(str.split, WEIGHED)] for one in weights]
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def add_weights(results: dict, weights: Mapping[str, Sequence[Weights]]) -> dict:
    """Results of a benchmark (`report.as_dict`) with the mean component weights of the agents among them."""
    systems = {
        name: row | ({"weights": mean_weights(weights[name])} if weights.get(name) else {})
        for name, row in results["systems"].items()
    }
    return results | {"systems": systems}


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


def agents_table(results: dict) -> str:
    """Systems as rows: the factors from floor 0 to ceiling 1, the plain figures, the component weights."""
    header = ["system", "joint (95 %)", *joint_score.FACTORS, "onset F1", "in chord", "closeness"]
    header += ["gating R²", "mosaic R²", "mix R²", "weights of input r/h/t", "of target r/h/t"]
    return markdown(header, [_agent_row(name, figures) for name, figures in results["systems"].items()])


def _agent_row(name: str, figures: dict) -> list[str]:
    joint = figures["joint"]
    cells = [name, f"{joint['mean']:.2f} ({joint['low']:.2f}–{joint['high']:.2f})"]
    cells += [f"{figures['factors'][factor]:.2f}" for factor in joint_score.FACTORS]
    cells += [f"{figures['scores'][column]['mean']:.2f}" for column in ("onset_f1", "in_chord", "timbre")]
    cells += [f"{figures['scores'][column]['mean']:.2f}" for column in ("gating_r2", "mosaic_r2", "mix_r2")]
    weights = figures.get("weights")
    if weights is None:
        return [*cells, "–", "–"]
    return [*cells, *("/".join(f"{value:.2f}" for value in part) for part in (weights[:3], weights[3:]))]
