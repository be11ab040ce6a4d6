"""The objective of composing: what each loss is taken of.

A loss that an agent gives nothing for (no roll, no hearing) is left out, so one objective serves
every agent. Weights are by the same names; see compjax/losses/weighting.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from compjax.losses.hearing import hit_loss, salience_loss, selector_loss
from compjax.losses.latent import latent_loss
from compjax.losses.novelty import novelty_hinge
from compjax.losses.pianoroll import velocity_error, weighted_cross_entropy
from compjax.losses.weighting import Weight, total_loss
from compjax.models.outputs import AgentOutput, PianoRoll

Array = jax.Array
Batch = Mapping[str, Array]

ONSET_WEIGHT, FRAME_WEIGHT = 5.0, 2.0
"""Weight of a cell of the roll where a note starts, and where one sounds, against an empty one."""


def both_clips(labels: Array) -> Array:
    """Labels `[B, 2, ...]` as a network hears them, all inputs, then all targets: `[2 B, ...]`."""
    return jnp.concatenate([labels[:, 0], labels[:, 1]])


def roll_losses(roll: PianoRoll, batch: Batch) -> dict[str, Array]:
    """Cross-entropy of onsets and frames, and the error of velocities where notes start."""
    struck = (batch["roll_onsets"] > 0).astype(jnp.float32)
    sounding = (batch["roll_held"] > 0).astype(jnp.float32)
    return {
        "roll_onsets": weighted_cross_entropy(roll.onsets, struck, ONSET_WEIGHT),
        "roll_frames": weighted_cross_entropy(roll.frames, sounding, FRAME_WEIGHT),
        "roll_velocities": velocity_error(roll.velocities, batch["roll_onsets"], struck),
    }


def losses_of(output: AgentOutput, batch: Batch) -> dict[str, Array]:
    """Every loss that applies, by name, scalars."""
    clips = batch["input_latents"], batch["target_latents"]
    losses = {
        "latent": latent_loss(output.latents, batch["arrangement"]),
        "novelty": novelty_hinge(output.latents, *clips),
        "regulariser": output.regulariser,
    }
    extras = output.extras
    if output.roll is not None:
        losses |= roll_losses(output.roll, batch)
    if "harmony_logits" in extras:
        losses["salience"] = salience_loss(extras["harmony_logits"], both_clips(batch["salience"]))
    if "hits" in extras:
        losses["hits"] = hit_loss(extras["hits"], both_clips(batch["hits"]))
    if "gate_logits" in extras:
        losses["selector"] = selector_loss(extras["gate_logits"], batch["ideal_gates"])
    return losses


def objective(
    output: AgentOutput, batch: Batch, weights: Mapping[str, Weight], step: Array | int
) -> tuple[Array, dict[str, Array]]:
    """The weighted sum of the losses that apply, and the scalars to log."""
    return total_loss(losses_of(output, batch), weights, step)
