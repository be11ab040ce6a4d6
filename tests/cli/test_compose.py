import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from fakes import drums

from compjax.cli import compose
from compjax.compose import session
from compjax.constants import SAMPLE_RATE


@pytest.fixture
def command(two_clips):
    """Runs the command with the fakes in a folder that holds two clips; arguments replace flags by name."""

    def run(*extra, **flags):
        flags = {"input": "drums.wav", "target": "piano.wav", "output": "out.wav"} | flags
        return compose.run(
            ["compjax-compose", *(f"--{name}={value}" for name, value in flags.items()), *extra]
        )

    return run


def assert_refused(status, capsys, message, code=65):
    """One line on stderr that holds `message`, nothing on stdout, and no file but the clips."""
    captured = capsys.readouterr()
    assert status == code
    assert message in captured.err and captured.err.count("\n") == 1, captured.err
    assert captured.out == ""
    assert not [name for name in os.listdir() if "out" in name or ".tmp" in name]


def test_two_clips_become_three_files(command, capsys):
    assert command() == 0
    printed = capsys.readouterr()
    assert "Creative agent: Rules (rhythm/harmony/timbre)" in printed.out
    assert "the input's rhythm" in printed.out and "Wrote out.wav, out.mid, out.json" in printed.out
    assert all("%" in line for line in printed.err.splitlines())  # progress, where the machine is slow
    assert sorted(os.listdir()) == ["drums.wav", "out.json", "out.mid", "out.wav", "piano.wav"]
    assert soundfile.info("out.wav").frames == 2 * SAMPLE_RATE


def test_flags_reach_the_session(command):
    flags = {"rhythm": "target", "harmony": "input", "timbre": "target", "seed": 5, "style": "density=0.25"}
    assert command("--noalign", **flags) == 0
    options = json.loads(pathlib.Path("out.json").read_text())["options"]
    assert [options[f] for f in ("rhythm", "harmony", "timbre", "seed", "align")] == [
        "target",
        "input",
        "target",
        5,
        False,
    ]
    assert options["style"]["density"] == 0.25


def test_weights_by_number(command):
    assert command(weights="1,0,0,0,0.5,1") == 0
    weights = json.loads(pathlib.Path("out.json").read_text())["weights"]
    assert weights["target"] == {"rhythm": 0.0, "harmony": 0.5, "timbre": 1.0}


def test_same_seed_same_bytes_and_samples_are_numbered(command):
    assert command(seed=1) == 0
    assert command(seed=1, output="many.wav", num_samples=2) == 0
    one, first, second = (pathlib.Path(name).read_bytes() for name in ("out.wav", "many_0.wav", "many_1.wav"))
    assert one == first and first != second
    assert pathlib.Path("out.mid").read_bytes() == pathlib.Path("many_0.mid").read_bytes()
    assert not os.path.exists("many.wav")


BAD_CLIPS = {
    "silence": (lambda: soundfile.write("bad.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE), "is silent"),
    "less than a frame": (lambda: soundfile.write("bad.wav", np.ones(100), SAMPLE_RATE), "too short"),
    "less than half a second": (lambda: soundfile.write("bad.wav", drums(0.4), SAMPLE_RATE), "too short"),
    "no samples": (lambda: soundfile.write("bad.wav", np.zeros(0), SAMPLE_RATE), "no samples"),
    "not numbers": (
        lambda: soundfile.write("bad.wav", np.full(SAMPLE_RATE, np.nan), SAMPLE_RATE, "FLOAT"),
        "not numbers",
    ),
    "text": (lambda: pathlib.Path("bad.wav").write_text("this is no sound\n" * 100), "not a WAV"),
    "empty file": (lambda: pathlib.Path("bad.wav").touch(), "empty"),
    "folder": (lambda: os.mkdir("bad.wav"), "not a file"),
    "missing": (lambda: None, "bad.wav"),
}


@pytest.mark.parametrize("make, message", BAD_CLIPS.values(), ids=BAD_CLIPS)
@pytest.mark.parametrize("role", ["input", "target"])
def test_bad_clips_are_refused_in_one_line(command, capsys, role, make, message):
    make()
    assert_refused(command(**{role: "bad.wav"}), capsys, message)


@pytest.mark.parametrize("kind", ["noise", "click"])
@pytest.mark.parametrize("role", ["input", "target"])
def test_odd_clips_give_a_result(command, rng, kind, role):
    audio = 0.1 * rng.normal(size=SAMPLE_RATE) if kind == "noise" else np.eye(1, SAMPLE_RATE, 999)[0]
    soundfile.write("odd.wav", audio, SAMPLE_RATE)
    assert command(**{role: "odd.wav"}) == 0
    assert soundfile.info("out.wav").frames == (SAMPLE_RATE if role == "input" else 2 * SAMPLE_RATE)


def test_one_clip_in_both_roles(command):
    assert command(target="drums.wav") == 0


@pytest.mark.parametrize(
    "flags, message",
    [
        ({"output": "nowhere/out.wav"}, "does not exist"),
        ({"output": "."}, "must end in .wav"),
        ({"output": "out.mp3"}, "must end in .wav or .flac"),
        ({"weights": "1,0"}, "6 weights are needed"),
        ({"weights": "1,0,0,0,1,high"}, "must be a number"),
        ({"weights": "1,0,0,0,1,1", "rhythm": "input"}, "not both"),
        ({"style": "colour=0.5"}, "no style called"),
    ],
)
def test_requests_that_cannot_be_met(command, capsys, flags, message):
    assert_refused(command(**flags), capsys, message)


def test_a_clip_is_never_written_over(command, capsys):
    before = pathlib.Path("drums.wav").read_bytes()
    assert_refused(command(output="drums.wav"), capsys, "one of the files that are read")
    os.symlink("piano.wav", "alias.wav")
    assert_refused(command(output="alias.wav"), capsys, "one of the files that are read")
    soundfile.write("many_1.wav", drums(1), SAMPLE_RATE)
    assert_refused(
        command(input="many_1.wav", output="many.wav", num_samples=2),
        capsys,
        "one of the files that are read",
    )
    assert pathlib.Path("drums.wav").read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_without_permission(command, capsys, tmp_path):
    os.mkdir("closed", 0o500)
    assert_refused(command(output="closed/out.wav"), capsys, "permission")


def test_device_in_place_of_a_file(command, capsys):
    os.mkfifo("pipe.wav")
    assert_refused(command(output="pipe.wav"), capsys, "device or a pipe")


def test_full_disk_leaves_nothing(command, capsys, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert_refused(command(), capsys, "No space left on device")


def test_failure_keeps_what_was_there(command, capsys, monkeypatch):
    pathlib.Path("out.wav").write_text("precious")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert command() == 65
    assert "cannot write out" in capsys.readouterr().err
    assert pathlib.Path("out.wav").read_text() == "precious"
    assert sorted(os.listdir()) == ["drums.wav", "out.wav", "piano.wav"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--target=b.wav"], "--input"),
        (["--input=a.wav", "--target=b.wav", "--rhythm=both"], "should be one of"),
        (["--input=a.wav", "--target=b.wav", "--num_samples=0"], "not a positive integer"),
        (["--input=a.wav", "--target=b.wav", "--sed=3"], "sed"),
        (["--input=a.wav", "--target=b.wav", "extra.wav"], "extra.wav"),
    ],
)
def test_wrong_flags(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(compose.run(["compjax-compose", *arguments]), capsys, message)


def test_interruption(command, capsys, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "load", interrupt)
    assert_refused(command(), capsys, "interrupted", code=130)


def test_help_lists_the_flags(capsys):
    assert compose.run(["compjax-compose", "--help"]) == 0
    text = capsys.readouterr().out
    for flag in (
        "input",
        "target",
        "output",
        "weights",
        "num_samples",
        "seed",
        "style",
        "align",
        "checkpoint",
    ):
        assert f"--{flag}" in text or f"--[no]{flag}" in text


class Terminal:
    """Collects what is written, and claims to be a terminal."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_progress_bar_on_a_terminal():
    stream = Terminal()
    bar = compose.ProgressBar(stream, width=10, quiet_seconds=0.0)
    bar("decode", 3, 10)
    assert stream.text == "\rdecode   [###.......]  30 %"
    bar("decode", 4, 10)  # too soon after the last
    assert stream.text.count("\r") == 1
    bar.close()
    assert stream.text.endswith("\r" + " " * len("decode   [###.......]  30 %") + "\r")


def test_progress_lines_elsewhere(capsys):
    bar = compose.ProgressBar(line_seconds=0.0)
    bar("decode", 1, 2)
    bar.close()
    assert capsys.readouterr().err == "decode   [###############...............]  50 %\n"


def test_mistakes_load_nothing_heavy(tmp_path):
    """Neither help nor a wrong value nor a missing file imports jax or NumPy."""
    cases = [
        ["--help"],
        ["--input=a", "--target=b", "--weights=1"],
        ["--input=a.wav", "--target=b.wav"],
        ["--bad"],
    ]
    code = (
        "import sys; from compjax.cli.compose import run\n"
        f"for case in {cases!r}: run(['compjax-compose', *case])\n"
        "sys.exit(bool({'jax', 'numpy', 'soundfile'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_a_checkpoint_alone_composes_the_demo_pair(command, capsys):
    assert compose.run(["compjax-compose", "--checkpoint=run", "--output=demo.wav"]) == 0
    assert "the demo pair, drums.flac x guitar.flac" in capsys.readouterr().out
    assert soundfile.info("demo.wav").duration == soundfile.info(compose.DEMO_PAIR[0]).duration
