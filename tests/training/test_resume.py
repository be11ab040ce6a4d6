"""Stopping and going on, in this process, with the tiny task of tests/resilience; the kills are there."""

import importlib.util
import itertools
import json
import os
import pathlib
import random
import signal
import sys

import jax
import numpy as np
import pytest

from compjax.errors import UserError
from compjax.training import sharding
from compjax.training.checkpoints.checkpoint import Checkpoints
from compjax.training.loop import train
from compjax.training.process import exits
from compjax.training.process.peers import Alone
from compjax.training.task import RunOptions

FOLDER = pathlib.Path(__file__).parents[1] / "resilience"


def load(name):
    """A module of tests/resilience, whatever pytest's import mode."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


tiny = load("tiny")


@pytest.fixture(autouse=True)
def one_device(monkeypatch):
    """The tests' four devices would need batches for each."""
    monkeypatch.setattr(sharding, "make_mesh", one_device_mesh)


def one_device_mesh(data=-1, fsdp=1):
    """A mesh of the first device."""
    names, kinds = sharding.BATCH_AXES, (jax.sharding.AxisType.Auto,) * 2
    return jax.make_mesh((1, 1), names, axis_types=kinds, devices=jax.devices()[:1])


def run(workdir, stop_at=None, allowed=(), **changes):
    """A run of the tiny task that is sent SIGTERM when the batch of step `stop_at` is made."""

    def build(config, mesh):
        task = tiny.build_tiny(config, mesh)
        make = task.pipeline._batch

        def batch(step):
            if step + 1 == stop_at:
                os.kill(os.getpid(), signal.SIGTERM)
            return make(step)

        task.pipeline._batch = batch
        return task

    return train(tiny.tiny_config(**changes), str(workdir), RunOptions(allowed), build)


def state_of(workdir, **changes):
    """The newest good state in a workdir, as a list of arrays."""
    task = tiny.build_tiny(tiny.tiny_config(**changes), one_device_mesh())
    like = sharding.abstract(jax.eval_shape(task.init), task.shardings)
    checkpoints = Checkpoints(str(workdir), 2, 1, Alone())
    found = checkpoints.restore(like, lambda meta: None)
    checkpoints.close()
    return [np.asarray(leaf) for leaf in jax.tree.leaves(found.state)]


def trace_of(workdir):
    """Lines by step; a step that was done twice must be the same both times."""
    lines = {}
    for line in (workdir / "trace.jsonl").read_text().splitlines():
        found = json.loads(line)
        assert lines.setdefault(found["step"], line) == line
    return lines


def test_five_stops_change_no_bit(tmp_path):
    assert run(tmp_path / "whole").status == exits.FINISHED
    done, draw = 0, random.Random(0)
    for _ in range(
        5
    ):  # batches are made ahead, so a signal comes some steps before the step it is ordered for
        outcome = run(tmp_path / "parts", done + draw.randint(6, 11))
        assert outcome.status == exits.PREEMPTED and outcome.step > done
        assert (tmp_path / "parts" / "agent.npz").is_file()  # from the first checkpoint on
        done = outcome.step
    assert run(tmp_path / "parts").status == exits.FINISHED
    whole, parts = trace_of(tmp_path / "whole"), trace_of(tmp_path / "parts")
    assert whole == parts and len(whole) == 60
    for one, other in zip(state_of(tmp_path / "whole"), state_of(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The workdir of a run of twelve steps with three checkpoints."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "make_mesh", one_device_mesh)
        run(folder, num_steps=12, loop={"save_every": 4, "keep_latest": 3})
    return folder


def copied(source, target):
    """A copy of a workdir to damage."""
    import shutil

    shutil.copytree(source, target)
    return target


def test_flipped_bits_are_detected_and_the_checkpoint_before_is_used(finished, tmp_path):
    before = copied(finished, tmp_path / "before")
    load_before = before / "checkpoints" / "12"
    load_before.rename(tmp_path / "gone")
    wanted = state_of(before)
    folder = copied(finished, tmp_path / "flipped") / "checkpoints" / "12"
    # not the parts that each process wrote before they were joined: the state is not read from those
    data = max((folder / "state" / "d").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    found = state_of(tmp_path / "flipped")
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (folder.parent / "bad-12").is_dir() and not folder.exists()


def test_no_good_checkpoint_is_one_line(finished, tmp_path):
    folder = copied(finished, tmp_path / "bad") / "checkpoints"
    for step in (4, 8, 12):
        (folder / str(step) / "meta" / "metadata").write_text("{}")
    with pytest.raises(UserError, match="none of the 3 checkpoints"):
        state_of(tmp_path / "bad")


def test_another_model_is_refused_and_nothing_set_aside(finished, tmp_path):
    folder = copied(finished, tmp_path / "other")
    with pytest.raises(UserError, match="holds another model"):
        state_of(folder, ballast=7)
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["12", "4", "8"]


def test_another_configuration_is_refused(finished, tmp_path):
    folder = copied(finished, tmp_path / "other")
    with pytest.raises(UserError, match="learning_rate: 0.01 there, 0.5 here"):
        run(folder, learning_rate=0.5, num_steps=14)
    assert run(folder, allowed=("learning_rate",), learning_rate=0.5, num_steps=14).step == 14


def test_a_batch_that_is_not_finite_changes_nothing(tmp_path):
    loop = {"save_every": 1, "keep_latest": 9}
    run(tmp_path, num_steps=8, validate_every=8, loop=loop, faults={"nan_steps": [5]})
    sums = [
        json.loads((tmp_path / "checkpoints" / str(step) / "meta" / "metadata").read_text())["sums"]
        for step in (4, 5)
    ]
    assert {name for name in sums[0] if sums[0][name] != sums[1][name]} == {".step", ".bad_steps"}


def test_five_in_a_row_end_the_run(tmp_path, capsys):
    outcome = run(tmp_path, faults={"nan_steps": [7, 8, 9, 10, 11]})
    assert outcome.status == exits.NOT_FINITE
    assert "5 steps in a row up to 11" in capsys.readouterr().err
    assert (tmp_path / "diagnosis-0.json").exists()


def test_a_run_stopped_while_validating_validates_when_it_goes_on(tmp_path):
    faults = {"slow_validation": 30.0}

    def stop_in_validation(workdir):
        import threading

        threading.Timer(4.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return run(workdir, num_steps=20, faults=faults)

    assert stop_in_validation(tmp_path).status == exits.PREEMPTED
    outcome = run(tmp_path, num_steps=20)
    assert (outcome.status, outcome.step) == (exits.FINISHED, 20) and "loss/total" in outcome.scalars


SCORES = [1.0, float("nan"), 3.0, 3.0, float("inf"), 2.0, float("nan"), 0.5]


def test_the_best_and_the_last_stay_whatever_the_scores(tmp_path):
    """B8: not-a-number, equal and infinite scores over three restarts."""
    state = {"step": np.int32(0), "w": np.arange(4.0, dtype=np.float32)}
    for part in (SCORES[:3], SCORES[3:6], SCORES[6:]):
        checkpoints = Checkpoints(str(tmp_path), 2, 1, Alone())
        first = (checkpoints.steps() or [0])[-1] + 1
        like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), state)
        checkpoints.restore(like, lambda meta: None)
        for step, score in zip(itertools.count(first), part, strict=False):
            checkpoints.save(step, jax.tree.map(jax.numpy.asarray, state), {}, score)
        checkpoints.close()
        assert len(checkpoints.steps()) <= 4
    kept = checkpoints.steps()
    assert kept[-2:] == [7, 8] and set(kept[:-2]) & {3, 4}
    assert json.loads((tmp_path / "best.json").read_text())["score"] == 3.0
