"""The same losses whatever the layout: processes, devices, loader workers, split parameters."""

import json
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).with_name("run_steps.py")
STEPS = 50
NEAR = 2e-6
"""Relative difference that another number of devices may make: sums in another order."""

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, fake_shards):
    place = tmp_path_factory.mktemp("shards")
    for seed, count in enumerate((6, 5)):
        np.savez(place / f"shard_{seed}.npz", **fake_shards(count, seed))
    return place


def losses(folder, devices: int, processes: int = 1, workers: int = 0, fsdp: int = 1) -> list[float]:
    """Losses of a run with so many devices in each of so many processes."""
    port = free_port()
    numbers = [[STEPS, devices, processes, index, port, workers, fsdp] for index in range(processes)]
    running = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), *map(str, row)], stdout=subprocess.PIPE, text=True
        )
        for row in numbers
    ]
    printed = [process.communicate(timeout=900)[0] for process in running]
    assert not any(process.returncode for process in running)
    found = [float.fromhex(loss) for loss in json.loads(printed[0].splitlines()[-1])]
    assert len(set(found)) > STEPS // 2 and found[-1] < found[0]
    return found


@pytest.fixture(scope="module")
def of_four(folder):
    return losses(folder, 4)


def test_two_processes_of_two_devices_are_one_of_four_to_the_bit(folder, of_four):
    assert losses(folder, 2, processes=2, workers=1) == of_four


@pytest.mark.parametrize(("devices", "fsdp"), [(1, 1), (8, 1), (8, 4)])
def test_other_devices_differ_by_rounding_only(folder, of_four, devices, fsdp):
    np.testing.assert_allclose(losses(folder, devices, fsdp=fsdp), of_four, rtol=NEAR)
