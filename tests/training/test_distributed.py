"""What says that a process is one of several. Two real processes: tests/resilience."""

import pytest

from compjax.audio.errors import UserError
from compjax.training import distributed

EVERYTHING = (*distributed.VARIABLES, "SLURM_NTASKS", "SLURM_PROCID", "TPU_WORKER_HOSTNAMES")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """An environment that says nothing."""
    for name in (*EVERYTHING, "MEGASCALE_COORDINATOR_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_one_process_stays_alone():
    assert distributed.announced() == ""
    assert not distributed.join("auto") and not distributed.join("off")


def test_what_announces_several(alone):
    alone.setenv("SLURM_NTASKS", "4")
    alone.setenv("SLURM_PROCID", "1")
    assert distributed.announced() == "SLURM"
    alone.setenv("SLURM_NTASKS", "1")
    assert distributed.announced() == ""
    alone.setenv("TPU_WORKER_HOSTNAMES", "a,b")
    assert distributed.announced() == "TPU workers"


def test_half_an_announcement_is_one_line(alone):
    alone.setenv("JAX_NUM_PROCESSES", "2")
    with pytest.raises(UserError, match="but JAX_COORDINATOR_ADDRESS, JAX_PROCESS_ID is not"):
        distributed.join("auto")
    assert not distributed.join("off")


def test_an_unknown_mode_is_one_line():
    with pytest.raises(UserError, match="auto, on or off"):
        distributed.join("maybe")


def test_nobody_to_ask():
    peers = distributed.Alone()
    assert peers.exchange("x", "text") == ["text"]
    assert peers.stopping(True) and not peers.stopping(False)
