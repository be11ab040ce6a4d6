"""Agents that go from two clips' latents straight to the composed ones: compositional and masking."""

from __future__ import annotations

import dataclasses

import flax.errors
import flax.linen as nn
import jax
import numpy as np

from compjax.arranging.network import CANNOT_BE_STEERED
from compjax.arranging.notes import roll_to_notes
from compjax.arranging.steering import Steering
from compjax.audio.windows import WindowConfig, over_windows
from compjax.codec.long_codec import LongCodec
from compjax.compose.composers.contract import COMPOSITIONAL, Plan
from compjax.compose.composers.rendition import Decoded
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.hearing.excerpt import Excerpt
from compjax.hearing.sound import Sound
from compjax.models.programs import unfit
from compjax.music.score import Harmony, Rhythm
from compjax.music.style import Style, style_over_time

FRAMES = 300
"""Frames of the clips that an agent was trained on, where its file does not say: rendered pairs of 4 s."""

ROUNDED = 64
"""A window for a short clip is a multiple of this, so that not every length is compiled anew."""

NO_NOTES = "This agent composes sound without writing notes: the MIDI file is empty."


@dataclasses.dataclass(frozen=True)
class HeardLatents:
    """Both clips' latents `[T, D]` and those of silence `[1, D]`; the gates `[T, 6]` that the agent chose."""

    clips: tuple[np.ndarray, np.ndarray]
    silence: np.ndarray
    gates: np.ndarray

    def of_clip(self, index: int) -> tuple[Rhythm, Harmony]:
        """Such an agent hears neither hits nor chords."""
        return Rhythm(()), Harmony()

    def played_on(self) -> dict:
        """Nor does it know of an instrument."""
        return {}

    def together(self, decided: np.ndarray) -> tuple[Rhythm, Harmony]:
        """The same."""
        return Rhythm(()), Harmony()


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
        self.hears_chords = False
        self.writes_notes = composes and agent.composer.num_pitches > 0
        self.title = COMPOSITIONAL if composes else "Masking (input/target)"
        self.remarks = () if self.writes_notes else (NO_NOTES,)

    def prepare(self) -> None:
        """Its programs depend on the clips' length."""

    def hear(self, input: Sound, target: Sound) -> HeardLatents:
        """The clips as they are, and what the agent chooses for them."""
        clips = tuple(np.asarray(sound.clip_latents, np.float32) for sound in (input, target))
        own = self._over_windows(clips, input.silence, None, self._style(Style(), len(clips[0])))
        return HeardLatents(clips, input.silence, own["gates"])

    def select(self, heard: HeardLatents) -> np.ndarray:
        """The agent's own gates `[T, 6]`; of a masking agent, how far its masks are open."""
        return heard.gates

    def capture(
        self, heard: HeardLatents, excerpts: tuple[Excerpt, Excerpt], decided: np.ndarray, way: str
    ) -> HeardLatents:
        """Such an agent has no instrument."""
        return heard

    def arrange(
        self, heard: HeardLatents, decided: np.ndarray, style: Style, arranger: str, steering: Steering
    ) -> Plan:
        """Latents, and the notes of the piano roll where the agent has one.

        Gates that are the agent's own are left to it: a masking agent's masks have them already.

        Raises:
            UserError: if another arranger than "latents" is asked for, or chords or hits are given.
        """
        if arranger not in ("auto", "latents"):
            raise UserError(
                f"this agent composes latents: --arranger={arranger} is for those that write notes"
            )
        if steering:
            raise UserError(CANNOT_BE_STEERED)
        gates = None if np.array_equal(decided, heard.gates) else np.asarray(decided, np.float32)
        made = self._over_windows(heard.clips, heard.silence, gates, self._style(style, len(decided)))
        notes = ()
        if self.writes_notes:
            notes = roll_to_notes(*made["roll"])
        return Plan(notes, made["latents"])

    def play(
        self, heard: HeardLatents, decided: np.ndarray, plan: Plan, codec: LongCodec, seconds: float
    ) -> Decoded:
        """The plan's latents, decoded."""
        return Decoded(plan.latents, codec, 0, round(seconds * SAMPLE_RATE))

    def _style(self, style: Style, frames: int) -> np.ndarray | None:
        return style_over_time(style.vector(), frames) if self._styled else None

    def _over_windows(
        self, clips, silence: np.ndarray, gates: np.ndarray | None, style: np.ndarray | None
    ) -> dict:
        """The agent's `latents` `[T, D]`, `gates` and, if it has one, `roll`, over clips of any length."""
        arrays = {"input": clips[0], "target": clips[1], "gates": gates, "style": style}
        given = {name: array for name, array in arrays.items() if array is not None}
        total = len(clips[0])
        windows = fitted_windows(total, self._frames)
        short = max(windows.length - total, 0)
        ends = {"input": silence, "target": silence}  # what follows a clip that is shorter than a window
        padded = [
            np.concatenate([array, np.repeat(ends.get(name, array[-1:]), short, axis=0)])
            for name, array in given.items()
        ]

        def window(*chunks):
            return self._apply(self._variables, **dict(zip(given, (c[None] for c in chunks), strict=True)))

        latents, own, *roll = (part[:total] for part in over_windows(window, padded, windows))
        return {"latents": latents, "gates": own, "roll": roll}

    def _run(self, variables, input, target, gates=None, style=None):
        """Latents, gates and roll of one window, without the axis of the batch."""
        try:
            output = self._module.apply(variables, input, target, gates=gates, style=style)
        except (flax.errors.FlaxError, KeyError) as error:
            raise unfit(error) from error
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
