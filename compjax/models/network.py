"""The network of any of the original's agents: the agent and its cascade."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.agent import CompositionalAgent
from compjax.models.composing.cascade import Cascade
from compjax.models.composing.config import CompositionalConfig, MaskingConfig, NetworkConfig
from compjax.models.masking.agent import MaskingAgent
from compjax.models.outputs import AgentOutput

Array = jax.Array

AGENTS: dict[type, type[nn.Module]] = {CompositionalConfig: CompositionalAgent, MaskingConfig: MaskingAgent}
"""The agent that each kind of settings is for."""


class Network(nn.Module):
    """An agent and its cascade, called as the agent alone is."""

    config: NetworkConfig = NetworkConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.agent = AGENTS[type(self.config.agent)](self.config.agent, self.dtype)
        if self.config.cascade:
            self.cascade = Cascade(self.config.cascade, self.dtype)

    def __call__(
        self,
        input_latents: Array,
        target_latents: Array,
        *,
        gates: Array | None = None,
        style: Array | None = None,
        notes: object = None,
        train: bool = False,
    ) -> AgentOutput:
        """As `CompositionalAgent.__call__`.

        With a cascade, `latents` are refined and `extras["agent_latents"]` holds what the agent made.
        """
        output = self.agent(input_latents, target_latents, gates=gates, style=style, train=train)
        if not self.config.cascade:
            return output
        refined = self.cascade(*self.agent.cascade_inputs(output, target_latents), train)
        return output.replace(latents=refined, extras=output.extras | {"agent_latents": output.latents})
