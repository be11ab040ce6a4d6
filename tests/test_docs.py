"""The documentation says what is so: commands have these flags, files are there, the notebook runs."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

import compjax

DOCS = pathlib.Path(compjax.__file__).parent / "docs"
ROOT = DOCS.parents[1]
PAGES = sorted(DOCS.glob("*.md"))
LARGEST_PICTURE = 150_000


def blocks(path: pathlib.Path, language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def commands(path: pathlib.Path) -> list[list[str]]:
    """The compjax-compose commands of a page, split as a shell does."""
    text = "\n".join(blocks(path, "bash")).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.startswith("compjax-compose")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_can_be_parsed(path):
    from compjax.cli import compose

    assert len(commands(path)) >= 5
    for command in commands(path):
        values = compose.define_flags()
        assert values(command)[1:] == []
        compose._check_together(values)
        for given in (values.input, values.target):
            assert given is None or not given.startswith("compjax/") or (ROOT / given).is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_is_linked_is_there(path):
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    assert not [link for link in links if "://" not in link and not (DOCS / link).exists()]
    named = re.findall(r"\b(?:launch|experiments)/[\w./]+\w", path.read_text())
    assert not [name for name in named if not (ROOT / name).exists()]


def test_python_of_the_tutorial_is_python():
    assert blocks(DOCS / "tutorial.md", "python")
    for block in blocks(DOCS / "tutorial.md", "python"):
        compile(block, "tutorial.md", "exec")


def test_picture_is_small():
    assert 0 < (DOCS / "composition.png").stat().st_size < LARGEST_PICTURE


def test_files_that_are_written_out_can_be_read(tmp_path):
    """Grooves, chords and lists that the pages write with cat."""
    written = {}
    for page in PAGES:
        for block in blocks(page, "bash"):
            written |= dict(re.findall(r"cat > (\S+) <<END\n(.*?)END\n", block, re.DOTALL))
    kinds = {".groove": compjax.read_groove, ".chords": compjax.read_chords}
    read = set()
    for name, text in written.items():
        suffix = pathlib.Path(name).suffix
        if suffix in kinds:
            (tmp_path / name).write_text(text)
            assert kinds[suffix](tmp_path / name)
            read.add(suffix)
    assert read == set(kinds)


def notebook():
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(DOCS / "example.ipynb", as_version=4)


def test_notebook_is_kept_without_results():
    cells = [cell for cell in notebook().cells if cell.cell_type == "code"]
    assert cells and not any(cell.outputs or cell.execution_count for cell in cells)


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
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": "", "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {"notebook.wav", "notebook.mid", "notebook.json", "notebook.png", "notebook.html"} <= set(
        os.listdir(tmp_path)
    )
    shown = (tmp_path / "run.ipynb").read_text()
    assert shown.count("text/html") == 2 and "<audio" in shown and "8.0 seconds in" in shown


@pytest.mark.slow
def test_recipes_can_be_cooked(tmp_path):
    """All commands of the page, one after the other, in a copy of the folder's layout."""
    (tmp_path / "compjax").mkdir()
    (tmp_path / "compjax" / "assets").symlink_to(ROOT / "compjax" / "assets")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "compjax-compose"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m compjax.cli.compose "$@"\n')
    command.chmod(0o755)
    script = "set -e\n" + "\n".join(blocks(DOCS / "recipes.md", "bash"))
    script = script.replace("python -m", f"{sys.executable} -P -m")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made = {word for words in commands(DOCS / "recipes.md") for word in words if word.endswith(".wav")}
    outputs = {name for name in made if "/" not in name and name != "variation.wav"}
    assert outputs | {"variation_3.wav"} <= set(os.listdir(tmp_path))
    assert (tmp_path / "all" / "index.html").is_file()
