"""Variables of a network drawn by NumPy, as a fixture."""

import math

import jax
import numpy as np
import pytest
from original_weights import singular_vectors


def draw_leaf(path, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A weight of a kind with its name: kernels keep variances, norms are near 1, the rest near 0."""
    values, name = rng.standard_normal(shape), path[-1].key
    if name in ("scale", "var"):
        values = 1 + 0.1 * abs(values)
    elif name == "kernel":
        values = values / math.sqrt(math.prod(shape[:-1]))
    else:
        values = 0.1 * values
    return values.astype(np.float32)


def set_singular_vectors(stats: dict, params: dict) -> None:
    """Gives spectrally normalised layers the singular vectors of their kernels."""
    for name, branch in stats.items():
        if "u" in branch:
            branch |= singular_vectors(params[name]["kernel"].T)
        elif name in params:
            set_singular_vectors(branch, params[name])


@pytest.fixture
def fill(rng):
    """A function from a module and what it is called with to variables drawn by NumPy.

    Compiling an initialisation takes longer than most tests.
    """

    def variables(module, *args, **kwargs) -> dict:
        shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *args, **kwargs))
        drawn = jax.tree_util.tree_map_with_path(lambda path, leaf: draw_leaf(path, leaf.shape, rng), shapes)
        set_singular_vectors(drawn.get("batch_stats", {}), drawn["params"])
        return drawn

    return variables
