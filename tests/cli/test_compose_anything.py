"""What a person may have in a folder: names of any kind, files of others, lists that are half right."""

import os
import pathlib
import subprocess
import sys

import pytest

from compjax.cli import compose
from compjax.compose.composition import Composition
from compjax.music.score import Harmony


@pytest.fixture
def command(two_clips):
    """Runs the command with the fakes in a folder that holds two clips; arguments replace flags by name."""

    def run(*extra, **flags):
        pair = {} if any(word.startswith("--pairs") for word in extra) else PAIR | flags
        return compose.run(
            ["compjax-compose", *(f"--{name}={value}" for name, value in pair.items()), *extra]
        )

    return run


PAIR = {"input": "drums.wav", "target": "piano.wav", "output": "out.wav"}


def test_a_list_with_a_missing_file_makes_the_others(command, capsys):
    pathlib.Path("pairs.csv").write_text("drums.wav,missing.wav\ndrums.wav,piano.wav\n")
    assert command("--pairs=pairs.csv") == 65
    assert pathlib.Path("compositions/drums_x_piano.wav").is_file()
    errors = capsys.readouterr().err
    assert "there is no target file missing.wav" in errors and "1 of 2 pairs could not" in errors


def test_a_list_of_missing_files_makes_nothing(command, capsys):
    pathlib.Path("pairs.csv").write_text("drums.wav,missing.wav\n")
    assert command("--pairs=pairs.csv") == 65
    assert "1 of 1 pairs could not be composed" in capsys.readouterr().err


def test_sound_comes_before_what_cannot_be_saved(command, capsys, monkeypatch):
    """No chord is heard in drums; what was composed is there nevertheless."""
    monkeypatch.setattr(Composition, "chords", Harmony())
    assert command("--save_chords=heard.chords") == 0
    printed = capsys.readouterr()
    assert "Wrote out.wav, out.mid, out.json" in printed.out
    assert "heard.chords is not written: no chords were heard" in printed.err
    assert not pathlib.Path("heard.chords").exists()


@pytest.mark.parametrize("name", ["out.mid", "out.json"])
def test_files_of_others_are_not_replaced(command, capsys, name):
    pathlib.Path(name).write_bytes(b"mine")
    assert command() == 65
    assert f"{name} is there already and is no composition's" in capsys.readouterr().err
    assert pathlib.Path(name).read_bytes() == b"mine" and not pathlib.Path("out.wav").exists()
    assert command("--overwrite") == 0
    assert command() == 0  # now it is ours
    pathlib.Path("out.mid").write_bytes(pathlib.Path("out.mid").read_bytes() + b"edited")
    assert command() == 65


def test_a_page_of_others_is_not_replaced(command, capsys):
    pathlib.Path("out.html").write_text("<p>mine</p>")
    assert command() == 0
    assert command("--report") == 65
    assert "out.html is there already" in capsys.readouterr().err
    assert command("--report", "--overwrite") == 0 and command("--report") == 0


def test_names_in_any_bytes(command, capsys):
    name = os.fsdecode(b"caf\351.wav")
    os.rename("drums.wav", name)
    assert command("--report", input=name, output=os.fsdecode(b"n\351e.wav")) == 0
    page = pathlib.Path(os.fsdecode(b"n\351e.html")).read_text(encoding="utf-8")
    assert "caf\ufffd.wav" in page and "Content-Security-Policy" in page
    assert pathlib.Path(os.fsdecode(b"n\351e.json")).is_file()
    capsys.readouterr()
    assert command(input=os.fsdecode(b"gr\374n.wav")) == 65
    assert "there is no input file gr\ufffdn.wav" in capsys.readouterr().err


@pytest.mark.parametrize("length", [251, 300])
def test_outputs_with_names_too_long_are_refused_at_once(command, capsys, length):
    assert command(output="n" * length + ".wav") == 65
    assert "longer than 255 bytes" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["drums.wav", "piano.wav"]


def test_nobody_reads_what_is_printed(tmp_path):
    code = "from compjax import command; command.say('a' * 100_000); command.say('b')"
    done = subprocess.run(
        f'"{sys.executable}" -c "{code}" | true', shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("module", ["compose", "evaluate", "render"])
def test_help_into_a_pipe_that_is_closed(module):
    code = f"import sys; sys.argv = ['x', '--help']; from compjax.cli import {module} as m; sys.exit(m.run())"
    line = f'"{sys.executable}" -c "{code}" | true'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.stderr == ""
