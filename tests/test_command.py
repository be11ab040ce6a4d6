"""What all commands do alike: bad flags are one line and exit status 65; the log is the product's own."""

import importlib
import logging
import pathlib

import pytest

from compjax import command
from compjax.errors import EXIT_CODE

ROOT = pathlib.Path(__file__).parents[1]
PROCESS = "compjax.data.batches.worker"
"""Started by training only; it takes no flags."""


def commands() -> list[str]:
    """All modules that `python -m` runs, but for the one that takes no flags."""
    found = (
        path for path in (ROOT / "compjax").rglob("*.py") if '__name__ == "__main__"' in path.read_text()
    )
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found)
    return sorted(name for name in names if name != PROCESS)


def refusal(capsys, name: str, *arguments: str) -> str:
    """What a command says on stderr as it refuses its arguments."""
    module = importlib.import_module(name)
    if hasattr(module, "run"):
        assert module.run([name, *arguments]) == EXIT_CODE
    else:
        assert module.main(list(arguments)) == EXIT_CODE
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said
    return said


@pytest.mark.parametrize("name", commands())
def test_a_flag_that_there_is_not(name, capsys):
    assert "nosuchflag" in refusal(capsys, name, "--nosuchflag=1")


@pytest.mark.parametrize(
    ("name", "argument", "said"),
    [
        ("compjax.evaluation.hearing.tempo", "--count=0", "--count=0"),
        ("compjax.evaluation.hearing.solo_lines", "--seed=-1", "--seed=-1"),
        ("compjax.evaluation.hearing.chords", "--split=x", "--split=x"),
        ("compjax.evaluation.hearing.tempo", "left over", "belong to no flag"),
        ("compjax.evaluation.written.real_music", "--midi=/no/such", "no .mid files"),
        ("compjax.evaluation.timbre_bank", "--clips=1", "--clips=1"),
        ("compjax.training.tempo", "--output=/no/such/grid.npz", "does not exist"),
        ("compjax.training.monitoring.announce", "--config=/no/such.py", "is no experiment"),
        ("compjax.training.agent.compile_ahead", "--config=/no/such.py", "cannot be used"),
        ("compjax.training.notes.heard", "--copies=0", "--copies=0"),
        ("compjax.cli.compose", "--num_samples=0", "--num_samples=0"),
    ],
)
def test_a_value_that_a_flag_does_not_take(name, argument, said, capsys):
    assert said in refusal(capsys, name, argument)


def test_steps_of_the_codec_are_numbers(capsys):
    arguments = ("--audio=/no/such", "--refine_steps=8,x")
    assert "'x' is no number" in refusal(capsys, "compjax.codec.quality", *arguments)


@pytest.mark.parametrize(
    ("path", "level", "said"),
    [
        ("/v/site-packages/compjax/training/loop.py", logging.INFO, True),
        ("/v/site-packages/orbax/checkpoint.py", logging.INFO, False),
        ("/v/site-packages/orbax/checkpoint.py", logging.WARNING, True),
        ("/home/me/experiment.py", logging.INFO, True),
    ],
)
def test_the_log_is_the_products_own_wherever_it_is_installed(monkeypatch, path, level, said):
    monkeypatch.setattr(command, "PACKAGE", pathlib.Path("/v/site-packages/compjax"))
    assert command._worth_a_line(logging.LogRecord("absl", level, path, 1, "step", (), None)) == said
