"""Agents side by side: what each keeps of rhythm, harmony and timbre, how new it is, and what it weighs.

The original claimed that composing beats linear mixing and measured neither. This is the table: agents
trained alike, beside the systems that need no training.
"""

from collections.abc import Mapping, Sequence

from compjax.evaluation.report import markdown
from compjax.measures import joint_score

WEIGHED = tuple(f"{clip} {factor}" for clip in ("input", "target") for factor in joint_score.FACTORS[:3])
"""The six component weights, in the order of the gates."""

Weights = Mapping[str, Mapping[str, float]]
"""Component weights of one output: source -> factor -> [0, 1]."""


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


def table(results: dict) -> str:
    """Systems as rows: the factors from floor 0 to ceiling 1, the plain figures, the component weights."""
    header = ["system", "joint (95 %)", *joint_score.FACTORS, "onset F1", "in chord", "closeness"]
    header += ["gating R²", "mosaic R²", "mix R²", "weights of input r/h/t", "of target r/h/t"]
    return markdown(header, [_row(name, figures) for name, figures in results["systems"].items()])


def _row(name: str, figures: dict) -> list[str]:
    joint = figures["joint"]
    cells = [name, f"{joint['mean']:.2f} ({joint['low']:.2f}–{joint['high']:.2f})"]
    cells += [f"{figures['factors'][factor]:.2f}" for factor in joint_score.FACTORS]
    cells += [f"{figures['scores'][column]['mean']:.2f}" for column in ("onset_f1", "in_chord", "timbre")]
    cells += [f"{figures['scores'][column]['mean']:.2f}" for column in ("gating_r2", "mosaic_r2", "mix_r2")]
    weights = figures.get("weights")
    if weights is None:
        return [*cells, "–", "–"]
    return [*cells, *("/".join(f"{value:.2f}" for value in part) for part in (weights[:3], weights[3:]))]
