"""What changed from one model to another, or from an earlier run to this one, and how sure that is."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from compjax.evaluation.report import markdown
from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.measures.joint_score import Anchors, Estimate

FIGURES = ("joint", *joint_score.FACTORS)
"""What is compared."""


@dataclasses.dataclass(frozen=True)
class Change:
    """Two forms of one system.

    Attributes:
        system: its name.
        before, after: its figures by name, see FIGURES, each in [0, 1].
        difference: after less before, with intervals; None where the recordings are not the same.
    """

    system: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    difference: Mapping[str, Estimate] | None


def between_systems(results: dict, before: str, after: str) -> list[Change]:
    """The change from one system of a run to another, both judged on the same pairs."""
    measures = [_measures(results["systems"][name]) for name in (before, after)]
    return [_paired(f"{before} → {after}", *measures, _anchors(results))]


def between_runs(before: dict, after: dict) -> list[Change]:
    """The change of every system that two runs share.

    On the same pairs in the same order, both are scored by the later run's anchors and the intervals are
    paired. On others, each run's figures are its own.
    """
    same = all(before.get(key) == after[key] for key in ("pairs", "switches"))
    anchors = _anchors(after)
    changes = []
    for name in after["systems"]:
        if name not in before["systems"]:
            continue
        old, new = before["systems"][name], after["systems"][name]
        measures = [_measures(row) for row in (old, new)]
        if same and all(one is not None for one in measures):
            changes.append(_paired(name, *measures, anchors))
        else:
            changes.append(Change(name, _figures(old), _figures(new), None))
    return changes


def _paired(name: str, before: np.ndarray, after: np.ndarray, anchors: Sequence[Anchors]) -> Change:
    tables = [joint_score.factor_table(measures, anchors) for measures in (before, after)]
    figures = [_means(table) for table in tables]
    return Change(name, *figures, joint_score.paired_difference(before, after, anchors))


def _means(table: np.ndarray) -> dict[str, float]:
    """Mean joint score and factors of a table `[N, 4]` of factors."""
    joint = float(joint_score.geometric_mean(table).mean())
    return {"joint": joint, **dict(zip(joint_score.FACTORS, table.mean(axis=0).tolist(), strict=True))}


def _anchors(results: dict) -> list[Anchors]:
    return [Anchors(tuple(one["floor"]), tuple(one["ceiling"])) for one in results["anchors"]]


def _measures(row: dict) -> np.ndarray | None:
    """The four measures `[N, 4]` of a system's recordings; None of a file that does not hold them."""
    names = [field.name for field in dataclasses.fields(FactorScores)]
    try:
        scores = [FactorScores(**{name: one[name] for name in names}) for one in row["recordings"]]
        return np.asarray([joint_score.measure(one) for one in scores], np.float64)
    except (KeyError, TypeError):
        return None


def _figures(row: dict) -> dict[str, float]:
    return {"joint": row["joint"]["mean"], **row["factors"]}


def as_dicts(changes: Sequence[Change]) -> list[dict]:
    """The changes, ready for JSON."""
    return [dataclasses.asdict(change) for change in changes]


def from_dicts(changes: Sequence[Mapping]) -> list[Change]:
    """What `as_dicts` wrote."""
    return [
        Change(
            one["system"],
            one["before"],
            one["after"],
            one["difference"]
            and {name: Estimate(**estimate) for name, estimate in one["difference"].items()},
        )
        for one in changes
    ]


def cells(changes: Sequence[Change]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: before → after (difference, its interval)."""
    return ["system", *FIGURES], [
        [change.system, *(_cell(change, figure) for figure in FIGURES)] for change in changes
    ]


def _cell(change: Change, figure: str) -> str:
    was, now = change.before[figure], change.after[figure]
    text = f"{was:.2f} → {now:.2f} ({now - was:+.2f}"
    if change.difference is None:
        return f"{text})"
    estimate = change.difference[figure]
    return f"{text}, {estimate.low:+.2f} to {estimate.high:+.2f})"


def caption(changes: Sequence[Change], count: int) -> str:
    """What the cells are, over how many recordings; or why they have no intervals."""
    if not changes:
        return "The earlier run shares no system with this one."
    if any(change.difference is None for change in changes):
        return (
            "Before → after (difference). It has no interval: the pairs differ, or their order or switches."
        )
    return (
        f"Before → after (difference, its 95 % interval: paired bootstrap over {count} "
        f"recording{'s' if count > 1 else ''})."
    )


def table(changes: Sequence[Change], count: int) -> str:
    """The changes over `count` recordings as a Markdown table below its caption."""
    words = caption(changes, count)
    return f"{words}\n\n{markdown(*cells(changes))}" if changes else f"{words}\n"
