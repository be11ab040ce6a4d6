"""Errors that a failed restore leaves behind."""

import sys

import pytest

from compjax.training.checkpoints import leftovers

READ = """
async def read(wait):
    try:
        await wait
    finally:
        raise OSError("damaged")
"""


class Wait:
    """Something to await that never comes."""

    def __await__(self):
        yield


def given_up(path):
    """A coroutine of a file is begun and thrown away."""
    names = {}
    exec(compile(READ, path, "exec"), names)
    reading = names["read"](Wait())
    reading.send(None)


@pytest.mark.parametrize("path, told", [("/lib/orbax/reading.py", 0), ("/lib/other/reading.py", 1)])
def test_only_orbax_reads_that_are_given_up_are_hushed(monkeypatch, path, told):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    leftovers.hush()
    leftovers.hush()  # a second failure changes nothing
    given_up(path)
    assert len(seen) == told
