"""Traced programs are traced once, kept, and made again when they cannot be read."""

import jax.numpy as jnp
import numpy as np
import pytest

from compjax.exported import Exported

ARGS = {"a": np.arange(3, dtype=np.float32)}, np.float32(2.0)


class Counting:
    """A function that counts how often it is traced."""

    def __init__(self):
        self.traced = 0

    def __call__(self, tree, factor):
        self.traced += 1
        return {"twice": tree["a"] * factor, "sum": jnp.sum(tree["a"])}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPJAX_CACHE", str(tmp_path))
    return tmp_path / "programs"


def run(depends_on=()) -> int:
    """How often a new `Exported` traces, having checked what it gives."""
    function = Counting()
    total, twice = Exported(function, "counting", depends_on)(*ARGS)
    np.testing.assert_array_equal(twice, [0.0, 2.0, 4.0])
    assert total == 3.0
    return function.traced


def test_traced_once(folder):
    assert [run(), run()] == [1, 0]


def test_other_settings_are_another_program(folder):
    assert [run((1,)), run((2,)), run((1,))] == [1, 1, 0]


def test_damaged_is_made_again(folder):
    run()
    [path] = folder.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    assert [run(), run()] == [1, 0]


def test_unknown_settings_keep_nothing(folder):
    assert run((np.arange(3),)) == run((object(),)) == 1
    assert not folder.exists() or not list(folder.glob("*counting*"))


def test_without_flatbuffers_it_is_traced_in_every_run(folder, monkeypatch):
    """JAX writes programs with a package of its own choice; without it composing goes on."""
    from jax import export

    def missing(self):
        raise ImportError("Please install 'flatbuffers' in order to use Exported serialization")

    monkeypatch.setattr(export.Exported, "serialize", missing)
    assert [run(), run()] == [1, 1]
    assert not list(folder.glob("*"))
