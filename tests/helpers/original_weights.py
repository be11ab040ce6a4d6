"""The original's weights, rebuilt from their names (tests/reference), and its golden arrays, as fixtures."""

import csv
import functools
import math
import pathlib
import zlib

import numpy as np
import pytest

from compjax.models.composing.layers import sinusoidal_positions

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"
SEED = 1


@functools.cache  # the two networks share the names of their cascades
def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor drawn from its name."""
    generator = np.random.Generator(np.random.PCG64([SEED, zlib.crc32(name.encode())]))
    values = generator.standard_normal(shape)
    if name.endswith("running_var"):
        values = 0.5 + abs(values)
    elif name.endswith("weight") and len(shape) == 1:
        values = 1 + 0.1 * values
    elif len(shape) == 1:
        values = 0.1 * values
    else:
        values = values / math.sqrt(math.prod(shape[1:]))
    return values.astype(np.float32)


def singular_vectors(weight: np.ndarray) -> dict[str, np.ndarray]:
    """The leading left and right ones, by the end of their name."""
    u, _, v = np.linalg.svd(weight, full_matrices=False)
    return {"u": u[:, 0], "v": v[0]}


def rebuild(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array of a state dict of the original."""
    if name.endswith(".pe"):
        return sinusoidal_positions(*shape[1:])[None]
    if name.endswith("num_batches_tracked"):
        return np.array(0)
    return draw(name, shape)


def read_keys(network: str) -> dict[str, tuple[int, ...]]:
    with open(REFERENCE / "keys.tsv") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["network"] == network]
    return {r["name"]: () if r["shape"] == "scalar" else tuple(map(int, r["shape"].split("x"))) for r in rows}


@pytest.fixture(scope="session")
def original_state():
    """A function from a network's name in keys.tsv to its state dict, which is not to be changed."""

    @functools.cache
    def build(network: str) -> dict[str, np.ndarray]:
        state = {name: rebuild(name, shape) for name, shape in read_keys(network).items()}
        for name in [name for name in state if name.endswith("weight_orig")]:
            for end, vector in singular_vectors(state[name]).items():
                state[name.replace("weight_orig", f"weight_{end}")] = vector
        return state

    return build


@pytest.fixture(scope="session")
def original_keys():
    """A function from a network's name to shapes by name."""
    return read_keys


@pytest.fixture(scope="session")
def golden() -> dict[str, np.ndarray]:
    """The original's arrays, channels last."""
    with np.load(REFERENCE / "golden.npz") as file:
        return {name: file[name].swapaxes(1, 2) if file[name].ndim == 3 else file[name] for name in file}
