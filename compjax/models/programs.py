"""A method of a network as a jitted program, and the windows in which it goes over a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax

from compjax.audio.windows import WindowConfig
from compjax.errors import UserError
from compjax.exported import Exported
from compjax.models.registry import Blueprint

if TYPE_CHECKING:
    import flax.linen as nn

WINDOWS = WindowConfig(length=768, context=128, fade=16)
"""The networks look at most 128 frames around, and a clip of ten seconds needs one window."""


def program(network: nn.Module | Blueprint, method: str, **settings):
    """The jitted method of a network; weights of another version are the user's to put right."""

    return jax.jit(_applied(network, method, settings))


def kept_program(network: Blueprint, method: str, **settings) -> Exported:
    """The same, but that it is kept from run to run and gives the leaves of what the method returns.

    The network is built where nothing is kept, and only then.
    """
    depends_on = (network, method, *settings.items())
    return Exported(_applied(network, method, settings), method.strip("_"), depends_on)


def _applied(network: nn.Module | Blueprint, method: str, settings: dict):
    def apply(variables, *args):
        import flax.errors

        module = network.module if isinstance(network, Blueprint) else network
        try:
            return module.apply(variables, *args, method=method, **settings)
        except flax.errors.FlaxError as error:
            raise unfit(error) from error

    return apply


def unfit(error: Exception) -> UserError:
    """What is said of weights that a network cannot take."""
    reason = str(error).partition(" (https")[0]
    return UserError(f"the agent's weights do not fit this version of compjax: {reason}")
