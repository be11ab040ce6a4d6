"""Agents that go from two clips' latents straight to the composed ones: compositional and masking."""

from __future__ import annotations

import dataclasses

import flax.errors
import flax.linen as nn
import jax
import numpy as np

from compjax.arranging.arrangers import CANNOT_BE_STEERED
from compjax.arranging.notes import moved, roll_to_notes
from compjax.arranging.steering import HEARD, Steering
from compjax.audio.windows import WindowConfig, over_windows
from compjax.compose.composer import COMPOSITIONAL, LEAD_IN, Plan, Sound
from compjax.constants import FRAME_RATE
from compjax.data.sources.example import style_over_time
from compjax.errors import UserError
from compjax.music.style import Style

FRAMES = 300
"""Frames of the clips that an agent was trained on, where its file does not say: rendered pairs of 4 s."""

ROUNDED = 64
"""A window for a short clip is a multiple of this, so that not every length is compiled anew."""

NO_NOTES = "This agent composes sound without writing notes: the MIDI file is empty."


@dataclasses.dataclass(frozen=True)
class HeardLatents:
    """Both clips' latents `[T, D]`, all that such an agent hears, and the gates `[T, 6]` it chose."""

    clips: tuple[np.ndarray, np.ndarray]
    gates: np.ndarray


class DirectComposer:
    """`Composer` of an agent that is a `models.agent.Network`, in windows as long as it was trained on.

    Its attention sees a whole window, so what a window makes depends a little on where it begins;
    windows overlap and are cross-faded.
    """

    def __init__(self, module: nn.Module, variables: dict, frames: int = FRAMES, raw_latents: bool = False):
        from compjax.models.composing.config import CompositionalConfig

        self._module = module
        self._variables = jax.device_put(variables)
        self._apply = jax.jit(self._run)
        self._frames = frames
        self.raw_latents = raw_latents
        agent = module.config.agent
        composes = isinstance(agent, CompositionalConfig)
        self._styled = composes and agent.composer.style_size > 0
        self.writes_notes = composes and agent.composer.num_pitches > 0
        self.title = COMPOSITIONAL if composes else "Masking (input/target)"
        self.remarks = () if self.writes_notes else (NO_NOTES,)

    def listen(self, input: Sound, target: Sound) -> HeardLatents:
        """The clips as they are, and what the agent chooses for them."""
        clips = (np.asarray(input.latents, np.float32), np.asarray(target.latents, np.float32))
        return HeardLatents(
            clips, self._over_windows(clips, None, self._style(Style(), len(clips[0])))["gates"]
        )

    def select(self, heard: HeardLatents) -> np.ndarray:
        """The agent's own gates `[T, 6]`; of a masking agent, how far its masks are open."""
        return heard.gates

    def compose(
        self,
        heard: HeardLatents,
        decided: np.ndarray,
        style: Style,
        arranger: str,
        steering: Steering = HEARD,
    ) -> Plan:
        """Latents, and the notes of the piano roll where the agent has one; `arranger` is not used.

        Gates that are the agent's own are left to it: a masking agent's masks have them already.
        """
        del arranger
        if steering:
            raise UserError(CANNOT_BE_STEERED)
        gates = None if np.array_equal(decided, heard.gates) else np.asarray(decided, np.float32)
        made = self._over_windows(heard.clips, gates, self._style(style, len(decided)))
        notes = ()
        if self.writes_notes:
            notes = moved(roll_to_notes(*made["roll"]), -LEAD_IN / FRAME_RATE)
        return Plan(notes, made["latents"])

    def render(self, heard: HeardLatents, decided: np.ndarray, plan: Plan) -> np.ndarray:
        """The plan's latents."""
        return plan.latents

    def _style(self, style: Style, frames: int) -> np.ndarray | None:
        return style_over_time(style.vector(), frames, LEAD_IN) if self._styled else None

    def _over_windows(self, clips, gates: np.ndarray | None, style: np.ndarray | None) -> dict:
        """The agent's `latents` `[T, D]`, `gates` and, if it has one, `roll`, over clips of any length."""
        arrays = {"input": clips[0], "target": clips[1], "gates": gates, "style": style}
        given = {name: array for name, array in arrays.items() if array is not None}
        total = len(clips[0])
        windows = fitted_windows(total, self._frames)
        short = max(windows.length - total, 0)
        # The first frames are silence (LEAD_IN): what is missing to a window is filled with the first.
        padded = [np.concatenate([array, np.repeat(array[:1], short, axis=0)]) for array in given.values()]

        def window(*chunks):
            return self._apply(self._variables, **dict(zip(given, (c[None] for c in chunks), strict=True)))

        latents, own, *roll = (part[:total] for part in over_windows(window, padded, windows))
        return {"latents": latents, "gates": own, "roll": roll}

    def _run(self, variables, input, target, gates=None, style=None):
        """Latents, gates and roll of one window, without the axis of the batch."""
        try:
            output = self._module.apply(variables, input, target, gates=gates, style=style)
        except (flax.errors.FlaxError, KeyError) as error:
            reason = str(error).partition(" (https")[0]
            raise UserError(f"the agent's weights do not fit this version of compjax: {reason}") from error
        parts = [output.latents, output.gates]
        if output.roll is not None:
            parts += [jax.nn.sigmoid(output.roll.onsets), jax.nn.sigmoid(output.roll.frames)]
            parts += [output.roll.velocities]
        return tuple(part[0] for part in parts)


def fitted_windows(total: int, frames: int) -> WindowConfig:
    """Windows for a clip of `total` frames, at most `frames` each; a shorter clip gets one that fits it."""
    if total <= frames:
        return WindowConfig(min(-(-total // ROUNDED) * ROUNDED, frames), 0, 0)
    return WindowConfig(frames, frames // 6, min(16, frames // 6))
