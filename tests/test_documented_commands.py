"""The documented commands are run, and leave what they are said to leave.

Those of the README by default, in this process, on clips of the same names that are two seconds long. Under
mark `slow` those of the tutorial alike; recipes, evaluating, HTTP, the small run as they stand in a shell.
"""

import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
import soundfile
from documents import DOCS, README, ROOT, blocks, commands, lines, texts

from compjax.cli import compose
from compjax.compose import session

DEMO = ROOT / "compjax" / "assets" / "demo"
SECONDS = 2.0
PAGES = pytest.mark.parametrize(
    "path",
    [
        pytest.param(README, id="README"),
        pytest.param(DOCS / "tutorial.md", id="tutorial", marks=pytest.mark.slow),
    ],
)
PATIENCE = 1800  # seconds: two cores that are busy with other things


@pytest.fixture(scope="module")
def loaded():
    """The bundled model, loaded once for all commands."""
    return functools.cache(session.load)


def shorten(folder: pathlib.Path) -> None:
    """Write the beginnings of the demo clips into a folder."""
    folder.mkdir(parents=True)
    for path in DEMO.glob("*.flac"):
        rate = soundfile.info(path).samplerate
        soundfile.write(folder / path.name, soundfile.read(path, frames=int(SECONDS * rate))[0], rate)


@pytest.fixture
def short_clips(tmp_path, monkeypatch, loaded):
    """A folder in which the demo clips' beginnings lie at the places where the documents name them."""
    shorten(tmp_path / "compjax" / "assets" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "load", loaded)
    return tmp_path


def outputs(words: list[str]) -> list[pathlib.Path]:
    """The files that a compjax-compose command is asked to write."""
    values = compose.define_flags()
    values(words)
    made = [pathlib.Path(name) for name in (values.plot, values.save_groove, values.save_chords) if name]
    if values.pairs is not None:
        return [*made, pathlib.Path(values.output) / "index.html"] if values.report else made
    output = pathlib.Path(values.output)
    stems = [output.stem]
    if values.num_samples > 1:
        stems = [f"{output.stem}_{index}" for index in range(values.num_samples)]
    kinds = [".wav", ".mid", ".json"] + [".html"] * values.report
    return made + [output.with_name(stem + kind) for stem in stems for kind in kinds]


def text_of(capsys) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


@PAGES
def test_composing_works_as_documented(path, short_clips, capsys):
    for name, text in texts(path).items():
        pathlib.Path(name).write_text(text)
    run = [words for words in commands(path, "compjax-compose") if "--checkpoint" not in words]
    assert len(run) >= 5
    for words in run:
        assert compose.run(words) == 0, text_of(capsys)
        missing = [made for made in outputs(words) if not made.stat().st_size]
        assert not missing, words
    assert "Creative agent: Rules" in capsys.readouterr().out


@PAGES
def test_python_works_as_documented(path, short_clips):
    for block in blocks(path, "python"):
        exec(compile(block, path.name, "exec"), {})
    assert {"out.wav", "out.mid", "out.json"} <= set(os.listdir())


# From here on as a reader does it: in a shell, on the clips as they are.


@pytest.fixture
def place(tmp_path):
    """Runs a script in a folder that holds the demo clips, with this interpreter's compjax on the PATH."""
    (tmp_path / "compjax").mkdir()
    (tmp_path / "compjax" / "assets").symlink_to(ROOT / "compjax" / "assets")
    (tmp_path / "bin").mkdir()
    for name in ("compose", "evaluate", "render", "train", "serve"):
        program = tmp_path / "bin" / f"compjax-{name}"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m compjax.cli.{name} "$@"\n')
        program.chmod(0o755)
    import compjax

    package = pathlib.Path(compjax.__file__).parents[1]  # the one under test, installed or not
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(package), "XLA_FLAGS": ""}

    def run(script: str, **settings) -> str:
        script = "set -euo pipefail\n" + script.replace("python -m", f"{sys.executable} -P -m")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=settings.pop("cwd", tmp_path),
            env=environment | settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    run.folder, run.environment = tmp_path, environment
    return run


@pytest.mark.slow
def test_recipes_can_be_cooked(place):
    place("\n".join(blocks(DOCS / "recipes.md", "bash")))
    made = [made for words in commands(DOCS / "recipes.md", "compjax-compose") for made in outputs(words)]
    assert len(made) > 30 and not [name for name in made if not (place.folder / name).is_file()]


@pytest.mark.slow
def test_the_first_commands_of_the_readme_in_a_shell(place):
    first = blocks(README, "bash")[0].replace("pip install .\n", "")
    printed = place(first)
    made = {"out.wav", "out.mid", "out.json", "out.html", "out.png"}
    assert made <= set(os.listdir(place.folder))
    assert "input         1.00      0.00      0.00" in printed


@pytest.mark.slow
def test_recordings_are_evaluated_as_documented(place):
    """Each command on two short pairs; weights and earlier scores that a reader has are the bundled ones."""
    shorten(place.folder / "clips")
    (place.folder / "pairs.csv").write_text(
        "clips/drums.flac,clips/guitar.flac\nclips/piano.flac,clips/fifths.flac\n"
    )
    for name in ("new", "old", "masking", "small"):
        shutil.copy(ROOT / "compjax" / "assets" / "compositional.npz", place.folder / f"{name}.npz")
    run = [line for line in lines(DOCS / "evaluation.md") if line.startswith("compjax-evaluate --pairs")]
    assert len(run) >= 5
    place(run[0].replace("--output=report", "--output=before"))
    for line in run:
        shutil.rmtree(place.folder / "report", ignore_errors=True)
        place(line)
        assert (place.folder / "report" / "table.md").stat().st_size
        assert ("--page" in line) == (place.folder / "report" / "index.html").exists()


@contextlib.contextmanager
def served(place):
    """The address of a page that is served as documented, on a free port."""
    command = [str(place.folder / "bin" / "compjax-serve"), "--port=0"]
    options = {"cwd": place.folder, "env": place.environment, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as process:
        try:
            yield re.search(r"http://\S+", process.stdout.readline())[0].rstrip("/")
        finally:
            process.send_signal(signal.SIGINT)


@pytest.mark.slow
def test_the_interface_over_http_works_as_documented(place):
    if not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("curl and jq are not installed")
    script = next(block for block in blocks(DOCS / "web.md", "bash") if "curl" in block)
    with served(place) as address:
        place(re.sub(r"^page=.*$", f"page={address}", script, flags=re.MULTILINE))
    assert soundfile.info(place.folder / "page.wav").duration == pytest.approx(8.0, abs=0.1)
    assert (place.folder / "page.mid").read_bytes().startswith(b"MThd")


@pytest.mark.slow
@pytest.mark.synth
def test_the_small_run_goes_the_whole_way(place):
    """launch/speedrun.sh --smoke: render, train, evaluate, compose."""
    line = next(line for line in lines(DOCS / "training.md") if "--smoke" in line).split("#")[0]
    place(f"{line} --workdir {place.folder / 'smoke'}", cwd=ROOT)
    made = ("data/train", "train/agent.npz", "evaluation/table.md", "out.wav")
    assert not [name for name in made if not (place.folder / "smoke" / name).exists()]
