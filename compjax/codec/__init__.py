"""Codecs: `load()` gives one with its weights. Nothing heavy is imported before that."""

from __future__ import annotations

import os

NAMES = ("vocos",)


def load(name: str = "vocos", path: str | os.PathLike | None = None):
    """The codec called `name` and its weights: `(codec, params)`, see `protocol.Codec`.

    Args:
      name: one of `NAMES`.
      path: a weights file; None takes the bundled one.

    Raises:
      UserError: no codec of that name, or its weights are missing, damaged, or of another shape.
    """
    from compjax.audio.errors import UserError

    if name not in NAMES:
        raise UserError(f"no codec is called {name!r}; there is: {', '.join(NAMES)}")
    from compjax.codec import vocos, weights

    return vocos.from_weights(path or weights.ASSETS / f"{name}.npz")
