"""The original system's PyTorch checkpoints as agents of ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from compjax.constants import LATENT_SIZE
from compjax.errors import UserError
from compjax.models.registry import build_agent
from compjax.port import pickles, reading
from compjax.port.original_names import convert

FRAMES = 1200
"""Frames of the clips that the original was trained on: 16 s."""

SIGNS = {"compositional": "creative_agent.composer.", "masking": "creative_agent.mask_generator."}
"""What only the names of the one or the other agent begin with."""


def read_checkpoint(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, Any]]:
    """Config and variables of the agent in a checkpoint (`model_state_dict` and, if there are any, `args`).

    Returns:
        The config that `registry.build_agent` and composing read, with the original's own settings under
        `source`, and the variables of that network, float32.

    Raises:
        UserError: the file is damaged, would run code, or is none of the original's checkpoints.
    """
    content = reading.read(path)
    if not isinstance(content, Mapping) or "model_state_dict" not in content:
        names = [name for name in content if isinstance(name, str)] if isinstance(content, Mapping) else []
        found = ", ".join(names[:4]) or "nothing by name"
        raise UserError(
            f"{path} is no checkpoint of the original: model_state_dict is missing (it has {found:.120})"
        )
    state = reading.to_arrays(content["model_state_dict"], path)
    config = {
        **describe(state, path),
        "codec": "encodec",
        "raw_latents": True,  # it was trained on what the encoder gives, not normalised
        "frames": FRAMES,
        "source": {"args": _plain(content.get("args"))},
    }
    module = build_agent(config["agent"], config["settings"])
    latents = np.zeros((1, 4, LATENT_SIZE), np.float32)
    template = jax.eval_shape(module.init, jax.random.key(0), latents, latents)
    try:
        return config, convert(state, config["agent"], template)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def describe(names: Iterable[str], path: str | os.PathLike) -> dict[str, Any]:
    """Agent and settings that the names of a state dict tell.

    Raises:
        UserError: they are those of neither agent, or of both.
    """
    names = list(names)
    agents = [agent for agent, sign in SIGNS.items() if any(name.startswith(sign) for name in names)]
    if len(agents) != 1:
        raise UserError(
            f"{path} holds weights of neither or both of the original's agents; first: {names[0]!r:.60}"
        )
    stages = _count(r"cascade_stages\.(\d+)\.", names)
    settings = {"exact": True, "stages": stages}
    if stages:
        settings["layers"] = _count(r"cascade_stages\.0\.transformer\.layers\.(\d+)\.", names)
    return {"agent": agents[0], "settings": settings}


def _count(pattern: str, names: list[str]) -> int:
    """How many different numbers the pattern's group has at the beginning of the names."""
    return len({match[1] for match in (re.match(pattern, name) for name in names) if match})


def _plain(args: Any) -> dict[str, Any]:
    """The original's command line, as far as JSON can hold it."""
    values = vars(args) if isinstance(args, pickles.Settings) else args
    if not isinstance(values, Mapping):
        return {}
    simple = str | bool | int | float | None
    return {k: v for k, v in values.items() if isinstance(k, str) and isinstance(v, simple)}
