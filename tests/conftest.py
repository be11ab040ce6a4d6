"""Settings that every test runs under; they must be in the environment before jax is imported.

Warnings are errors (setup.cfg). Ranks are never promoted silently, so a missing axis fails here
rather than broadcasting. Four fake CPU devices stand in for an accelerator host.
"""

import os

import numpy as np
import pytest

NUM_DEVICES = 4

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + f" --xla_force_host_platform_device_count={NUM_DEVICES}"
)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Compiled programs are kept for this run only, and not in the home of who runs the tests."""
    os.environ["COMPJAX_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator: the same numbers in every run."""
    return np.random.default_rng(0)
