"""A small EnCodec with drawn weights; lets the tests beside it import `encodec_helpers`."""

import functools
import pathlib
import sys

import jax
import pytest

sys.path.append(str(pathlib.Path(__file__).parent))

from encodec_helpers import drawn, small_state  # noqa: E402


@pytest.fixture(scope="session")
def quick_jit():
    """`jax.jit` that compiles in half the time, for what runs once."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


@pytest.fixture(scope="session")
def small():
    """EnCodec with a hop of 6 and 8 channels, as the golden arrays have it."""
    from compjax.codec.encodec import Encodec, EncodecConfig

    return Encodec(EncodecConfig(**drawn.SMALL))


@pytest.fixture(scope="session")
def small_params(small):
    """Its drawn weights, through the conversion."""
    from compjax.codec.encodec_port import convert

    return convert(small_state(small.config), "drawn", small.config)
