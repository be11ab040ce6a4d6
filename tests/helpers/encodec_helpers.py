"""The drawn EnCodec weights and golden arrays (tests/reference), for the tests beside this."""

import functools
import pathlib
import sys

import numpy as np

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"
sys.path.append(str(REFERENCE))

import encodec_weights as drawn  # noqa: E402


@functools.cache
def _golden() -> dict[str, np.ndarray]:
    with np.load(REFERENCE / "encodec_golden.npz") as file:
        return dict(file)


def golden_array(name: str) -> np.ndarray:
    """An array of encodec_golden.npz."""
    return _golden()[name]


def small_state(config) -> dict[str, np.ndarray]:
    """A state dict with drawn weights for a codec of any size, in the one form of names."""
    from compjax.port.encodec_table import places

    return {
        name: drawn.draw(name, shape)
        for _, names, shapes, _ in places(config)
        for name, shape in zip(names, shapes, strict=True)
    }
