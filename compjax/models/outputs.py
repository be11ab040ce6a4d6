"""What every agent returns: one structure, whichever agent it is."""

from __future__ import annotations

from typing import Any

import jax
from flax import struct

Array = jax.Array


@struct.dataclass
class PianoRoll:
    """The composed part as note events per frame; pitches are MIDI 24 to 87.

    Attributes:
        onsets: `[B, T, 64]` logits of a note starting at the frame.
        frames: `[B, T, 64]` logits of a note sounding at the frame.
        velocities: `[B, T, 64]` in [0, 1], meaningful where a note starts.
    """

    onsets: Array
    frames: Array
    velocities: Array


@struct.dataclass
class AgentOutput:
    """The composition and how it came about.

    Components and gates are ordered input rhythm, harmony, timbre, then target rhythm, harmony, timbre.

    Attributes:
        latents: `[B, T, 128]` the composed latents.
        gates: `[B, T, 6]` in [0, 1], how far each component was let through.
        components: `[B, T, 6, 64]` before gating.
        roll: the composed notes, or None where the agent has no piano-roll head.
        regulariser: scalar, the agent's own regulariser as the original defines it.
        extras: further arrays of one agent (masks, selector logits), by name.
    """

    latents: Array
    gates: Array
    components: Array
    roll: PianoRoll | None
    regulariser: Array
    extras: dict[str, Any] = struct.field(default_factory=dict)
