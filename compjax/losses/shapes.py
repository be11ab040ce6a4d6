"""Shape checks of the losses: NumPy's broadcasting would turn a mistaken shape into a wrong number."""

from __future__ import annotations

import jax

Array = jax.Array


def require_same_shape(ndim: int, **arrays: Array) -> None:
    """Raises ValueError unless all `arrays` have one shape of `ndim` axes."""
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != ndim for shape in shapes.values()):
        listed = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise ValueError(f"{ndim} axes and one shape are needed, but there are {listed}")
