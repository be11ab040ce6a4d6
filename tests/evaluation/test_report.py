import json

import pytest

from compjax.errors import UserError
from compjax.evaluation import report
from compjax.evaluation.benchmark import Benchmark, Judged
from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.music.factors import Switches

GOOD = FactorScores(
    onset_f1=0.9, onset_lag=0.005, beat_f1=0.8, envelope_cosine=0.7, chroma_cosine=0.85, in_chord=0.95,
    onset_chance=0.3, in_chord_chance=0.4, timbre=0.5, brightness=2.0, decay=1.0,
    timbre_margin=0.5, gating_r2=0.5, mosaic_r2=0.6, mix_r2=0.1, mix_weaker=0.0, copy_input=0.4,
    copy_target=0.5,
)  # fmt: skip


@pytest.fixture
def results():
    anchors = joint_score.Anchors(floor=(0.2, 0.3, 0.0, 0.0), ceiling=(1.0, 1.2, 1.0, 0.8))
    return report.as_dict(Benchmark(("one",), Switches(), (Judged("good", (GOOD,)),), (anchors,), ("organ",)))


def test_results_hold_every_figure(results):
    figures = results["systems"]["good"]
    assert figures["factors"] == pytest.approx(
        {"rhythm": 0.75, "harmony": 2 / 3, "timbre": 0.5, "novelty": 0.5}
    )
    assert figures["joint"]["mean"] == pytest.approx((0.75 * 2 / 3 * 0.25) ** 0.25)
    assert figures["scores"]["onset_f1"]["mean"] == 0.9 and figures["scores"]["note_f1"] is None
    assert figures["verdicts"] == {"new": 1}
    [recording] = figures["recordings"]
    assert recording["pair"] == "one" and recording["verdict"] == "new"
    assert recording["factors"] == figures["factors"]
    assert set(report.HEADINGS) == set(report.COLUMNS)


def test_table_has_a_row_a_system_and_a_column_a_score(results):
    header, rule, row = report.table(results).splitlines()
    cells = dict(
        zip(*([cell.strip() for cell in line.split("|")[1:-1]] for line in (header, row)), strict=True)
    )
    assert cells["system"] == "good" and cells["onset F1"] == "0.90" and cells["lag (ms)"] == "5"
    assert cells["note F1"] == "–" and cells["verdicts"] == "1 new"
    assert len(header) == len(rule) == len(row)


def test_written_files_are_read_again(results, tmp_path):
    paths = report.write(tmp_path / "new" / "folder", results, ["| a |\n", "| b |\n"])
    assert report.read_results(paths[0]) == json.loads(json.dumps(results))
    assert paths[1].read_text() == "| a |\n\n| b |\n"
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["scores.json", "table.md"]


def test_bad_files_and_folders_are_refused(tmp_path, results):
    for text in ("no json", "[]", '{"systems": {}}'):
        (tmp_path / "scores.json").write_text(text)
        with pytest.raises(UserError):
            report.read_results(tmp_path / "scores.json")
    with pytest.raises(UserError, match="not a scores.json"):
        report.read_results(tmp_path / "none.json")
    with pytest.raises(UserError, match="cannot make the folder .*; name another"):
        report.write(tmp_path / "scores.json" / "folder", results, [])
