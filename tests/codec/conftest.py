"""What the tests of codecs share."""

import functools

import jax
import pytest
from small_encodec import small, small_params  # noqa: F401


@pytest.fixture(scope="session")
def quick_jit():
    """`jax.jit` that compiles in half the time, for what runs once."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
