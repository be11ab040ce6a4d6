"""Validating an agent on held-out batches, and what it shows of the first example."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from compjax.audio.log_scale import to_log
from compjax.codec import BUNDLED_CODEC
from compjax.data.batches.pipeline import HeldOut
from compjax.training import sharding
from compjax.training.agent.auditions import AuditionConfig, Auditions
from compjax.training.state import TrainState
from compjax.training.task import Examples, Picture, Scalars, Validation

CLIPS = {"input": "input_latents", "target": "target_latents", "arrangement": "arrangement"}
OUTPUT = "output"
DECIBELS = 20.0 / np.log(10.0)
"""Of a natural logarithm of a magnitude."""


@dataclasses.dataclass
class AgentValidation:
    """The averaged parameters on the same batches every time.

    Attributes:
        step: `step.make_validation_step`'s.
        held_out: this host's part of the batches, and the families of their examples.
        frozen: the objective's frozen parameters.
        auditions: how many compositions are decoded and judged.
        codec, codec_weights: the codec that makes the examples audible, and its weights if not bundled.
    """

    step: Callable[..., tuple[Scalars, Any]]
    held_out: HeldOut
    mesh: jax.sharding.Mesh
    frozen: Any
    auditions: AuditionConfig
    codec: str
    codec_weights: str | None = None

    def __post_init__(self) -> None:
        self._first = self.held_out.batches[0]
        self._batches = [sharding.to_global(batch, self.mesh) for batch in self.held_out.batches]
        self._shown = _first_of_families(self.held_out.families)
        self._clips_told = False
        self._decode: Callable[[np.ndarray], np.ndarray] | None = None
        self._judge = Auditions(self._sound, self._first, self.auditions)

    def _arguments(self, state: TrainState, batch: Any) -> tuple:
        return {"params": state.ema, **state.model_state}, batch, self.frozen, state.critics

    def compile(self, state: TrainState) -> None:
        """Compile the validation step, and the decoder on the process that reports."""
        self.step.lower(*self._arguments(state, self._batches[0])).compile()
        if jax.process_index() == 0:
            self._sound(np.asarray(self._first["input_latents"][0], np.float32))

    def run(self, state: TrainState, poll: Callable[[], None]) -> Validation:
        """Means over the batches; what is shown of them. `poll` is called before each batch."""
        found, first, composed = [], None, {}
        for number, batch in enumerate(self._batches):
            poll()
            scalars, output = self.step(*self._arguments(state, batch))
            found.append(jax.device_get(scalars))
            first = output if first is None else first
            if jax.process_index() == 0:
                composed |= self._composed(number, output)
        means = {name: float(np.mean([scalars[name] for scalars in found])) for name in found[0]}
        if jax.process_index():
            return Validation(means)
        means |= self._judge.judge(np.asarray(first.latents, np.float32))
        return Validation(means, Examples(self._pictures(first), self._heard(composed, poll)))

    def _composed(self, number: int, output: Any) -> dict[str, np.ndarray]:
        """Latents `[T, D]` of what a batch has of the families that are shown."""
        wanted = {family: row for family, (batch, row) in self._shown.items() if batch == number}
        return {family: np.asarray(output.latents[row], np.float32) for family, row in wanted.items()}

    def _pictures(self, output: Any) -> dict[str, Picture]:
        """Of the first example: its clips and what is composed of them, and the piano rolls."""
        first = {name: values[0] for name, values in self._first.items()}
        latents = {name: first[field] for name, field in CLIPS.items()}
        latents[OUTPUT] = np.asarray(output.latents, np.float32)[0]
        pictures = {name: self._picture(values) for name, values in latents.items()}
        if output.roll is not None:
            held, struck = first["roll_held"] > 0, first["roll_onsets"] > 0
            heard = 1.0 / (1.0 + np.exp(-np.asarray(output.roll.frames, np.float32)[0]))
            pictures["roll_true"] = Picture(0.5 * held + 0.5 * struck, "pitches", "0.5 held, 1 struck")
            pictures["roll_composed"] = Picture(heard, "pitches", "probability that it sounds")
        return pictures

    def _picture(self, latents: np.ndarray) -> Picture:
        values = np.asarray(latents, np.float32)
        if self.codec == BUNDLED_CODEC:
            return Picture(DECIBELS * to_log(values), "bands", "dB of full scale")
        return Picture(values, "channels", "latent")

    def _heard(self, composed: Mapping[str, np.ndarray], poll: Callable[[], None]) -> dict[str, np.ndarray]:
        """Waveforms by family and name; the clips, which stay as they are, the first time only."""
        latents = {f"{family}/{OUTPUT}": values for family, values in composed.items()}
        for family, (batch, row) in self._shown.items() if not self._clips_told else ():
            example = self.held_out.batches[batch]
            latents |= {f"{family}/{name}": example[field][row] for name, field in CLIPS.items()}
        self._clips_told = True
        heard = {}
        for name, values in latents.items():
            poll()
            heard[name] = self._sound(np.asarray(values, np.float32))
        return heard

    def _sound(self, latents: np.ndarray) -> np.ndarray:
        """Waveform `[S]` of latents `[T, D]`."""
        if self._decode is None:
            import compjax.codec

            codec, params = compjax.codec.load(self.codec, self.codec_weights)
            decode = jax.jit(codec.decode)
            self._decode = lambda one: np.asarray(decode(params, one[None])[0])
        return self._decode(latents)


def _first_of_families(families: tuple[tuple[str, ...], ...]) -> dict[str, tuple[int, int]]:
    """Batch and row of the first example of each family."""
    found: dict[str, tuple[int, int]] = {}
    for number, batch in enumerate(families):
        for row, family in enumerate(batch):
            found.setdefault(family, (number, row))
    return found
