"""The masking agent, the original's older one: it lets parts of the two clips through."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from compjax.models.composing.cascade import rms
from compjax.models.composing.config import COMPONENT_SIZE, NUM_COMPONENTS, MaskingConfig
from compjax.models.composing.layers import MultiHeadAttention, same_conv
from compjax.models.composing.regularisers import mask_balance, mask_regulariser
from compjax.models.composing.selector import gates_per_frame
from compjax.models.critics.latent import StyleDiscriminator
from compjax.models.outputs import AgentOutput

Array = jax.Array


class ConvPair(nn.Module):
    """Two convolutions over time; a rectifier after the first, and after the second if asked."""

    channels: tuple[int, int]
    kernels: tuple[int, int]
    rectify_last: bool
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """`[B, T, C]` to `[B, T, channels[1]]`."""
        x = nn.relu(same_conv(self.channels[0], self.kernels[0], self.dtype, "conv1")(x))
        x = same_conv(self.channels[1], self.kernels[1], self.dtype, "conv2")(x)
        return nn.relu(x) if self.rectify_last else x


class MaskGenerator(nn.Module):
    """Masks for the two clips, each made while looking at the other through one shared attention."""

    config: MaskingConfig = MaskingConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        c = self.config
        analyser, head = (c.hidden, c.hidden), (c.hidden // 2, c.latent_size)
        self.input_analyser = ConvPair(analyser, (c.kernel, c.kernel), True, self.dtype)
        self.target_analyser = ConvPair(analyser, (c.kernel, c.kernel), True, self.dtype)
        self.attention = MultiHeadAttention(c.hidden, c.heads, dtype=self.dtype)
        self.input_head = ConvPair(head, (c.kernel, 1), False, self.dtype)
        self.target_head = ConvPair(head, (c.kernel, 1), False, self.dtype)

    def __call__(self, input_latents: Array, target_latents: Array) -> tuple[Array, Array]:
        """Two `[B, T, D]` to two masks `[B, T, D]` in [0, 1]."""
        seen, other = self.input_analyser(input_latents), self.target_analyser(target_latents)
        input_mask = self.input_head(self.attention(seen, other))
        target_mask = self.target_head(self.attention(other, seen))
        return jax.nn.sigmoid(input_mask.astype(jnp.float32)), jax.nn.sigmoid(target_mask.astype(jnp.float32))


class MaskingAgent(nn.Module):
    """Masks both clips, gives each back its level, and hands on the two; it composes nothing.

    It has no components (they are zeros) and no piano roll, and it takes no notice of a style. A
    frame's gates are how far its two masks are open, each said three times.
    """

    config: MaskingConfig = MaskingConfig()
    dtype: DTypeLike = jnp.float32

    def setup(self):
        self.mask_generator = MaskGenerator(self.config, self.dtype)
        if self.config.style_discriminator:
            self.style_discriminator = StyleDiscriminator(dtype=self.dtype)

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

        `latents` are the sum of the two masked clips. Given `gates` weigh the masked clips, input and
        target each by the mean of its three. `extras` holds `input_mask`, `target_mask`,
        `masked_input`, `masked_target`, `mask_balance`, and with the style discriminator its
        `real_logits` and `style_logits`.
        """
        masks = self.mask_generator(input_latents, target_latents)
        clips = (input_latents, target_latents)
        masked = [_apply_mask(clip, mask) for clip, mask in zip(clips, masks, strict=True)]
        if gates is None:
            gates = _openness(*masks)
        else:
            gates = gates_per_frame(gates, *input_latents.shape[:2])
            masked = [
                clip * jnp.mean(g, axis=-1, keepdims=True)
                for clip, g in zip(masked, _halves(gates), strict=True)
            ]
        return AgentOutput(
            latents=masked[0] + masked[1],
            gates=gates,
            components=jnp.zeros((*input_latents.shape[:2], NUM_COMPONENTS, COMPONENT_SIZE), jnp.float32),
            roll=None,
            regulariser=mask_regulariser(*masks),
            extras=self._extras(masks, masked, target_latents),
        )

    def cascade_inputs(self, output: AgentOutput, target_latents: Array) -> tuple[Array, Array, None]:
        """What a cascade refines, the target it may see, and its gated components (none)."""
        return output.extras["masked_input"], output.extras["masked_target"], None

    def _extras(
        self, masks: tuple[Array, Array], masked: list[Array], target_latents: Array
    ) -> dict[str, Array]:
        extras = {
            "input_mask": masks[0],
            "target_mask": masks[1],
            "masked_input": masked[0],
            "masked_target": masked[1],
            "mask_balance": mask_balance(*masks),
        }
        if self.config.style_discriminator:
            logits = self.style_discriminator(masked[0], target_latents)
            extras |= dict(zip(("real_logits", "style_logits"), logits, strict=True))
        return extras


def _apply_mask(latents: Array, mask: Array) -> Array:
    """The masked latents `[B, T, D]`, scaled so that each example keeps its root mean square."""
    masked = latents * mask
    return masked * (rms(latents) / rms(masked))


def _halves(gates: Array) -> list[Array]:
    return jnp.split(gates, 2, axis=-1)


def _openness(input_mask: Array, target_mask: Array) -> Array:
    """Mean of each mask over channels, `[B, T, 6]`: three times the input's, three times the target's."""
    each = [jnp.mean(mask, axis=-1, keepdims=True) for mask in (input_mask, target_mask)]
    return jnp.repeat(jnp.concatenate(each, axis=-1), NUM_COMPONENTS // 2, axis=-1)
