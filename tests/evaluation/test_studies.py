import json
import types

import numpy as np
import pytest
import soundfile

from compjax.cli import evaluate
from compjax.constants import SAMPLE_RATE
from compjax.errors import EXIT_CODE
from compjax.music.score import Harmony, Note, Span

SECONDS = 2
PITCHES = (57, 62)


@pytest.fixture
def folder(tmp_path, rng):
    """Two pairs of two seconds: clicks, and a held tone each."""
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    for name, pitch, every in (("x", PITCHES[0], 12_000), ("y", PITCHES[1], 9_000)):
        clicks = np.zeros(SECONDS * SAMPLE_RATE)
        clicks[6000::every] = 0.9
        tone = 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time)
        soundfile.write(tmp_path / f"{name}_input.wav", clicks, SAMPLE_RATE)
        soundfile.write(tmp_path / f"{name}_target.wav", tone, SAMPLE_RATE)
    return tmp_path


class FakeSession:
    """Composes the target with the input's clicks in it; hears no chords in the compositions `silent`."""

    writes_notes = True

    def __init__(self, silent=()):
        self.asked, self.silent = [], silent

    def compose(self, given, target, **options):
        spans = () if len(self.asked) in self.silent else (Span(0.0, 2.0, (60,), 60),)
        self.asked.append((given, target, options))
        chosen = {"rhythm": 0.9, "harmony": 0.1, "timbre": 0.6}
        weights = {"input": chosen, "target": {factor: 1.0 - value for factor, value in chosen.items()}}
        made = {"audio": 0.5 * target + given, "notes": (), "chords": Harmony(spans), "weights": weights}
        return types.SimpleNamespace(**made)

    def compose_many(self, given, target, count, **options):
        self.asked.append((given, target, options))
        for index in range(count):
            played = tuple(Note(0.5 * i, 1.0, 60 + i * index, 0.5) for i in range(2))
            yield types.SimpleNamespace(audio=given + target, notes=played)


def run(folder, *flags, session=None):
    """The command on the folder's pairs with a session; its status, the session and the results."""
    session = session or FakeSession()
    argv = ["compjax-evaluate", f"--pairs={folder}", "--noalign", f"--output={folder / 'out'}", *flags]
    status = evaluate.run(argv, load=lambda checkpoint, codec, codec_weights: session)
    results = json.loads((folder / "out" / "scores.json").read_text()) if status == 0 else None
    return status, session, results


def test_interventions_swap_one_source_at_a_time(folder, capsys):
    status, session, results = run(folder, "--interventions", "--seed=3")
    assert status == 0 and len(session.asked) == 2 + 2 * 4
    [own, other] = [(given, target) for given, target, _ in session.asked[:2]]
    pieces = session.asked[2:6]
    assert [given is own[0] for given, _, _ in pieces] == [True, False, True, True]
    assert [target is own[1] for _, target, _ in pieces] == [True, True, True, False]
    chords = [options["chords"] for _, _, options in pieces]
    assert chords[0] is chords[1] is chords[3] is not chords[2]
    for _, _, options in session.asked:
        assert (options["seed"], options["style"], options["align"]) == (3, None, False)
        assert (options["rhythm"], options["harmony"], options["timbre"]) == ("input", "target", "target")
    matrix = results["interventions"]["compjax"]["matrix"]
    assert matrix["rhythm"]["rhythm"]["change"]["mean"] < -0.2
    assert matrix["harmony"]["timbre"]["change"]["mean"] == 0.0  # it does not listen to the chords
    assert "largest leak" in (folder / "out" / "table.md").read_text()
    assert "largest leak" in capsys.readouterr().out


def test_variations_are_of_one_seed_and_compared_by_their_notes(folder):
    status, session, results = run(folder, "--variations=3", "--seed=4")
    assert status == 0 and len(session.asked) == 2
    assert all(options["seed"] == 4 and "style" not in options for _, _, options in session.asked)
    [first, _] = results["alike"]["pairs"]
    assert first["note_f1"] == [0.5, 0.5, 0.5]
    assert list(results["systems"]) == ["variation 1", "variation 2", "variation 3"]


def test_auto_says_nothing_and_reads_the_weights(folder):
    status, session, results = run(folder, "--auto")
    assert status == 0
    told = ["rhythm" in options for _, _, options in session.asked]
    assert told.count(True) == told.count(False) == 2
    choice = results["own_choice"]
    right = {name: share["mean"] for name, share in choice["right"].items()}
    assert right == {"rhythm": 1.0, "harmony": 1.0, "timbre": 0.0, "all three": 0.0}
    assert [one["pair"] for one in choice["pairs"]] == ["x x x", "y x y"]
    assert results["systems"]["compjax, auto"]["weights"] == pytest.approx([0.9, 0.1, 0.6, 0.1, 0.9, 0.4])


def test_pairs_without_chords_are_left_out_by_name(folder, capsys):
    for end in ("input", "target"):
        (folder / f"z_{end}.wav").write_bytes((folder / f"x_{end}.wav").read_bytes())
    status, _, results = run(folder, "--interventions", session=FakeSession(silent=(2,)))
    assert status == 0 and results["left_out"] == ["z x z"]
    assert [one["pair"] for one in results["interventions"]["compjax"]["pairs"]] == ["x x x", "y x y"]
    assert run(folder, "--interventions", session=FakeSession(silent=(0, 1)))[0] == EXIT_CODE
    assert "at least 2 pairs" in capsys.readouterr().err.strip().splitlines()[-1]


def test_agents_without_notes_cannot_be_varied(folder, capsys):
    session = FakeSession()
    session.writes_notes = False
    assert run(folder, "--variations=2", session=session)[0] == EXIT_CODE
    assert "no notes" in capsys.readouterr().err.strip().splitlines()[-1]


def test_one_pair_is_too_few_to_swap(folder, capsys):
    (folder / "y_input.wav").unlink()
    assert run(folder, "--interventions")[0] == EXIT_CODE
    assert "at least 2 pairs" in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--pairs=p", "--variations=1"], "at least 2"),
        (["--pairs=p", "--interventions", "--auto"], "--interventions and --auto"),
        (["--rendered=2", "--auto", "--switches"], "--auto and --switches"),
        (["--pairs=p", "--auto", "--nomodel"], "leave out --nomodel"),
        (["--pairs=p", "--midi=m"], "--rendered=N"),
        (["--rendered=2", "--midi=m", "--switches"], "two pitched clips"),
        (["--rendered=2", "--midi=/no/such/folder"], "no such folder of MIDI files"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, flags, message):
    assert evaluate.run(["compjax-evaluate", f"--output={tmp_path}", *flags]) == EXIT_CODE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("compjax-evaluate: ") and message in line


@pytest.mark.synth
def test_the_truth_is_judged_beside_the_model_on_rendered_pairs(tmp_path):
    argv = ["compjax-evaluate", "--rendered=2", "--interventions", f"--output={tmp_path}"]
    assert evaluate.run(argv, load=lambda *_: FakeSession()) == 0
    found = json.loads((tmp_path / "scores.json").read_text())["interventions"]
    assert list(found) == ["compjax", "ceiling"]
    matrix = found["ceiling"]["matrix"]
    assert matrix["rhythm"]["rhythm"]["change"]["mean"] < -0.2
    assert matrix["harmony"]["harmony"]["change"]["mean"] < -0.2
    assert abs(matrix["harmony"]["rhythm"]["change"]["mean"]) < 0.1
