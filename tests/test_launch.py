"""The launch scripts: what they would run, in which order, and that a second start resumes the same work."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SCRIPTS = sorted(path for path in (ROOT / "launch").glob("*.sh") if path.name != "common.sh")
COMMANDS = ("compjax-render", "compjax-train", "compjax-evaluate", "compjax-compose", "tensorboard")


def start(script, *args, **settings):
    """Output lines of a launch script; a failure raises."""
    command = ["bash", str(ROOT / "launch" / script), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | settings)
    return done.stdout.splitlines()


def programs(lines):
    """First words of the compjax commands that were run or would be."""
    words = [line.split()[1] for line in lines if line.startswith("+ ")]
    return [word for word in words if word in COMMANDS]


@pytest.fixture
def stubs(tmp_path):
    """A PATH on which our commands only write down that they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in COMMANDS:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/calls"\n')
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_syntax_and_mode(script):
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_shellcheck(script):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-x", script], capture_output=True, text=True, cwd=ROOT)
    assert not done.stdout


def test_speedrun_order(tmp_path):
    lines = start("speedrun.sh", "--dry_run", "--workdir", str(tmp_path / "run"))
    ours = ["compjax-render", "compjax-render", "compjax-train", "compjax-evaluate", "compjax-compose"]
    assert programs(lines) == ours
    assert not (tmp_path / "run").exists()  # a dry run makes nothing


def test_dry_run_shows_the_flags(tmp_path):
    lines = start("tensorboard.sh", f"--workdir={tmp_path}", "--port=6007", "--dry_run")
    assert lines[-1] == f"+ tensorboard --logdir={tmp_path} --port=6007"


def test_second_start_resumes_the_same_work(tmp_path, stubs):
    settings = stubs | {"DATA": str(tmp_path / "data"), "NUM_EXAMPLES": "3"}
    for _ in range(2):
        start("run_train_compositional.sh", "--workdir", str(tmp_path / "a b"), **settings)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls[:3]] == ["compjax-render", "compjax-render", "compjax-train"]
    assert calls[3:] == calls[:3]  # the commands themselves pass over what is done
    assert "--num_examples=3 --split=train" in calls[0]
    assert f"--workdir={tmp_path}/a b" in calls[2]


def test_failed_step_stops_and_is_not_marked(tmp_path, stubs):
    (tmp_path / "bin" / "compjax-render").write_text("#!/bin/sh\nexit 65\n")
    settings = stubs | {"DATA": str(tmp_path / "data")}
    with pytest.raises(subprocess.CalledProcessError) as error:
        start("run_train_compositional.sh", **settings)
    assert error.value.returncode == 65
    assert not (tmp_path / "data").exists() and not (tmp_path / "calls").exists()


def test_missing_folder_is_said():
    with pytest.raises(subprocess.CalledProcessError) as error:
        start("tensorboard.sh", "--workdir")
    assert "--workdir needs a folder" in error.value.stderr


@pytest.mark.parametrize("script", ["speedrun.sh", "run_train_compositional.sh", "tensorboard.sh"])
def test_help_is_the_head_of_the_script(script):
    text = "\n".join(start(script, "--help"))
    assert f"launch/{script} [--workdir DIR] [--dry_run]" in text
    assert "set -e" not in text
