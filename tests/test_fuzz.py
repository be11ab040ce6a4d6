"""The short form of `python -m tests.fuzz`."""

import importlib.util
import pathlib
import sys

import pytest

from compjax.errors import UserError

PATH = pathlib.Path(__file__).with_name("fuzz.py")


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz", PATH)
    module = sys.modules["fuzz"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["audio", "midi", "weights", "groove", "chords", "list"])
def test_damaged_files_are_read_or_refused_in_one_line(fuzz, name):
    counts = dict.fromkeys(fuzz.kinds(), 0) | {name: 25}
    assert fuzz.run(counts, seed=1) == []


@pytest.mark.parametrize("name", ["audio", "midi", "weights", "groove", "chords", "list"])
def test_whole_files_are_read(fuzz, name, tmp_path):
    kind = fuzz.kinds()[name]
    for file, content in kind.whole.items():
        (tmp_path / file).write_bytes(content)
        assert kind.read(tmp_path / file) is not None


def refuse(path):
    raise UserError("two\nlines")


@pytest.mark.parametrize("read", [lambda path: 1 / 0, refuse])
def test_it_can_see_what_is_wrong(fuzz, tmp_path, read):
    assert fuzz.check(fuzz.Kind({"a": b"abc"}, read), "a", 0, 0, tmp_path)
