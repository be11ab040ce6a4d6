"""The agent of a weights file, ready to compose."""

from __future__ import annotations

import os
import pathlib

from compjax.compose.composers.contract import Composer
from compjax.errors import UserError

BUNDLED = pathlib.Path(__file__).parents[2] / "assets" / "compositional.npz"


def load_composer(path: str | os.PathLike | None = None, codec: str = "vocos") -> Composer:
    """The bundled agent, or the one of a file that training or `compjax-port` wrote.

    Args:
        path: weights of an agent of any kind; None takes the bundled ones.
        codec: name of the codec whose latents it will be given.

    Raises:
        UserError: if the file holds no agent, or one for another codec's latents.
    """
    from compjax.codec.weights import load_weights

    config, variables = load_weights(path or BUNDLED)
    name = os.fspath(path or BUNDLED)
    if "agent" not in config:
        raise UserError(f"{name} holds the weights of a codec, not of an agent; give it as --codec_weights")
    _check_codec(name, config, codec)
    try:
        return _composer(config, variables)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name} holds no agent of this version ({error}); train it again") from error


def _check_codec(name: str, config: dict, codec: str) -> None:
    """Refuse latents of another codec than the agent knows."""
    trained_on = config.get("codec", "vocos")
    if trained_on != codec:
        raise UserError(
            f"{name} was trained on latents of the codec {trained_on!r}, not {codec!r}; "
            f"choose it with --codec {trained_on}"
        )


def _composer(config: dict, variables: dict) -> Composer:
    """The composer of an agent's kind."""
    from compjax.models.registry import build_agent

    module = build_agent(config["agent"], config["settings"])
    if config["agent"] == "arranging":
        from compjax.compose.composers.arranging import ArrangingComposer

        return ArrangingComposer.of(module, variables)
    from compjax.compose.composers.direct import FRAMES, DirectComposer

    frames, raw = int(config.get("frames", FRAMES)), bool(config.get("raw_latents", False))
    return DirectComposer(module, variables, frames, raw)
