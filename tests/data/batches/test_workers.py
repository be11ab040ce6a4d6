"""Worker processes: they neither end early, nor outlive their parent, nor load JAX."""

import dataclasses
import itertools
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from compjax.data.batches.maker import MadeBatch
from compjax.data.batches.workers import WorkerFailure, made_by_processes
from compjax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A maker whose batches tell who made them."""

    fail_at: int = -1
    user: bool = True

    def make(self, step: int) -> MadeBatch:
        if step == self.fail_at:
            raise UserError("the tape is torn") if self.user else ZeroDivisionError("oops")
        print("what a library prints does no harm")
        loaded = "jax" in sys.modules
        batch = {"step": np.full((2, 50_000), step), "pid": np.array([os.getpid(), loaded])}
        return MadeBatch(batch, ())


@pytest.fixture
def feed(monkeypatch):
    """Starts workers of which this file can be imported, and ends them."""
    opened = []
    monkeypatch.syspath_prepend(os.path.dirname(__file__))
    maker = __import__("test_workers").Numbers  # pickled by a name that a worker knows

    def start(first=0, workers=2, **settings):
        opened.append(made_by_processes(maker(**settings), first, workers))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_batches_come_in_order_from_processes_without_jax(feed):
    made = [made.batch for made in itertools.islice(feed(5, 3), 9)]
    assert [int(batch["step"][0, 0]) for batch in made] == list(range(5, 14))
    assert len({int(batch["pid"][0]) for batch in made}) == 3
    assert not any(batch["pid"][1] for batch in made)


def test_signals_pass_by_and_a_killed_worker_is_replaced(feed):
    numbers = feed()
    pids = {int(next(numbers).batch["pid"][0]) for _ in range(2)}
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    assert {int(next(numbers).batch["pid"][0]) for _ in range(4)} == pids
    os.kill(max(pids), signal.SIGKILL)
    steps = [int(next(numbers).batch["step"][0, 0]) for _ in range(10)]
    assert steps == list(range(6, 16))


def test_workers_are_not_in_the_group_that_a_terminal_stops(feed):
    pid = int(next(feed()).batch["pid"][0])
    assert os.getpgid(pid) != os.getpgid(0)


def test_closing_ends_the_processes(feed):
    numbers = feed()
    pids = {int(next(numbers).batch["pid"][0]) for _ in range(2)}
    numbers.close()
    numbers.close()
    assert not any(alive(pid) for pid in pids) and list(numbers) == []


def test_a_users_error_is_raised_where_batches_are_read(feed):
    numbers = feed(fail_at=3)
    with pytest.raises(UserError, match="the tape is torn"):
        list(numbers)


def test_an_error_of_ours_comes_with_its_traceback(feed):
    with pytest.raises(WorkerFailure, match="ZeroDivisionError: oops"):
        list(feed(fail_at=1, user=False))


def test_workers_that_keep_dying_are_the_users_error(feed, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(UserError, match="3 times in a row"):
        next(feed())


PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_workers import Numbers
from compjax.data.batches.workers import made_by_processes
feed = made_by_processes(Numbers(), 0, 2)
print(*{int(next(feed).batch["pid"][0]) for _ in range(4)}, flush=True)
sys.stdin.read()
"""

LONGEST_SECONDS = 60.0
"""For a worker to end; how long it takes is the machine's affair."""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_do_not_outlive_a_parent_that_is_killed(how):
    shared = set(os.listdir("/dev/shm"))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, os.path.dirname(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert parent.poll() is None, "the parent ended by itself"
    assert len(pids) == 2 and all(alive(pid) for pid in pids)
    parent.send_signal(how)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + LONGEST_SECONDS
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in pids)
    assert not {name for name in set(os.listdir("/dev/shm")) - shared if name.startswith("psm_")}
