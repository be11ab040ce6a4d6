"""MuseCPEval beside our own measures: another project's judge of what a piece keeps of its sources.

    pip install musecpeval    (in an environment of its own: it needs NumPy below 2.3)
    compjax-evaluate --rendered=16 --judge=ENVIRONMENT/bin/musecpeval --output=report

MuseCPEval (Vishe et al., MIT licence) measures how much of a recording survives an edit, in five families, of
which those of single factors are asked for: rhythm against the clip whose rhythm was asked for, harmony and
timbre the same. It runs as a program of its own, over files, so that its versions and ours never meet.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np

from compjax.audio.loudness import limit_peaks, normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.evaluation.benchmark import Output
from compjax.evaluation.report import markdown
from compjax.evaluation.testsets import Pair
from compjax.music.factors import FACTORS, INPUT, Switches

KEYS = {
    "rhythm": {
        "beat F": "rhythm_meter.beat_mir_eval.F-measure",
        "tempo off by": "rhythm_meter.delta_bpm_folded",
    },
    "harmony": {"chroma": "harmony_tonality.chroma_similarity.mean_chroma_cosine"},
    "timbre": {
        "MFCC cosine": "timbre_texture.mean_mfcc_cosine",
        "MFCC similarity": "timbre_texture.mfcc_skl_similarity",
    },
}
"""What is taken of its results: factor -> heading -> where it stands."""

TIMEOUT = 3600.0
"""Seconds after which it is given up."""


def find(command: str, package: str = "musecpeval") -> str:
    """Path of a judge's program, which its package brings; UserError if there is none."""
    path = shutil.which(command)
    if path is None:
        raise UserError(
            f"--judge={command}: no such program; pip install {package} in an environment of its own, "
            f"and give the path of its bin/{package}"
        )
    return path


class OutsideJudge:
    """Collects outputs while a benchmark runs, then has them judged; to be used as a context.

    Args:
        command: the program, by name or path.
        pairs: that are judged, under these switches.

    Raises:
        UserError: if there is no such program, or (from `finish`) it fails.
    """

    def __init__(self, command: str, pairs: Sequence[Pair], switches: Switches = Switches()):
        self._program, self._pairs, self._switches = find(command), tuple(pairs), switches
        self._made: list[tuple[str, int]] = []

    def __enter__(self) -> OutsideJudge:
        self._hidden = tempfile.TemporaryDirectory(prefix="compjax-judge-")
        self._folder = pathlib.Path(self._hidden.name)
        for place, pair in enumerate(self._pairs):
            self._write(f"{place}_input", pair.given)
            self._write(f"{place}_target", pair.reference)
        return self

    def __exit__(self, *error) -> None:
        self._hidden.cleanup()

    def keep(self, system: str, place: int, output: Output) -> None:
        """Write what a system made of the pair at `place`; `compjax.evaluation.benchmark.Keep`."""
        self._write(f"out_{len(self._made)}", output.audio)
        self._made.append((system, place))

    def finish(self) -> dict:
        """Its figures by system: means over the pairs, heading -> value, None where it gave none."""
        found: dict[str, dict[str, list[float]]] = {system: {} for system, _ in self._made}
        for factor, keys in KEYS.items():
            for row in self._judged(factor):
                system, _ = self._made[int(row["id"])]
                for heading, path in keys.items():
                    value = _at(row, path)
                    if value is not None:
                        found[system].setdefault(heading, []).append(value)
        headings = [heading for keys in KEYS.values() for heading in keys]
        return {
            system: {
                heading: float(np.mean(values[heading])) if heading in values else None
                for heading in headings
            }
            for system, values in found.items()
        }

    def _judged(self, factor: str) -> list[dict]:
        """Its records of one family, every output against the clip that the factor is from."""
        source = "input" if getattr(self._switches, factor) == INPUT else "target"
        rows = [
            {
                "ref": f"{self._folder}/{place}_{source}.wav",
                "est": f"{self._folder}/out_{number}.wav",
                "id": str(number),
            }
            for number, (_, place) in enumerate(self._made)
        ]
        manifest, results = self._folder / f"{factor}.json", self._folder / factor
        manifest.write_text(json.dumps(rows))
        options = [
            "--batch-json",
            str(manifest),
            "--output-dir",
            str(results),
            "--metrics",
            factor,
            "--no-parallel",
        ]
        try:
            done = subprocess.run(
                [self._program, *options], capture_output=True, text=True, timeout=TIMEOUT, env=_environment()
            )
            return json.loads((results / "results.json").read_text())
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            said = (
                "" if isinstance(error, subprocess.TimeoutExpired) else done.stderr.strip().splitlines()[-1:]
            )
            raise UserError(
                f"--judge={self._program}: it gave no results ({error}) {''.join(said)}"
            ) from error

    def _write(self, name: str, audio: np.ndarray) -> None:
        import soundfile

        soundfile.write(
            self._folder / f"{name}.wav", limit_peaks(normalize_rms(audio)), SAMPLE_RATE, subtype="FLOAT"
        )


def _environment() -> dict[str, str]:
    """Ours without what would make the program look for its packages among ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _at(row: Mapping, path: str) -> float | None:
    """The number at a dotted path of nested records."""
    value = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def table(figures: Mapping[str, Mapping[str, float | None]]) -> str:
    """The figures as a Markdown table."""
    headings = [f"{factor}: {heading}" for factor in FACTORS for heading in KEYS[factor]]
    rows = [
        [system, *("–" if value is None else f"{value:.2f}" for value in values.values())]
        for system, values in figures.items()
    ]
    return "By MuseCPEval:\n\n" + markdown(["system", *headings], rows)
