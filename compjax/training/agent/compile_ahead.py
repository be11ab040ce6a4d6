"""Compiles a real training step for a TPU pod on a machine without one, and says whether it would fit.

    python -m compjax.training.agent.compile_ahead --config=experiments/compositional.py --topology=v5e-8
    python -m compjax.training.agent.compile_ahead --config=... --topology=v5e-256,v5p-64 --fsdp=8
    python -m compjax.training.agent.compile_ahead --config=... --topology=here     # for this machine

Needs the TPU compiler, which comes with pip install 'compjax[tpu]', and no TPU. For each topology it
prints the memory of a device in use against what there is, the collectives by kind, the work of a step,
how large its program is and how long it took to compile. Exit status: 0, 1 if a device would be fuller
than 80 %, 65 for bad input.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from absl import flags
from jax.sharding import AxisType, Mesh

from compjax import command
from compjax.constants import FRAME_RATE, LATENT_SIZE
from compjax.errors import UserError
from compjax.training import sharding
from compjax.training.monitoring import throughput

FULLEST = 0.8
"""Share of a device's memory that a step may take: the rest is for XLA's fragmentation and the next batch."""

GIB = 2**30
COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
DEFAULT_SECONDS = 4.0
HERE = "here"
"""This machine instead of a slice: what it has, and its own memory."""


@dataclasses.dataclass(frozen=True)
class Topology:
    """A slice as the TPU compiler names it, and the memory in bytes of one of its devices."""

    name: str
    memory: int


TOPOLOGIES = {
    "v4-32": Topology("v4:2x2x4", 16 * GIB),
    "v5e-8": Topology("v5e:2x4", 16 * GIB),
    "v5e-256": Topology("v5e:16x16", 16 * GIB),
    "v5p-64": Topology("v5p:2x4x4", 95 * GIB),
    "v6e-256": Topology("v6e:16x16", 32 * GIB),
}
"""By the names that slices are ordered by; v4 and v5p count cores, of which a chip has two. A device is a
chip, and of a v4, compiled for so, a core with half of its chip's memory.

Source: cloud.google.com/tpu/docs/system-architecture-tpu-vm.
"""


@dataclasses.dataclass(frozen=True)
class Report:
    """What a step takes of one device.

    Attributes:
        memory: bytes of arguments, results, temporaries and code together, and what there is.
        collectives: how many of each kind the program has.
        gathered: elements of the largest array that an all-gather makes.
        reduced: bytes that all-reduces add up.
        flops: of products and convolutions, of one device in one step.
        operations: of the lowered program.
        seconds, processor: that tracing, lowering and compiling took, and of them the processors' time.
    """

    topology: str
    mesh: dict[str, int]
    batch_size: int
    memory: int
    limit: int
    collectives: dict[str, int]
    gathered: int
    reduced: int
    flops: float
    operations: int
    seconds: float
    processor: float

    @property
    def share(self) -> float:
        """Of the memory that is taken."""
        return self.memory / self.limit

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self.collectives.items()) or "none"
        place = " x ".join(f"{name} {size}" for name, size in self.mesh.items())
        return (
            f"{self.topology}: mesh {place}, batch {self.batch_size}\n"
            f"  memory of a chip    {self.memory / GIB:.2f} of {self.limit / GIB:.0f} GiB, {self.share:.0%}\n"
            f"  collectives         {counts}\n"
            f"  added up            {self.reduced / 1e6:.1f} MB a step\n"
            f"  work of a chip      {self.flops / 1e12:.2f} TFLOP a step\n"
            f"  program             {self.operations} operations\n"
            f"  compiled in         {self.seconds:.0f} s, {self.processor:.0f} s of processor time"
        )


def describe(name: str) -> tuple[Topology, list[Any]]:
    """A topology and its devices, which are descriptions and not there.

    Raises:
        UserError: for an unknown name, or without the TPU compiler.
    """
    if name == HERE:
        return Topology(HERE, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")), jax.devices()
    if name not in TOPOLOGIES:
        raise UserError(f"unknown topology {name!r}; there are {HERE}, {', '.join(TOPOLOGIES)}")
    # There is no metadata server to ask what machine this is, and no chip for two processes to quarrel over.
    os.environ.update({"TPU_SKIP_MDS_QUERY": "1", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1"})
    from jax.experimental import topologies

    try:
        found = topologies.get_topology_desc(platform="tpu", topology_name=TOPOLOGIES[name].name)
    except Exception as error:  # whatever the plug-in raises when it is not there
        raise UserError(
            f"there is no TPU compiler here ({_line(error)}): pip install 'compjax[tpu]'"
        ) from error
    return TOPOLOGIES[name], list(found.devices)


def mesh_of(devices: list[Any], fsdp: int) -> Mesh:
    """The mesh of these devices, `fsdp` of them sharing each parameter."""
    if fsdp < 1 or len(devices) % fsdp:
        raise UserError(f"fsdp {fsdp} does not divide the {len(devices)} devices")
    places = np.asarray(devices).reshape(-1, fsdp)
    return Mesh(places, sharding.BATCH_AXES, axis_types=(AxisType.Auto,) * 2)


def abstract_batch(batch_size: int, frames: int) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes of a batch, from an example as every source makes it."""
    from compjax.audio.transforms.pitch_spectrum import pitch_spectrum
    from compjax.data.rendering.analysis import Features
    from compjax.data.sources.example import RHYTHM_OF_INPUT, unlabelled_example

    silence = np.zeros((frames, LATENT_SIZE), np.float32)
    heard = Features(silence, pitch_spectrum(np.zeros(round(frames / FRAME_RATE * 24_000), np.float32)))
    clips = (heard, heard, silence)
    example = unlabelled_example(clips, RHYTHM_OF_INPUT, has_arrangement=True, has_gates=True)
    return {
        name: jax.ShapeDtypeStruct((batch_size, *np.shape(value)), np.asarray(value).dtype)
        for name, value in example.items()
    }


def training_step(config: Any, mesh: Mesh, batch_size: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The step that a configuration of an agent trains by, and the shapes that it is called with."""
    from compjax.training.agent.programs import AgentPrograms

    frames = round((config.data.get("seconds", 0.0) or DEFAULT_SECONDS) * FRAME_RATE)
    batch = abstract_batch(batch_size, frames)
    example = {name: leaf.shape[1:] for name, leaf in batch.items()}
    programs = AgentPrograms.build(config, mesh, example, batch_size)
    state = jax.eval_shape(programs.init)
    arguments = (
        sharding.abstract(state, sharding.state_shardings(state, mesh)),
        sharding.abstract(batch, sharding.batch_sharding(mesh)),
        sharding.abstract(jax.eval_shape(lambda: programs.objective.frozen), sharding.replicated(mesh)),
    )
    return programs.train, arguments


def count_collectives(text: str) -> tuple[dict[str, int], int]:
    """Collectives of a compiled program's text by kind, and the elements of the largest gathered array."""
    kinds = "|".join(COLLECTIVES)
    found = re.findall(rf"= (.*?) ({kinds})(?:-start)?\(", text)
    counts = collections.Counter(kind for _, kind in found)
    gathered = 0
    for shapes, kind in found:
        if kind == "all-gather":
            sizes = re.findall(r"\[([\d,]*)\]", shapes)
            gathered = max([gathered, *(int(np.prod([int(n) for n in s.split(",") if n])) for s in sizes)])
    return {kind: counts[kind] for kind in COLLECTIVES if counts[kind]}, gathered


def bytes_reduced(text: str) -> int:
    """Bytes of the arrays that the all-reduces of a compiled program add up, each counted once."""
    shapes = " ".join(re.findall(r"= (.*?) all-reduce(?:-start)?\(", text))
    arrays = re.findall(r"[a-z]+(\d+)\[([\d,]*)\]", shapes)
    return sum(int(bits) // 8 * math.prod(int(n) for n in dims.split(",") if n) for bits, dims in arrays)


def compile_for(config: Any, topology: str, fsdp: int = 1, batch_per_device: int = 8) -> Report:
    """Compile a configuration's training step for a topology.

    Raises:
        UserError: see `describe` and `mesh_of`; or if the step does not fit and the compiler says so.
    """
    slice_, devices = describe(topology)
    mesh = mesh_of(devices, fsdp)
    batch_size = batch_per_device * mesh.size
    step, arguments = training_step(config, mesh, batch_size)
    started = time.monotonic(), time.process_time()
    try:
        traced = step.trace(*arguments)
        lowered = traced.lower()
        compiled = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            raise UserError(f"{topology}: the step does not fit into its memory ({_line(error)})") from error
        raise
    used = compiled.memory_analysis()
    memory = used.argument_size_in_bytes + used.output_size_in_bytes - used.alias_size_in_bytes
    memory += used.temp_size_in_bytes + used.generated_code_size_in_bytes
    text = compiled.as_text()
    collectives, gathered = count_collectives(text)
    return Report(
        topology=topology,
        mesh=dict(mesh.shape),
        batch_size=batch_size,
        memory=memory,
        limit=slice_.memory,
        collectives=collectives,
        gathered=gathered,
        reduced=bytes_reduced(text),
        flops=throughput.flops_of(traced) / mesh.size,
        operations=lowered.as_text().count(" = "),
        seconds=time.monotonic() - started[0],
        processor=time.process_time() - started[1],
    )


def _line(error: Exception) -> str:
    """The beginning of an error's text, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def define_flags(argv: list[str] | None = None) -> flags.FlagValues:
    """The command's flags; the experiment's fields are known if the command line is given."""
    from ml_collections import config_flags

    values = flags.FlagValues()
    text = "Experiment whose step to compile."
    usual = "experiments/compositional.py"
    if argv is None:
        flags.DEFINE_string("config", usual, text, values)
    else:
        config_flags.DEFINE_config_file("config", usual, text, values, sys_argv=argv)
    flags.DEFINE_list("topology", ["v5e-8"], f"Slices, of {', '.join(TOPOLOGIES)}, or {HERE}.", values)
    text = "Devices that share each parameter; 0: mesh.fsdp."
    flags.DEFINE_integer("fsdp", 0, text, 0, flag_values=values)
    flags.DEFINE_integer("batch_per_device", 8, "Clips of a device in a step.", 1, flag_values=values)
    return values


def parse(argv: list[str]) -> flags.FlagValues:
    """The flags of a command line; UserError where its experiment cannot be read."""
    try:
        with warnings.catch_warnings():  # of how ml_collections loads a file
            warnings.simplefilter("ignore", DeprecationWarning)
            values = define_flags(argv)
            left = values(argv)
        values.config.mesh  # noqa: B018  # the error of a file is kept until it is used
    except flags.Error:
        raise
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"the experiment cannot be used: {text}") from error
    command.refuse_surplus(left)
    return values


def compile_all(values: flags.FlagValues) -> int:
    """Compile for each topology that the flags name; the exit status."""
    full = False
    for name in values.topology:
        fsdp = values.fsdp or values.config.mesh.fsdp
        report = compile_for(values.config, name, fsdp, values.batch_per_device)
        print(report, flush=True)
        full |= report.share > FULLEST
    return 1 if full else 0


def run(argv: list[str] | None = None) -> int:
    """Entry point of `python -m compjax.training.agent.compile_ahead`."""
    program = "compjax.training.agent.compile_ahead"
    return command.run(program, __doc__, define_flags, parse, compile_all, argv)


if __name__ == "__main__":
    sys.exit(run())
