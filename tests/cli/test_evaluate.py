import hashlib
import json
import types

import numpy as np
import pytest
import soundfile

from compjax.cli import evaluate
from compjax.constants import SAMPLE_RATE
from compjax.errors import EXIT_CODE


@pytest.fixture
def folder(tmp_path, rng):
    """One pair of two seconds: clicks, and a held tone."""
    clicks = np.zeros(2 * SAMPLE_RATE)
    clicks[6000::12_000] = 0.9
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    soundfile.write(tmp_path / "x_input.wav", clicks, SAMPLE_RATE)
    soundfile.write(tmp_path / "x_target.wav", 0.3 * np.sin(2 * np.pi * 220 * time), SAMPLE_RATE)
    return tmp_path


class FakeSession:
    """Composes the input with its sound halved; remembers how it was asked."""

    writes_notes = True

    def __init__(self):
        self.asked = []

    def compose(self, given, target, **options):
        self.asked.append(options)
        return types.SimpleNamespace(audio=0.5 * given, notes=())


class OtherSession(FakeSession):
    """Composes the target, and no notes."""

    writes_notes = False

    def compose(self, given, target, **options):
        return types.SimpleNamespace(audio=0.5 * target, notes=(), weights={})


@pytest.fixture
def weights(tmp_path):
    """Two files of weights, and how sessions are made of them: other.npz is an OtherSession."""
    for name in ("before.npz", "other.npz"):
        (tmp_path / name).write_bytes(name.encode())

    def load(checkpoint, codec, codec_weights):
        return OtherSession() if checkpoint and checkpoint.name == "other.npz" else FakeSession()

    return tmp_path, load


def test_recordings_to_scores_and_table(folder, capsys):
    session = FakeSession()
    out = folder / "report"
    argv = ["compjax-evaluate", f"--pairs={folder}", f"--output={out}", "--seed=7"]
    assert evaluate.run(argv, load=lambda checkpoint, codec, codec_weights: session) == 0
    [asked] = session.asked
    assert asked == {
        "sample_rate": SAMPLE_RATE, "rhythm": "input", "harmony": "target", "timbre": "target", "seed": 7,
        "style": None, "align": True,
    }  # fmt: skip
    scores = json.loads((out / "scores.json").read_text())
    assert set(scores["systems"]) == {
        "compjax",
        "copy input",
        "copy target",
        "mix",
        "gated",
        "re-sliced",
        "mosaic",
    }
    assert scores["systems"]["compjax"]["verdicts"] == {"copy": 1}
    table = (out / "table.md").read_text()
    assert table.startswith(f"Recordings of {folder}.")
    assert table in capsys.readouterr().out and table.count("\n") == 11


def test_comparison_with_an_earlier_run(folder):
    first, second = folder / "first", folder / "second"
    argv = ["compjax-evaluate", f"--pairs={folder}", "--nobaselines", "--noalign"]
    load = lambda checkpoint, codec, codec_weights: FakeSession()  # noqa: E731
    assert evaluate.run([*argv, f"--output={first}"], load) == 0
    assert evaluate.run([*argv, f"--output={second}", f"--compare={first / 'scores.json'}"], load) == 0
    assert "(+0.00, +0.00 to +0.00)" in (second / "table.md").read_text()


def test_comparison_with_other_weights_and_further_rows(folder, weights):
    files, load = weights
    argv = [
        "compjax-evaluate",
        f"--pairs={folder}",
        "--nobaselines",
        "--noalign",
        f"--output={folder / 'out'}",
    ]
    named = f"--others=masking agent={files / 'other.npz'}"
    assert evaluate.run([*argv, f"--compare={files / 'before.npz'}", named], load) == 0
    scores = json.loads((folder / "out" / "scores.json").read_text())
    assert list(scores["systems"]) == ["compjax", "compjax before", "masking agent"]
    [change] = scores["comparison"]
    assert change["system"] == "compjax before → compjax" and change["difference"]["joint"]["mean"] == 0.0
    assert "compjax before → compjax" in (folder / "out" / "table.md").read_text()
    assert scores["systems"]["masking agent"]["recordings"][0]["copy_target"] > 0.99
    assert {name: model["sha256"] for name, model in scores["models"].items() if name != "compjax"} == {
        "compjax before": hashlib.sha256(b"before.npz").hexdigest(),
        "masking agent": hashlib.sha256(b"other.npz").hexdigest(),
    }
    assert scores["models"]["compjax"]["file"] == "compositional.npz (bundled)"
    assert scores["asked"]["pairs"] == str(folder) and scores["asked"]["align"] is False


def test_page_of_what_was_judged(folder, weights, capsys):
    files, load = weights
    out = folder / "out"
    argv = ["compjax-evaluate", f"--pairs={folder}", "--noalign", f"--output={out}", "--page"]
    assert evaluate.run([*argv, f"--others=masking agent={files / 'other.npz'}"], load) == 0
    assert f"{out / 'index.html'}" in capsys.readouterr().out
    text = (out / "index.html").read_text()
    assert "compositional.npz (bundled), SHA-256" in text and "1. x x x" in text
    heard = {file.stem for file in (out / "audio").iterdir()}
    made = {"compjax", "masking_agent", "mix", "gated", "re_sliced", "mosaic"}
    assert heard == {f"001_{name}" for name in made | {"input", "target"}}


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--output=x"], EXIT_CODE, "either --pairs or --rendered"),
        (["--output=x", "--pairs=a", "--rendered=2"], EXIT_CODE, "either --pairs or --rendered"),
        (["--pairs=a"], EXIT_CODE, "output"),
        (["--output=x", "--pairs=/no/such/folder"], EXIT_CODE, "no such folder"),
        (["--output=x", "--pairs=/", "--compare=/no.json"], EXIT_CODE, "not a scores.json"),
        (["--output=x", "--pairs=/", "--compare=/no.npz"], EXIT_CODE, "no file of weights /no.npz"),
        (["--output=x", "--pairs=/", "--others=a"], EXIT_CODE, "--others=a: give NAME=FILE"),
        (["--output=x", "--pairs=/", "--others=a="], EXIT_CODE, "give NAME=FILE"),
        (["--output=x", "--pairs=/", "--others=a=/no.npz"], EXIT_CODE, "no file of weights /no.npz"),
        (
            ["--output=x", "--pairs=/", "--others=mix=/dev/null"],
            EXIT_CODE,
            "'mix' is the name of a row already",
        ),
        (["--output=x", "--pairs=/", "--others=compjax=/no.npz"], EXIT_CODE, "the name of a row already"),
        (["--output=x", "--pairs=/", "--switches", "--page"], EXIT_CODE, "neither --page"),
        (
            ["--output=x", "--pairs=/", "--nomodel", "--compare=/a.npz"],
            EXIT_CODE,
            "beside the model",
        ),
    ],
)
def test_mistakes_are_one_line(capsys, flags, status, message):
    assert evaluate.run(["compjax-evaluate", *flags]) == status
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0] and lines[0].startswith("compjax-evaluate: ")


def test_help_names_the_flags(capsys):
    assert evaluate.run(["compjax-evaluate", "--help"]) == 0
    assert "--rendered" in capsys.readouterr().out
