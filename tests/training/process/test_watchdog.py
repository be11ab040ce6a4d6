"""The watchdog and the signals, in processes of their own, which they end."""

import signal
import subprocess
import sys
import time

import pytest

from compjax.errors import UserError
from compjax.training.process import exits
from compjax.training.process.watchdog import timeouts

STUCK = """
import sys, time
from compjax.training.process.phases import Phases
from compjax.training.process.watchdog import Watchdog

def wait_for_ever():
    time.sleep(60)

phases = Phases()
watchdog = Watchdog(phases, lambda: "process 0 on here", 0)
watchdog.limits["data"], watchdog.folder = 0.5, sys.argv[1]
phases.step = 7
with phases("data"):
    wait_for_ever()
"""

BUSY = """
import hashlib, sys
from compjax.training.process.interrupt import Interrupt
interrupt = Interrupt()
print("ready", flush=True)
hashlib.pbkdf2_hmac("sha256", b"x", b"y", 200_000_000)
"""

ARMED = """
import time
from compjax.training.process.interrupt import Interrupt, Stop
interrupt = Interrupt()
interrupt.arm()
print("ready", flush=True)
while not interrupt.raised:
    time.sleep(0.01)
time.sleep(0.5)
interrupt.close()
print("saved", flush=True)
"""


def started(code, *arguments):
    """A Python process that runs `code`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_stuck_process_is_ended_with_its_place(tmp_path):
    began = time.monotonic()
    process = started(STUCK, str(tmp_path))
    _, text = process.communicate(timeout=30)
    assert process.returncode == exits.STALLED
    assert time.monotonic() - began < 20
    assert "process 0 on here: no progress in phase 'data' at step 7" in text
    assert "in wait_for_ever" in text.splitlines()[0]
    assert "wait_for_ever" in (tmp_path / "watchdog-0.txt").read_text()


def test_a_signal_is_heard_while_the_main_thread_is_in_c():
    process = started(BUSY)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, text = process.communicate(timeout=30)
    assert process.returncode == exits.PREEMPTED and "nothing to save" in text
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_two_signals_at_once_still_let_it_save(number):
    process = started(ARMED)
    assert process.stdout.readline() == "ready\n"
    for _ in range(2):
        process.send_signal(number)
    out, text = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "saved\n")
    assert text.count("saving after this step") == 1


def test_an_unknown_phase_is_one_line():
    assert timeouts({"step": 5})["step"] == 5.0
    with pytest.raises(UserError, match="no phase lunch"):
        timeouts({"lunch": 3})
