"""Codecs: `load()` gives one with its weights. Nothing heavy is imported before that."""

from __future__ import annotations

import os
import pathlib

BUNDLED_CODEC = "vocos"
"""The codec that comes with its weights, whose latents every source of data makes."""

NAMES = (BUNDLED_CODEC, "encodec")


def load(name: str = BUNDLED_CODEC, path: str | os.PathLike | None = None):
    """The codec called `name` and its weights: `(codec, params)`, see `protocol.Codec`.

    Args:
      name: one of `NAMES`.
      path: a weights file; None takes `weights_path(name)`.

    Raises:
      UserError: no codec of that name, or its weights are missing, damaged, or of another shape.
    """
    _check_name(name)
    path = weights_path(name) if path is None else path
    if name == "encodec":
        from compjax.codec.encodec import converted_file

        return converted_file.load(path)
    from compjax.codec.vocos import vocos

    return vocos.from_weights(path)


def class_of(name: str) -> type:
    """The class of the codec called `name`, for what its latents are without loading weights (`log_bands`).

    Raises:
      UserError: no codec of that name.
    """
    _check_name(name)
    if name == "encodec":
        from compjax.codec.encodec.encodec import Encodec

        return Encodec
    from compjax.codec.vocos.vocos import Vocos

    return Vocos


def _check_name(name: str) -> None:
    """A UserError where no codec has that name."""
    from compjax.errors import UserError

    if name not in NAMES:
        raise UserError(f"no codec is called {name!r}; there is: {', '.join(NAMES)}")


def weights_path(name: str) -> pathlib.Path:
    """Where the weights of the codec called `name` are unless another file is given.

    Those of `vocos` are bundled. EnCodec's are the user's to convert: $COMPJAX_ENCODEC, else
    encodec.npz in the cache folder ($COMPJAX_CACHE, else compjax in $XDG_CACHE_HOME or ~/.cache).

    Raises:
      UserError: no codec of that name.
    """
    _check_name(name)
    if name == "encodec":
        from compjax.files import cache_folder

        named = os.environ.get("COMPJAX_ENCODEC")
        return pathlib.Path(named) if named else cache_folder() / "encodec.npz"
    from compjax.codec import weights

    return weights.ASSETS / f"{name}.npz"
