"""A benchmark as one JSON file and one table in Markdown."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from compjax.errors import UserError
from compjax.evaluation import benchmark
from compjax.evaluation.benchmark import Adherence, Benchmark, Judged
from compjax.files import atomic_path, make_folder
from compjax.measures import joint_score, verdict
from compjax.measures.adherence import FactorScores
from compjax.measures.baselines import BASELINES

CODED = ", coded"
"""Ends the name of a system whose outputs went through the codec."""

COLUMNS = tuple(field.name for field in dataclasses.fields(FactorScores))
"""Every score is a column."""

HEADINGS = {
    "onset_f1": "onset F1",
    "onset_lag": "lag (ms)",
    "onset_chance": "by chance",
    "beat_f1": "beat F",
    "envelope_cosine": "envelope",
    "chroma_cosine": "chroma",
    "in_chord": "in chord",
    "in_chord_chance": "by chance",
    "timbre": "closeness",
    "timbre_margin": "margin to A",
    "named": "named",
    "spectral_distance": "MSS (dB)",
    "brightness": "brightness (JND)",
    "decay": "decay (JND)",
    "gating_r2": "gating R²",
    "mosaic_r2": "mosaic R²",
    "mix_r2": "mix R²",
    "mix_weaker": "weaker",
    "copy_input": "copy of A",
    "copy_target": "copy of B",
    "note_f1": "note F1",
    "ngram_novelty": "n-grams",
}


def row(made: Benchmark, judged: Judged) -> dict:
    """Figures of one system: joint score, factors, means with intervals, verdicts, every recording."""
    measures, anchors = judged.measures, made.anchors
    factors = joint_score.factor_table(measures, anchors)
    verdicts = [verdict.judge(one).value for one in judged.scores]
    return {
        "joint": dataclasses.asdict(joint_score.system_joint(measures, anchors)),
        "factors": dict(zip(joint_score.FACTORS, factors.mean(axis=0).tolist(), strict=True)),
        "scores": {column: _estimate(judged, column) for column in COLUMNS},
        "verdicts": {value: verdicts.count(value) for value in sorted(set(verdicts))},
        "recordings": [
            {
                "pair": pair,
                "joint": float(joint_score.geometric_mean(values)),
                "factors": dict(zip(joint_score.FACTORS, values.tolist(), strict=True)),
                "verdict": found,
                **dataclasses.asdict(one),
            }
            for pair, values, found, one in zip(made.pairs, factors, verdicts, judged.scores, strict=True)
        ],
    }


def _estimate(judged: Judged, column: str) -> dict | None:
    values = [getattr(one, column) for one in judged.scores if getattr(one, column) is not None]
    return dataclasses.asdict(joint_score.bootstrap(values)) if values else None


def as_dict(made: Benchmark) -> dict:
    """The whole benchmark, ready for JSON."""
    return {
        "pairs": list(made.pairs),
        "switches": dataclasses.asdict(made.switches),
        "families": list(made.families),
        "anchors": [dataclasses.asdict(one) for one in made.anchors],
        "anchors_for_recordings": made.recorded and dataclasses.asdict(made.recorded),
        "thresholds": dataclasses.asdict(verdict.THRESHOLDS),
        "systems": {judged.system: row(made, judged) for judged in made.systems},
    }


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, columns padded to one width."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in padded) + "\n"


def _cell(column: str, estimate: dict | None) -> str:
    if estimate is None:
        return "–"
    return f"{1000 * estimate['mean']:.0f}" if column == "onset_lag" else f"{estimate['mean']:.2f}"


def table(results: dict) -> str:
    """All systems as rows, all scores as columns, of `as_dict`'s result."""
    return markdown(*cells(results))


def cells(results: dict) -> tuple[list[str], list[list[str]]]:
    """The table's headings and rows."""
    header = ["system", "joint (95 %)", *joint_score.FACTORS, *HEADINGS.values(), "verdicts"]
    rows = []
    for name, figures in results["systems"].items():
        joint = figures["joint"]
        line = [name, f"{joint['mean']:.2f} ({joint['low']:.2f}–{joint['high']:.2f})"]
        line += [f"{figures['factors'][factor]:.2f}" for factor in joint_score.FACTORS]
        line += [_cell(column, figures["scores"][column]) for column in HEADINGS]
        line += [", ".join(f"{count} {value}" for value, count in figures["verdicts"].items())]
        rows.append(line)
    return header, rows


def by_family(results: dict) -> str:
    """The models' figures by the target's family of instruments; empty where it is not known."""
    families = results.get("families", [])
    known = sorted({family for family in families if family})
    if not known:
        return ""
    controls = (benchmark.CEILING, *benchmark.CONTROLS.values(), *BASELINES)
    rows = []
    for name in (name for name in results["systems"] if name.removesuffix(CODED) not in controls):
        for family in known:
            own = [
                one
                for one, is_of in zip(results["systems"][name]["recordings"], families, strict=True)
                if is_of == family
            ]
            figures = [np.mean([one["joint"] for one in own])]
            figures += [np.mean([one["factors"][factor] for one in own]) for factor in joint_score.FACTORS]
            named = [one["named"] for one in own if one["named"] is not None]
            rows.append([name, family, str(len(own)), *(f"{value:.2f}" for value in figures)])
            rows[-1] += [f"{np.mean(named):.0%}" if named else "–"]
    return (
        markdown(["system", "family", "pairs", "joint", *joint_score.FACTORS, "named"], rows) if rows else ""
    )


def switch_table(adherences: Sequence[Adherence]) -> str:
    """One row a system and setting: adherence to the chosen source and, in brackets, to the other."""
    header = [
        "system",
        "rhythm",
        "harmony",
        "timbre",
        "onset F1 (other)",
        "chroma (other)",
        "in chord",
        "timbre nearer",
    ]
    rows = [
        [
            one.system,
            *dataclasses.astuple(one.switches),
            f"{one.onset_f1:.2f} ({one.onset_f1_other:.2f})",
            f"{one.chroma_cosine:.2f} ({one.chroma_cosine_other:.2f})",
            f"{one.in_chord:.2f}",
            f"{one.timbre_nearer:.0%}",
        ]
        for one in adherences
    ]
    return markdown(header, rows)


def of_systems(judged: Benchmark) -> tuple[dict, list[str]]:
    """Results for JSON, and their tables."""
    results = as_dict(judged)
    return results, [one for one in (table(results), by_family(results)) if one]


def of_switches(adherences: Sequence[Adherence]) -> tuple[dict, list[str]]:
    """The same for the switch settings."""
    return {"systems": {}, "settings": [dataclasses.asdict(one) for one in adherences]}, [
        switch_table(adherences)
    ]


def read_results(path: str | os.PathLike) -> dict:
    """A scores.json, or UserError."""
    try:
        results = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        names = set(results["systems"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a scores.json of compjax-evaluate") from error
    if not names:
        raise UserError(f"{path}: it holds no systems; evaluate again")
    return results


def write(
    folder: str | os.PathLike, results: dict, tables: Sequence[str]
) -> tuple[pathlib.Path, pathlib.Path]:
    """Write scores.json and table.md into the folder, which is made if need be; returns both paths."""
    folder = make_folder(folder)
    paths = folder / "scores.json", folder / "table.md"
    texts = json.dumps(results, indent=2, allow_nan=False) + "\n", "\n".join(tables)
    for path, text in zip(paths, texts, strict=True):
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths
