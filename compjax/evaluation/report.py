"""A benchmark as one JSON file and one table in Markdown."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from compjax.errors import UserError
from compjax.evaluation.benchmark import Adherence, Benchmark, Judged
from compjax.files import atomic_path
from compjax.measures import joint_score, verdict
from compjax.measures.adherence import FactorScores

COLUMNS = tuple(field.name for field in dataclasses.fields(FactorScores))
"""Every score is a column."""

HEADINGS = {
    "onset_f1": "onset F1",
    "onset_lag": "lag (ms)",
    "beat_f1": "beat F",
    "envelope_cosine": "envelope",
    "chroma_cosine": "chroma",
    "in_chord": "in chord",
    "timbre_margin": "timbre",
    "gating_r2": "gating R²",
    "mosaic_r2": "mosaic R²",
    "mix_r2": "mix R²",
    "mix_weaker": "weaker",
    "copy_input": "copy of A",
    "copy_target": "copy of B",
    "note_f1": "note F1",
    "ngram_novelty": "n-grams",
}


def row(benchmark: Benchmark, judged: Judged) -> dict:
    """Figures of one system: joint score, factors, means with intervals, verdicts, every recording."""
    measures = [joint_score.measure(one) for one in judged.scores]
    verdicts = [verdict.judge(one).value for one in judged.scores]
    return {
        "joint": dataclasses.asdict(joint_score.system_joint(judged.scores, benchmark.anchors)),
        "factors": joint_score.normalised(np.mean(measures, axis=0), benchmark.anchors),
        "scores": {column: _estimate(judged, column) for column in COLUMNS},
        "timbre_nearer": float(np.mean([one.timbre_margin > 0 for one in judged.scores])),
        "verdicts": {value: verdicts.count(value) for value in sorted(set(verdicts))},
        "recordings": [
            {
                "pair": pair,
                "joint": joint_score.joint(values, benchmark.anchors),
                "factors": joint_score.normalised(values, benchmark.anchors),
                "verdict": found,
                **dataclasses.asdict(one),
            }
            for pair, values, found, one in zip(
                benchmark.pairs, measures, verdicts, judged.scores, strict=True
            )
        ],
    }


def _estimate(judged: Judged, column: str) -> dict | None:
    values = [getattr(one, column) for one in judged.scores if getattr(one, column) is not None]
    return dataclasses.asdict(joint_score.bootstrap(values)) if values else None


def as_dict(benchmark: Benchmark) -> dict:
    """The whole benchmark, ready for JSON."""
    return {
        "pairs": list(benchmark.pairs),
        "switches": dataclasses.asdict(benchmark.switches),
        "anchors": dataclasses.asdict(benchmark.anchors),
        "thresholds": dataclasses.asdict(verdict.THRESHOLDS),
        "systems": {judged.system: row(benchmark, judged) for judged in benchmark.systems},
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
    header = ["system", "joint (95 %)", *joint_score.FACTORS, *HEADINGS.values(), "nearer B", "verdicts"]
    rows = []
    for name, figures in results["systems"].items():
        joint = figures["joint"]
        line = [name, f"{joint['mean']:.2f} ({joint['low']:.2f}–{joint['high']:.2f})"]
        line += [f"{figures['factors'][factor]:.2f}" for factor in joint_score.FACTORS]
        line += [_cell(column, figures["scores"][column]) for column in HEADINGS]
        line += [f"{figures['timbre_nearer']:.0%}"]
        line += [", ".join(f"{count} {value}" for value, count in figures["verdicts"].items())]
        rows.append(line)
    return header, rows


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


def of_systems(benchmark: Benchmark) -> tuple[dict, list[str]]:
    """Results for JSON, and their tables."""
    results = as_dict(benchmark)
    return results, [table(results)]


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


def make_folder(folder: str | os.PathLike) -> pathlib.Path:
    """The folder that results go to, made if need be; UserError if it cannot be."""
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be made a folder ({error.strerror}); give another --output"
        ) from error
    return folder


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
