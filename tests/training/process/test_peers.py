"""What says that a process is one of several. Two real processes: tests/resilience."""

import pytest

from compjax.errors import UserError
from compjax.training.process import peers

EVERYTHING = (*peers.VARIABLES, "SLURM_NTASKS", "SLURM_PROCID", "TPU_WORKER_HOSTNAMES")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """An environment that says nothing."""
    for name in (*EVERYTHING, "MEGASCALE_COORDINATOR_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_one_process_stays_alone():
    assert peers.announced() == ""
    assert not peers.join("auto") and not peers.join("off")


def test_what_announces_several(alone):
    alone.setenv("SLURM_NTASKS", "4")
    alone.setenv("SLURM_PROCID", "1")
    assert peers.announced() == "SLURM"
    alone.setenv("SLURM_NTASKS", "1")
    assert peers.announced() == ""
    alone.setenv("TPU_WORKER_HOSTNAMES", "a,b")
    assert peers.announced() == "TPU workers"


def test_half_an_announcement_is_one_line(alone):
    alone.setenv("JAX_NUM_PROCESSES", "2")
    with pytest.raises(UserError, match="but JAX_COORDINATOR_ADDRESS, JAX_PROCESS_ID is not"):
        peers.join("auto")
    assert not peers.join("off")


def test_an_unknown_mode_is_one_line():
    with pytest.raises(UserError, match="auto, on or off"):
        peers.join("maybe")


def test_nobody_to_ask():
    alone = peers.Alone()
    assert alone.exchange("x", "text") == ["text"]
    assert alone.stopping(True) and not alone.stopping(False)
