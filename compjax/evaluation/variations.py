"""Variations of a pair: whether they differ from one another, and whether all of them keep the scores.

How alike two variations are is the F1 of their composed notes (`events.note_f1`: equal pitch, onsets within
50 ms). Every variation is judged as any system is, by `compjax.evaluation.benchmark`.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from compjax.evaluation import benchmark, report
from compjax.evaluation.benchmark import Benchmark, Judged, Output
from compjax.evaluation.report import markdown
from compjax.evaluation.testsets import Pair
from compjax.measures import joint_score, matching
from compjax.measures.adherence import FactorScores
from compjax.music.factors import Switches

DIFFERENT = 0.7
"""Two variations whose notes agree to less than this F1 count as different."""

COLUMNS = {"onset_f1": "onset F1", "in_chord": "in chord", "timbre": "closeness", "gating_r2": "gating R²"}
"""Scores shown beside the joint score."""

WORST = {"onset_f1": min, "in_chord": min, "timbre": min, "gating_r2": max}
"""Which value of several is the worst, by score."""

Varying = Callable[[Pair, int], Sequence[Output]]
"""(pair, how many) to that many variations with their notes."""


@dataclasses.dataclass(frozen=True)
class Variations:
    """What was found: `alike[pair]` holds the F1 of every two variations, `judged` has them one by one."""

    pairs: tuple[str, ...]
    alike: tuple[tuple[float, ...], ...]
    judged: Benchmark


def likeness(outputs: Sequence[Output]) -> tuple[float, ...]:
    """Note F1 of every two outputs; a ValueError if one has no notes to compare."""
    if any(output.notes is None for output in outputs):
        raise ValueError("outputs without notes cannot be compared")
    return tuple(
        matching.note_f1(one.notes, other.notes) for one, other in itertools.combinations(outputs, 2)
    )


def name_of(index: int) -> str:
    """Name of a variation as a system."""
    return f"variation {index + 1}"


def run(pairs: Sequence[Pair], vary: Varying, count: int) -> Variations:
    """Compose `count` variations of every pair, compare them with one another and judge each."""
    made: dict[int, Sequence[Output]] = {}
    alike = []

    def variation(index: int) -> benchmark.System:
        def system(pair: Pair, switches: Switches) -> Output:
            if id(pair) not in made:
                made[id(pair)] = vary(pair, count)
                alike.append(likeness(made[id(pair)]))
            return Output(made[id(pair)][index].audio)  # the truth's notes are those of another style

        return system

    judged = benchmark.run(pairs, {name_of(index): variation(index) for index in range(count)})
    return Variations(tuple(pair.name for pair in pairs), tuple(alike), judged)


def summarise(found: Variations) -> dict:
    """Results for JSON: those of the benchmark, and how alike the variations are and how bad the worst."""
    means = np.asarray([np.mean(values) for values in found.alike])
    alike = {
        "note_f1": dataclasses.asdict(joint_score.bootstrap(means)),
        "pairs_different": float(np.mean(means < DIFFERENT)),
        "two_different": float(np.mean(np.concatenate(found.alike) < DIFFERENT)),
        "pairs": [
            {"pair": pair, "mean": float(np.mean(values)), "highest": max(values), "note_f1": list(values)}
            for pair, values in zip(found.pairs, found.alike, strict=True)
        ],
    }
    by_pair = list(zip(*(one.scores for one in variations_of(found.judged)), strict=True))
    anchors = found.judged.anchors
    both = {"mean": mean_figures(by_pair, anchors), "worst": worst_figures(by_pair, anchors)}
    return report.as_dict(found.judged) | {"alike": alike, **both}


def variations_of(judged: Benchmark) -> list[Judged]:
    """The variations among the systems, without ceiling and controls."""
    others = (benchmark.CEILING, *benchmark.CONTROLS.values())
    return [one for one in judged.systems if one.system not in others]


def mean_figures(by_pair: Sequence[Sequence[FactorScores]], anchors: Sequence[joint_score.Anchors]) -> dict:
    """Figures of all variations of every pair together; intervals over pairs."""
    measures = np.asarray(
        [np.mean([joint_score.measure(one) for one in scores], axis=0) for scores in by_pair]
    )
    return _figures(by_pair, measures, anchors, lambda column, values: float(np.mean(values)))


def worst_figures(by_pair: Sequence[Sequence[FactorScores]], anchors: Sequence[joint_score.Anchors]) -> dict:
    """The same of the worst that any variation of a pair has, each measure by itself.

    No variation has a lower joint score than this one.
    """
    measures = np.asarray(
        [np.min([joint_score.measure(one) for one in scores], axis=0) for scores in by_pair]
    )
    return _figures(by_pair, measures, anchors, lambda column, values: WORST[column](values))


def _figures(
    by_pair: Sequence[Sequence[FactorScores]],
    measures: np.ndarray,
    anchors: Sequence[joint_score.Anchors],
    of_column: Callable,
) -> dict:
    """Figures as a system has them, of the pairs' measures `[N, 4]` and one number a pair and column."""
    joint = joint_score.system_joint(measures, anchors)
    scores = {}
    for column in COLUMNS:
        values = [of_column(column, [getattr(one, column) for one in several]) for several in by_pair]
        scores[column] = dataclasses.asdict(joint_score.bootstrap(values))
    return {"joint": dataclasses.asdict(joint), "scores": scores}


def tables(results: Mapping) -> list[str]:
    """How alike the variations are, and the scores of each and of every pair's worst."""
    alike = results["alike"]
    mean = alike["note_f1"]
    header = ["note F1 of two variations (95 %)", "pairs below 0.7", "twos below 0.7", "most alike pair"]
    most = max(alike["pairs"], key=lambda one: one["mean"])
    row = [f"{mean['mean']:.2f} ({mean['low']:.2f}–{mean['high']:.2f})", f"{alike['pairs_different']:.0%}"]
    row += [f"{alike['two_different']:.0%}", f"{most['mean']:.2f}: {most['pair']}"]
    rows = [*results["systems"].items(), ("mean", results["mean"]), ("worst of each pair", results["worst"])]
    scores = markdown(["", "joint (95 %)", *COLUMNS.values()], [_row(name, one) for name, one in rows])
    return [markdown(header, [row]), scores]


def _row(name: str, figures: Mapping) -> list[str]:
    joint = figures["joint"]
    cells = [name, f"{joint['mean']:.2f} ({joint['low']:.2f}–{joint['high']:.2f})"]
    cells += [f"{figures['scores'][column]['mean']:.2f}" for column in COLUMNS]
    return cells
