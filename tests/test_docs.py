"""The documents say what is so: commands have these flags, files are there, scripts start, the notebook runs.

`tests/test_documented_commands.py` runs the commands.
"""

import ast
import base64
import importlib
import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from documents import DOCS, DOCUMENTS, ROOT, blocks, commands, lines, name_of, programs, settings, texts
from notebook_results import small
from PIL import Image

import compjax
from compjax import command
from compjax.data.rendering import soundfont
from compjax.pages import page

EVERY = pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
LARGEST_PICTURE, LARGEST_NOTEBOOK = 150_000, 300_000


def parse(program: str, words: list[str], monkeypatch) -> None:
    """Read a command line as its program does, and stop before anything is done."""
    module = importlib.import_module(programs()[program])
    if program == "compjax-train":  # it takes signals over first, which are the tests' here
        module.override(module.parse(words))
        return
    monkeypatch.setattr(command, "run", lambda name, doc, define, parse, act, argv=None: parse(argv))
    module.run(words)


@EVERY
@pytest.mark.parametrize("program", programs())
def test_commands_can_be_parsed(path, program, monkeypatch):
    monkeypatch.chdir(ROOT)
    for words in commands(path, program):
        if "--checkpoint=new.npz" in words:  # weights that a reader has
            words = [word for word in words if ".npz" not in word]
        parse(program, words, monkeypatch)


def test_a_wrong_command_is_seen(monkeypatch):
    with pytest.raises(Exception, match="nonsense"):
        parse("compjax-compose", ["compjax-compose", "--nonsense=1"], monkeypatch)
    monkeypatch.chdir(ROOT)
    with pytest.raises(Exception, match="batchsize"):
        words = ["compjax-train", "--config=experiments/smoke.py", "--workdir=x", "--config.batchsize=1"]
        parse("compjax-train", words, monkeypatch)


def test_every_program_is_documented():
    for program in programs():
        assert any(commands(path, program) for path in DOCUMENTS), program


@EVERY
def test_clips_and_modules_of_commands_are_there(path):
    for line in lines(path):
        for clip in re.findall(r"compjax/assets/[\w./]+", line):
            assert (ROOT / clip).is_file(), clip
    for module in re.findall(r"python -m ([\w.]+)", path.read_text()):
        folder = ROOT / module.replace(".", "/")
        assert folder.is_dir() or folder.with_suffix(".py").is_file(), module


@EVERY
def test_what_is_named_is_there(path):
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]
    pattern = r"(?<![\w/.])(?:compjax|experiments|launch|tests)/[\w./-]*\w"
    named = set(re.findall(pattern, path.read_text()))
    assert not [name for name in named if not (ROOT / name).exists()]


def cells(line: str) -> int:
    """How many bars divide a line of a table; those of formulas and commands do not count."""
    return re.sub(r"`[^`]*`", "", line).replace("\\|", "").count("|")


def crooked_rows(text: str) -> list[str]:
    """Lines of tables that have not the columns of their table's head, or begin with something else."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    tables = re.findall(r"^\|[^\n]*\n\|[-:| ]+\|\n(?:[^\n]+\n)*", text, flags=re.MULTILINE)
    rows = [(table.splitlines()[0], row) for table in tables for row in table.splitlines()]
    return [row for head, row in rows if cells(row) != cells(head) or not row.startswith("|")]


@EVERY
def test_rows_of_tables_have_the_columns_of_their_head(path):
    assert not crooked_rows(path.read_text())


def test_crooked_rows_are_seen():
    table = "| a | b |\n|---|---|\n| 1 | `x|y` |\n"
    assert crooked_rows(table) == []
    assert crooked_rows(table + "@later@| 3 | 4 |\n| 5 |\n") == ["@later@| 3 | 4 |", "| 5 |"]


@EVERY
def test_extras_and_packages_are_those_of_setup(path):
    groups = re.findall(r"'\.\[([\w,]+)\]'", path.read_text())
    named = {name for group in groups for name in group.split(",")}
    assert named <= set(settings()["options.extras_require"])


@EVERY
def test_scripts_start_as_documented(path):
    """Every launch line, with its settings, as a dry run."""
    for line in lines(path):
        if re.match(r"(\w+=\S+ )*launch/(?!fetch_music)", line):
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=ROOT,
                env=os.environ | {"DRY_RUN": "1"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            assert "\n+ " in f"\n{done.stdout}", line


def test_installing_for_rendering_brings_all_soundfonts():
    """Of the training page, which the scripts' own heads refer to."""
    line = next(line for line in lines(DOCS / "training.md") if line.startswith("apt-get install"))
    assert set(line.split()[2:]) == {"libfluidsynth3", *soundfont.PACKAGES.values()}
    for script in ("speedrun.sh", "run_train_compositional.sh"):
        head = (ROOT / "launch" / script).read_text()
        assert "soundfonts of compjax/docs/training.md" in head


@EVERY
def test_python_is_python(path):
    for block in blocks(path, "python"):
        compile(block, path.name, "exec")


def test_floors_of_the_notes_are_those_of_the_house():
    source = (ROOT / "tests" / "test_architecture.py").read_text()
    kept = ast.literal_eval(re.search(r"^FLOORS = (\(.*?^\))", source, re.DOTALL | re.MULTILINE)[1])
    rows = re.findall(r"^\| (\d+) \| (.*?) ?\|", (ROOT / "BUILD_NOTES.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(len(kept)))
    assert [set(re.findall(r"`(\w+)`", rooms)) or {""} for _, rooms in rows] == [set(rooms) for rooms in kept]


@pytest.mark.parametrize("name", ["composition.png", "families.png"])
def test_pictures_are_small(name):
    assert 0 < (DOCS / name).stat().st_size < LARGEST_PICTURE


def test_files_that_are_written_out_can_be_read(tmp_path):
    """Grooves and chords that the pages write with cat."""
    written = {name: text for path in DOCUMENTS for name, text in texts(path).items()}
    kinds = {".groove": compjax.read_groove, ".chords": compjax.read_chords}
    read = set()
    for name, text in written.items():
        suffix = os.path.splitext(name)[1]
        if suffix in kinds:
            (tmp_path / name).write_text(text)
            assert kinds[suffix](tmp_path / name)
            read.add(suffix)
    assert read == set(kinds)


def notebook():
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(DOCS / "example.ipynb", as_version=4)


def test_notebook_shows_its_results_and_is_small():
    """As `python -m tests.notebook` writes it: run from top to bottom, nothing failed, and heard."""
    cells = [cell for cell in notebook().cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    text = (DOCS / "example.ipynb").read_text()
    assert len(text.encode()) < LARGEST_NOTEBOOK
    assert text.count("data:audio/mpeg;base64,") == 3 and text.count("data:image/png;base64,") == 1
    assert "/tmp/" not in text and "/home/" not in text and "/root/" not in text


def test_results_are_made_small():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8 * 24_000)
    picture = io.BytesIO()
    Image.effect_noise((1600, 900), 80).save(picture, "PNG")
    sound = page.data_uri(page.flac(noise), "audio/flac")
    made = small(f'<audio src="{sound}"><img src="{page.data_uri(picture.getvalue(), "image/png")}">')
    heard, seen = (base64.b64decode(part) for part in re.findall(r"base64,([^\"]+)", made))
    info = soundfile.info(io.BytesIO(heard))
    assert (info.format, info.samplerate, info.channels) == ("MP3", 24_000, 1)
    assert info.duration == pytest.approx(4.0, abs=0.1) and len(heard) < 40_000
    assert Image.open(io.BytesIO(seen)).size == (800, 450)


def test_notebook_runs(tmp_path):
    """In an interpreter of its own: warnings of the notebook's machinery are none of ours."""
    notebook()
    pytest.importorskip("nbclient")
    code = (
        "import json, sys, nbformat, nbclient\n"
        f"notebook = nbformat.read({str(DOCS / 'example.ipynb')!r}, as_version=4)\n"
        "nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
        "nbformat.write(notebook, 'run.ipynb')\n"
    )
    package = os.path.dirname(os.path.dirname(compjax.__file__))  # the one under test, installed or not
    environment = os.environ | {"PYTHONPATH": package, "XLA_FLAGS": "", "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {"notebook.wav", "notebook.mid", "notebook.json", "notebook.png", "notebook.html"} <= set(
        os.listdir(tmp_path)
    )
    shown = (tmp_path / "run.ipynb").read_text()
    assert shown.count("text/html") == 1 and "<audio" in shown and "8.0 seconds in" in shown
