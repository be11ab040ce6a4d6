"""Codecs: `load()` gives one with its weights. Nothing heavy is imported before that."""

from __future__ import annotations

import os
import pathlib

NAMES = ("vocos", "encodec")


def load(name: str = "vocos", path: str | os.PathLike | None = None):
    """The codec called `name` and its weights: `(codec, params)`, see `protocol.Codec`.

    Args:
      name: one of `NAMES`.
      path: a weights file; None takes `weights_path(name)`.

    Raises:
      UserError: no codec of that name, or its weights are missing, damaged, or of another shape.
    """
    path = weights_path(name) if path is None else path
    if name == "encodec":
        from compjax.codec.encodec import converted_file

        return converted_file.load(path)
    from compjax.codec.vocos import vocos

    return vocos.from_weights(path)


def weights_path(name: str) -> pathlib.Path:
    """Where the weights of the codec called `name` are unless another file is given.

    Those of `vocos` are bundled. EnCodec's are the user's to convert: $COMPJAX_ENCODEC, else
    encodec.npz in the cache folder ($COMPJAX_CACHE, else compjax in $XDG_CACHE_HOME or ~/.cache).

    Raises:
      UserError: no codec of that name.
    """
    from compjax.errors import UserError

    if name not in NAMES:
        raise UserError(f"no codec is called {name!r}; there is: {', '.join(NAMES)}")
    if name == "encodec":
        from compjax.audio.folders import cache_folder

        named = os.environ.get("COMPJAX_ENCODEC")
        return pathlib.Path(named) if named else cache_folder() / "encodec.npz"
    from compjax.codec import weights

    return weights.ASSETS / f"{name}.npz"
