"""The settings of conftest.py are in force."""

import warnings

import jax
import jax.numpy as jnp
import pytest


def test_four_devices():
    assert jax.device_count() == 4


def test_rank_promotion_raises():
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.ones((2, 3)) + jnp.ones(3)


def test_warnings_are_errors():
    with pytest.raises(UserWarning, match="told"):
        warnings.warn("told", stacklevel=1)
