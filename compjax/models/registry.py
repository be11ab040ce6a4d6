"""The agents by name. All are called alike and return the same structure."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from compjax.constants import STYLE_SIZE

if TYPE_CHECKING:
    import flax.linen as nn


def _arranging(settings: Mapping[str, Any]) -> nn.Module:
    from compjax.models.arranging.agent import ArrangingAgent
    from compjax.models.arranging.config import ArrangingConfig

    return ArrangingAgent(configured(ArrangingConfig(), settings))


def _original(name: str, settings: Mapping[str, Any]) -> nn.Module:
    """The original's network around the agent `name`. Settings: those of `seed_exact_network`."""
    from compjax.models.composing.config import seed_exact_network
    from compjax.models.network import Network

    known = ("stages", "size", "layers")
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"unknown settings {unknown} of the original's network; there are {list(known)}")
    return Network(seed_exact_network(name, **settings))


def _compositional(settings: Mapping[str, Any]) -> nn.Module:
    """Settings: `size`, a named one; `stages` of the cascade, 0 for none, and their `layers`."""
    from compjax.models.composing.config import SIZES, CascadeConfig, NetworkConfig
    from compjax.models.network import Network

    chosen = {"size": "original", "stages": 2, "layers": 4} | dict(settings)
    size, stages, layers = (chosen.pop(name) for name in ("size", "stages", "layers"))
    if size not in SIZES:
        raise ValueError(f"unknown size {size!r}; there are {', '.join(SIZES)}")
    # One more number than a style has: its contour over time.
    composer = dataclasses.replace(SIZES[size].composer, style_size=STYLE_SIZE + 1)
    agent = dataclasses.replace(SIZES[size], composer=composer)
    cascade = CascadeConfig(stages=stages, layers=layers) if stages else None
    return Network(configured(NetworkConfig(agent, cascade), chosen))


def _masking(settings: Mapping[str, Any]) -> nn.Module:
    """Settings: those of `MaskingConfig`."""
    from compjax.models.composing.config import MaskingConfig, NetworkConfig
    from compjax.models.network import Network

    return Network(NetworkConfig(configured(MaskingConfig(), settings)))


AGENTS: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "arranging": _arranging,
    "compositional": _compositional,
    "masking": _masking,
}
"""Name -> what builds the agent from the settings that differ from its defaults."""


def build_agent(name: str, settings: Mapping[str, Any] | None = None) -> nn.Module:
    """The agent `name` with `settings` of its configuration changed.

    With the setting `exact` it is the original's network around that agent (`seed_exact_network`).

    Raises:
        ValueError: naming the agent or the settings that are unknown.
    """
    if name not in AGENTS:
        raise ValueError(f"unknown agent {name!r}; there are {', '.join(AGENTS)}")
    chosen = {key: tuple(v) if isinstance(v, list) else v for key, v in (settings or {}).items()}
    exact = chosen.pop("exact", False)
    return _original(name, chosen) if exact else AGENTS[name](chosen)


@dataclasses.dataclass(frozen=True)
class Blueprint:
    """An agent that is built when it is first needed: programs that are kept from run to run need none.

    Attributes:
        name: the agent's.
        settings: of its configuration those that are changed, as JSON.
    """

    name: str
    settings: str

    @classmethod
    def of(cls, name: str, settings: Mapping[str, Any] | None = None) -> Blueprint:
        """The agent `name` with `settings` of its configuration changed, see `build_agent`."""
        return cls(name, json.dumps(settings or {}, sort_keys=True))

    @functools.cached_property
    def module(self) -> nn.Module:
        """The agent, built; a ValueError names the agent or the settings that are unknown."""
        return build_agent(self.name, json.loads(self.settings))


def configured(config: Any, settings: Mapping[str, Any]) -> Any:
    """The frozen configuration with fields replaced; a ValueError names fields that it does not have."""
    known = [field.name for field in dataclasses.fields(config)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"unknown settings {unknown} of {type(config).__name__}; there are {known}")
    return dataclasses.replace(config, **settings)
