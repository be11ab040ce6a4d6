import json
import sys

import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.evaluation import outside_judge
from compjax.evaluation.benchmark import Output
from compjax.evaluation.outside_judge import OutsideJudge
from compjax.evaluation.testsets import Pair

PROGRAM = """#!{python}
import json, pathlib, sys
import soundfile
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
families = {{"rhythm": "rhythm_meter", "harmony": "harmony_tonality", "timbre": "timbre_texture"}}
family = families[options["--metrics"]]
made = []
for row in json.loads(pathlib.Path(options["--batch-json"]).read_text()):
    reference, estimate = (soundfile.read(row[name])[0] for name in ("ref", "est"))
    same = float(reference.shape == estimate.shape and abs(reference - estimate).max() < 1e-6)
    scores = {{
        "rhythm_meter": {{"beat_mir_eval": {{"F-measure": same}}, "delta_bpm_folded": None}},
        "harmony_tonality": {{"chroma_similarity": {{"mean_chroma_cosine": same}}}},
        "timbre_texture": {{"mean_mfcc_cosine": same, "mfcc_skl_similarity": 1.0 - same}},
    }}
    made.append({{"id": row["id"], family: scores[family]}})
folder = pathlib.Path(options["--output-dir"])
folder.mkdir(parents=True)
(folder / "results.json").write_text(json.dumps(made))
"""
"""Stands in for MuseCPEval: an output scores 1 against a clip that it is equal to."""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "judge"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def pairs(rng):
    return [
        Pair(name, *(0.1 * rng.standard_normal((2, SAMPLE_RATE // 4)).astype(np.float32))) for name in "ab"
    ]


def test_every_factor_is_judged_against_the_clip_that_it_is_from(program, pairs):
    with OutsideJudge(program, pairs) as judge:
        for place, pair in enumerate(pairs):
            judge.keep("copy target", place, Output(0.5 * pair.target))
            judge.keep("half", place, Output(pair.given if place else pair.target))
        found = judge.finish()
    none = {"tempo off by": None}
    assert found["copy target"] == {
        "beat F": 0.0, "chroma": 1.0, "MFCC cosine": 1.0, "MFCC similarity": 0.0, **none,
    }  # fmt: skip
    assert found["half"] == {"beat F": 0.5, "chroma": 0.5, "MFCC cosine": 0.5, "MFCC similarity": 0.5, **none}
    assert json.dumps(found)
    lines = outside_judge.table(found).splitlines()
    assert lines[2].count("|") == 7 and "| half " in lines[5] and "–" in lines[5]


def test_a_program_that_is_missing_or_fails_is_one_line(tmp_path, pairs):
    with pytest.raises(UserError, match="no such program; pip install musecpeval"):
        OutsideJudge(str(tmp_path / "none"), pairs)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'no numpy here' >&2\nexit 1\n")
    broken.chmod(0o755)
    with OutsideJudge(str(broken), pairs) as judge, pytest.raises(UserError, match="no numpy here"):
        judge.keep("x", 0, Output(pairs[0].given))
        judge.finish()
