"""One trainer per workdir."""

import json
import os
import signal
import subprocess
import sys

import pytest

from compjax.errors import UserError
from compjax.training.process.lock import NAME, WorkdirLock

HOLD = """
import sys, time
from compjax.training.process.lock import WorkdirLock
lock = WorkdirLock(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_refuses_and_names_the_first(holder, tmp_path):
    with pytest.raises(UserError, match=f"process {holder.pid} on .* since 20"):
        WorkdirLock(str(tmp_path))


def test_the_lock_of_a_killed_process_is_taken_over(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert json.loads((tmp_path / NAME).read_text())["pid"] == holder.pid
    lock = WorkdirLock(str(tmp_path))
    assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
    lock.release()


def test_it_can_be_taken_again_once_released(tmp_path):
    for _ in range(2):
        WorkdirLock(str(tmp_path)).release()


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UserError, match="cannot write in the workdir"):
        WorkdirLock(str(tmp_path / "run"))
