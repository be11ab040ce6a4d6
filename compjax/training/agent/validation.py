"""Validating an agent on held-out batches, and what it shows of the first example."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from compjax.data.sources.example import HostBatch
from compjax.training import sharding
from compjax.training.agent.auditions import AuditionConfig, Auditions
from compjax.training.state import TrainState
from compjax.training.task import Examples, Scalars, Validation

CLIPS = {"input": "input_latents", "target": "target_latents", "arrangement": "arrangement"}


@dataclasses.dataclass
class AgentValidation:
    """The averaged parameters on the same batches every time.

    Attributes:
        step: `step.make_validation_step`'s.
        local: this host's part of the batches.
        frozen: the objective's frozen parameters.
        auditions: how many compositions are decoded and judged.
        codec, codec_weights: the codec that makes the examples audible, and its weights if not bundled.
    """

    step: Callable[..., tuple[Scalars, Any]]
    local: list[HostBatch]
    mesh: jax.sharding.Mesh
    frozen: Any
    auditions: AuditionConfig
    codec: str
    codec_weights: str | None = None

    def __post_init__(self) -> None:
        self._batches = [sharding.to_global(batch, self.mesh) for batch in self.local]
        self._decode: Callable[[np.ndarray], np.ndarray] | None = None
        self._judge = Auditions(self._sound, self.local[0], self.auditions)

    def _arguments(self, state: TrainState, batch: Any) -> tuple:
        return {"params": state.ema, **state.model_state}, batch, self.frozen, state.critics

    def compile(self, state: TrainState) -> None:
        """Compile the validation step, and the decoder on the process that reports."""
        self.step.lower(*self._arguments(state, self._batches[0])).compile()
        if jax.process_index() == 0:
            self._heard({"input": self.local[0]["input_latents"][0]})

    def run(self, state: TrainState, poll: Callable[[], None]) -> Validation:
        """Means over the batches; the first batch's first example. `poll` is called before each batch."""
        found, shown = [], None
        for batch in self._batches:
            poll()
            scalars, output = self.step(*self._arguments(state, batch))
            found.append(jax.device_get(scalars))
            shown = output if shown is None else shown
        means = {name: float(np.mean([scalars[name] for scalars in found])) for name in found[0]}
        if jax.process_index():
            return Validation(means)
        means |= self._judge.judge(np.asarray(shown.latents, np.float32))
        return Validation(means, self._examples(shown))

    def _examples(self, output: Any) -> Examples:
        first = {name: values[0] for name, values in self.local[0].items()}
        latents = {name: first[field] for name, field in CLIPS.items()}
        latents["output"] = np.asarray(output.latents, np.float32)[0]
        pictures: dict[str, np.ndarray] = dict(latents)
        if output.roll is not None:
            pictures["roll_true"] = (first["roll_held"] > 0) + 1.0 * (first["roll_onsets"] > 0)
            pictures["roll_composed"] = 1.0 / (1.0 + np.exp(-np.asarray(output.roll.frames, np.float32)[0]))
        return Examples(pictures, self._heard(latents))

    def _heard(self, latents: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Waveforms of latents `[T, D]` by name."""
        return {name: self._sound(np.asarray(one, np.float32)) for name, one in latents.items()}

    def _sound(self, latents: np.ndarray) -> np.ndarray:
        """Waveform `[S]` of latents `[T, D]`."""
        if self._decode is None:
            import compjax.codec

            codec, params = compjax.codec.load(self.codec, self.codec_weights)
            decode = jax.jit(codec.decode)
            self._decode = lambda one: np.asarray(decode(params, one[None])[0])
        return self._decode(latents)
