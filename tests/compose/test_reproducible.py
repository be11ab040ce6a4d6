"""The same seed, the same bytes, whatever the number of cores."""

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from fakes import chord, drums

from compjax.compose import reproducible
from compjax.constants import SAMPLE_RATE

CODE = """
import hashlib, os, sys
os.sched_setaffinity(0, {cores})
import compjax
made = compjax.load().compose("drums.wav", "piano.wav", rhythm="input", harmony="target", timbre="target")
print(hashlib.sha256(made.audio.tobytes()).hexdigest(), hashlib.sha256(made.midi).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_one_core_and_all_make_the_same(tmp_path):
    soundfile.write(tmp_path / "drums.wav", drums(4), SAMPLE_RATE)
    soundfile.write(tmp_path / "piano.wav", chord(4), SAMPLE_RATE)
    found, everything = set(), os.sched_getaffinity(0)
    flags = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    for cores in ({min(everything)}, everything):
        code = CODE.format(cores=cores)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=flags, capture_output=True, text=True
        )
        found.add(done.stdout.strip())
        assert done.returncode == 0 and len(done.stdout.split()) == 2, done.stderr
    assert len(found) == 1


def test_blas_has_one_thread_and_then_as_many_as_before():
    from threadpoolctl import threadpool_info

    def threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    np.ones((2, 2)) @ np.ones((2, 2))
    before = threads()
    with reproducible.one_blas_thread():
        assert threads() and set(threads()) == {1}
    assert threads() == before


@pytest.mark.parametrize("given", [None, "3"])
def test_the_environment_is_left_as_it_was(monkeypatch, given):
    monkeypatch.delenv("NPROC", raising=False)
    if given:
        monkeypatch.setenv("NPROC", given)
    reproducible.pin_pool()
    assert os.environ.get("NPROC") == given


LATER = """
import threadpoolctl
from compjax.compose import reproducible

with reproducible.one_blas_thread():
    pass
import scipy.linalg

with reproducible.one_blas_thread():
    found = [library for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
    print(len(found) > 1, {library["num_threads"] for library in found})
"""


def test_a_library_that_comes_later_is_held_to_one_thread_too():
    done = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True)
    assert done.stdout.strip() == "True {1}", done.stderr
