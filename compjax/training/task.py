"""What the loop knows of what it trains: one interface for agents, codecs and the tests' tiny models.

`build_task(config, mesh)` of `agent_task` and `codec_task` makes a `Task` of an experiment; `loop` runs it
and branches on nothing else.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from compjax.data.batches.pipeline import Pipeline

State = Any
"""A pytree with the scalar int32 leaf `step`, the number of steps done: TrainState, CodecState."""

GlobalBatch = Mapping[str, jax.Array]
"""A batch of all hosts on the mesh; `sample_ids` stays behind on the host."""

Batch = Mapping[str, jax.Array]
"""Arrays of a step's examples by name, `[B, ...]`."""

Scalars = Mapping[str, jax.Array]
"""Scalars of a step by name, on the device: `loss/total`, `loss/<name>`, `gradient_norm`, `finite` (1 or 0),
and `gates/<place>` where the network has gates (averaged by the loop over an epoch)."""

SAMPLE_IDS = "sample_ids"


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a step costs and what the devices could do.

    Attributes:
        flops_per_step: operations of one step over all devices; None where unknown.
        peak_flops: operations per second of all devices together; None where unknown.
        parameters: trained numbers.
    """

    flops_per_step: float | None = None
    peak_flops: float | None = None
    parameters: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """What can be drawn, a frame of latents each 1 / 75 s.

    Attributes:
        values: `[T, N]`, time first, low rows first.
        rows: what a row is: `bands` (of the bundled codec's analysis), `pitches` (of the piano roll) or
            `channels` of latents that are neither.
        unit: what a value is, in words.
    """

    values: np.ndarray
    rows: str
    unit: str


@dataclasses.dataclass(frozen=True)
class Examples:
    """What a validation shows: pictures of its first example, the sound of one of every family.

    Attributes:
        pictures: latents and rolls by name.
        audio: waveforms by name (`piano/output`), `[S]` float32 at 24 kHz.
    """

    pictures: Mapping[str, Picture] = dataclasses.field(default_factory=dict)
    audio: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Validation:
    """A validation's means by name, and its examples."""

    scalars: Mapping[str, float]
    examples: Examples = Examples()


@dataclasses.dataclass(frozen=True)
class LoopConfig:
    """How a run goes, apart from what is trained; none of it changes a step's result.

    Attributes:
        num_steps: the last step.
        log_every: steps between reports of rates.
        validate_every: steps between validations.
        save_every: steps between checkpoints; 0: as often as validations.
        probe_every: steps between measurements of every loss's own gradient; 0: never.
        epoch_steps: steps of an epoch (means of the gates are reported after each); 0: the data's
            own, or where it has no end a validation's.
        patience: validations in a row that may be no better than the best before the run ends early
            ("early stopping": Prechelt 1998); 0: it goes on to the last step.
        keep_latest, keep_best: checkpoints kept: the last ones, and those of the best score.
        max_bad_steps: non-finite steps in a row after which the run stops.
        spike_sigma: a loss this many deviations above its recent mean is reported as a spike.
        workers: processes that make batches on this host; 0: a thread.
        trace: write `trace.jsonl`, each step's batch checksum and exact scalars, to compare runs by.
        timeouts: seconds by phase after which the watchdog ends the process; see watchdog.TIMEOUTS.
    """

    num_steps: int
    log_every: int = 25
    validate_every: int = 250
    save_every: int = 0
    probe_every: int = 0
    epoch_steps: int = 0
    patience: int = 0
    keep_latest: int = 2
    keep_best: int = 1
    max_bad_steps: int = 5
    spike_sigma: float = 6.0
    workers: int = 0
    trace: bool = False
    timeouts: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """What a command line says besides the configuration.

    Attributes:
        allow_changed: fields (`optimizer.learning_rate`, or `optimizer` for all below) in which a resumed run
            may differ from its checkpoint; `data` also allows other data.
        distributed: `auto` joins the processes that the environment announces, `on` insists, `off` ignores.
    """

    allow_changed: tuple[str, ...] = ()
    distributed: str = "auto"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended: the exit status (`lifecycle` names them), the step, the last validation's scalars."""

    status: int
    step: int
    scalars: Mapping[str, float]


class Task(abc.ABC):
    """An experiment, built.

    Attributes:
        loop: how long it goes and how often it reports.
        export_name: name of the inference file in the workdir.
        pipeline: this host's part of the training batches.
        batch_size: clips of a global batch.
        clip_seconds: length of a clip.
        mesh: the devices.
        shardings: where the state's leaves lie, as a tree of shardings.
        fingerprint: `config` (nested dict), `data` (the pipeline's fingerprint) and `versions`: what a
            resumed run is compared by.
    """

    loop: LoopConfig
    export_name: str
    pipeline: Pipeline
    batch_size: int
    clip_seconds: float
    mesh: jax.sharding.Mesh
    shardings: Any
    fingerprint: Mapping[str, Any]

    @abc.abstractmethod
    def init(self) -> State:
        """The state before the first step; jittable."""

    def begin(self, state: State) -> State:
        """What becomes of a fresh state (weights to begin with); not jitted."""
        return state

    @abc.abstractmethod
    def train_step(self, state: State, batch: GlobalBatch) -> tuple[State, Scalars]:
        """One step, jitted, the state donated.

        A step whose gradients are not finite leaves everything of the state but `step` bit-equal and gives
        `finite` 0.
        """

    @abc.abstractmethod
    def compile(self, state: State, batch: GlobalBatch) -> Cost:
        """Compile every program that the run will call, so that nothing compiles once there is something to
        lose; what a step costs."""

    def probe(self, state: State, batch: GlobalBatch) -> Scalars:
        """Scalars that are worked out every `loop.probe_every` steps, before the step: gradient norms loss by
        loss (`gradient/<name>`); none unless a task has some."""
        return {}

    @abc.abstractmethod
    def validate(self, state: State, poll: Callable[[], None]) -> Validation:
        """Held-out scalars and examples; `poll`, called between batches, raises when the run is to stop."""

    @abc.abstractmethod
    def score(self, scalars: Mapping[str, float]) -> float:
        """Of a validation's scalars, for the best checkpoint; larger is better."""

    @abc.abstractmethod
    def export(self, path: str, state: State) -> None:
        """Write the inference file of a state; called in all processes, and process 0 writes."""

    @abc.abstractmethod
    def learning_rate(self, number: int) -> float:
        """By step, for the monitor."""

    def parameters(self, state: State) -> Any:
        """Those of a state that are learned, a nested dict, for histograms."""
        return state.params
