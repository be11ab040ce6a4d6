"""The command's pictures, pages, grooves, chords and lists of pairs."""

import json
import os
import pathlib

import pytest
import soundfile
from fakes import drums

from compjax.cli import compose
from compjax.constants import SAMPLE_RATE


@pytest.fixture
def command(two_clips):
    """Runs the command with the fakes in a folder that holds two clips."""
    return lambda *arguments: compose.run(["compjax-compose", *arguments])


PAIR = ("--input=drums.wav", "--target=piano.wav")


def assert_refused(status, capsys, message, code=65):
    captured = capsys.readouterr()
    assert status == code
    assert message in captured.err and captured.err.count("\n") == 1, captured.err
    assert not [name for name in os.listdir() if name.startswith("out") or ".tmp" in name]


def test_picture_and_page_beside_the_sound(command, capsys):
    assert command(*PAIR, "--report", "--plot=all.png", "--num_samples=2") == 0
    made = {"all_0.png", "all_1.png", "out_0.html", "out_1.html", "out_0.wav", "out_1.wav"}
    assert made <= set(os.listdir())
    assert pathlib.Path("all_0.png").read_bytes().startswith(b"\x89PNG")
    assert pathlib.Path("out_1.html").read_text().startswith("<!doctype html>")
    assert "out_1.json, all_1.png, out_1.html" in capsys.readouterr().out


def test_groove_of_one_recording_for_another(command, capsys):
    assert command(*PAIR, "--rhythm=input", "--save_groove=my.groove", "--output=first.wav") == 0
    assert "my.groove" in capsys.readouterr().out
    assert command("--groove=my.groove", "--target=piano.wav") == 0
    first, second = (json.loads(pathlib.Path(name).read_text()) for name in ("first.json", "out.json"))
    assert first["notes"] == second["notes"] > 0
    assert soundfile.info("out.wav").frames == 2 * SAMPLE_RATE
    assert command("--groove=my.groove", "--target=piano.wav", "--save_groove=again.groove") == 0
    assert pathlib.Path("again.groove").read_text() == pathlib.Path("my.groove").read_text()


def test_chords_are_edited_and_composed_on(command):
    assert command(*PAIR, "--save_chords=heard.chords") == 0
    text = pathlib.Path("heard.chords").read_text()
    assert "0.000  C" in text
    pathlib.Path("mine.chords").write_text(text.replace("  C\n", "  Dm7/G\n"))
    assert command(*PAIR, "--chords=mine.chords", "--save_chords=out.mid.mid", "--output=o.wav") == 0
    assert json.loads(pathlib.Path("o.json").read_text())["options"]["chords"] == [[0.0, "Dm7/G"]]


def test_pairs_of_a_list_with_an_index(command, capsys):
    pathlib.Path("pairs.csv").write_text("drums.wav,piano.wav\npiano.wav,drums.wav\n")
    assert command("--pairs=pairs.csv", "--report", "--output=made") == 0
    names = {f"{name}.{kind}" for name in ("drums_x_piano", "piano_x_drums") for kind in ("wav", "html")}
    assert names | {"index.html"} <= set(os.listdir("made"))
    index = pathlib.Path("made/index.html").read_text()
    assert 'href="drums_x_piano.html"' in index and 'href="piano_x_drums.html"' in index
    assert "Wrote made/index.html" in capsys.readouterr().out


def test_one_bad_pair_does_not_stop_the_others(command, capsys):
    soundfile.write("silent.wav", 0 * drums(2), SAMPLE_RATE)
    pathlib.Path("pairs.csv").write_text("drums.wav,silent.wav\ndrums.wav,piano.wav\n")
    assert command("--pairs=pairs.csv") == 65
    errors = capsys.readouterr().err
    assert "is silent" in errors and "1 of 2 pairs could not be composed" in errors
    assert sorted(os.listdir("compositions")) == [f"drums_x_piano.{kind}" for kind in ("json", "mid", "wav")]


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--plot=out.jpg"], "must end in .png or .svg"),
        (["--plot=nowhere/out.png"], "does not exist"),
        (["--save_chords=out.chords", "--save_groove=out.chords"], "written twice"),
        (["--save_groove=out.json"], "written twice"),
        (["--save_groove=drums.wav"], "one of the files that are read"),
        (["--chords=none.chords"], "no chords file"),
        (["--chords=bad.chords"], "bad.chords, line 2: there is no chord called 'Hm'"),
    ],
)
def test_requests_that_cannot_be_met(command, capsys, flags, message):
    pathlib.Path("bad.chords").write_text("0 Am\n1 Hm\n")
    assert_refused(command(*PAIR, *flags), capsys, message)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--groove=bad.groove"], "bad.groove, line 1: a hit is a time"),
        (["--groove=good.groove", "--harmony=input"], "leave out harmony=input"),
        (["--groove=good.groove", "--arranger=network"], "need the arranging agent"),
        (["--groove=good.groove", "--input=drums.wav"], "either --input or --groove"),
        (["--pairs=pairs.csv"], "--pairs does not go with --target"),
    ],
)
def test_grooves_that_will_not_do(command, capsys, flags, message):
    pathlib.Path("bad.groove").write_text("boom\n")
    pathlib.Path("good.groove").write_text("0 low\n0.5 high\n")
    assert_refused(command("--target=piano.wav", *flags), capsys, message)


def test_pairs_into_no_sound_file(command, capsys):
    pathlib.Path("pairs.csv").write_text("drums.wav,piano.wav\n")
    assert_refused(command("--pairs=pairs.csv", "--output=out.wav"), capsys, "the output is a folder")
