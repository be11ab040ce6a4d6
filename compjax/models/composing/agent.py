"""The compositional agent: extract six components, select among them, compose."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.composer import ComponentComposer
from compjax.models.composing.config import CompositionalConfig
from compjax.models.composing.extractor import MultiScaleExtractor
from compjax.models.composing.regularisers import novelty_and_balance
from compjax.models.composing.selector import ComponentSelector, gates_per_frame
from compjax.models.outputs import AgentOutput, PianoRoll

Array = jax.Array


class CompositionalAgent(nn.Module):
    """Extracts six components from two clips, selects among them, and composes new latents.

    The three steps are methods too (`nn.Module.apply(..., method="extract")`), so that a component can
    be exchanged for another clip's in between.
    """

    config: CompositionalConfig = CompositionalConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.input_extractor = MultiScaleExtractor(self.config.extractor, self.dtype)
        self.target_extractor = MultiScaleExtractor(self.config.extractor, self.dtype)
        self.selector = ComponentSelector(self.config.selector, self.dtype)
        self.composer = ComponentComposer(self.config.composer, self.dtype)

    def extract(self, input_latents: Array, target_latents: Array, train: bool = False) -> Array:
        """Components `[B, T, 6, C]` of two clips' latents `[B, T, D]`."""
        if input_latents.shape != target_latents.shape:
            shapes = f"{list(input_latents.shape)} and {list(target_latents.shape)}"
            raise ValueError(f"input and target latents have shapes {shapes}; they must be the same")
        mine = self.input_extractor(input_latents, train)
        theirs = self.target_extractor(target_latents, train)
        return jnp.concatenate([mine, theirs], axis=2)

    def select(self, components: Array) -> tuple[Array, Array]:
        """Gates `[B, T, 6]` in [0, 1] and their logits."""
        return self.selector(components)

    def compose(
        self, components: Array, gates: Array, style: Array | None = None, train: bool = False
    ) -> tuple[Array, PianoRoll | None]:
        """Latents `[B, T, D]` and the piano roll, from `components` let through by `gates` `[B, T, 6]`."""
        return self.composer(components * gates[..., None], style, train)

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
        """Composes from two clips.

        Args:
            input_latents, target_latents: `[B, T, D]`.
            gates: `[B, 6]` or `[B, T, 6]` in [0, 1] to use instead of the selector's.
            style: `[B, style_size]` or `[B, T, style_size]` in [0, 1]; None is neutral.
            notes: taken for the sake of one interface and not used: this agent does not render notes.
            train: dropout is on, and batch statistics and power iterations are updated.

        Returns:
            the composition; its `extras` have the selector's own `gate_logits` `[B, 6]`, the mean over
            time, and `frame_gate_logits` `[B, T, 6]`, so that it can be trained while overridden.

        Raises:
            ValueError: for shapes that do not fit; nothing is broadcast.
        """
        components = self.extract(input_latents, target_latents, train)
        own_gates, logits = self.select(components)
        used = own_gates if gates is None else gates_per_frame(gates, *components.shape[:2])
        latents, roll = self.compose(components, used, style, train)
        regulariser = novelty_and_balance(latents, input_latents, target_latents, logits)
        extras = {"gate_logits": jnp.mean(logits, axis=1), "frame_gate_logits": logits}
        return AgentOutput(latents, used, components, roll, regulariser, extras)

    def cascade_inputs(self, output: AgentOutput, target_latents: Array) -> tuple[Array, Array, Array]:
        """What a cascade refines, the target it may see, and the gated components."""
        return output.latents, target_latents, output.components * output.gates[..., None]
