"""What many chips would take, on paper: python -m tests.bench_scale [--render=0.4 --load=0.009 --compile].

Traces the training step of experiments/compositional.py (original's size, all losses, 8 clips of 4 s a chip)
for its operations, the gradients that chips add up and the state that each holds, and works out step times
from data sheets. --compile compiles it for eight virtual CPU devices too, for minutes, and prints the
program's own collectives, bytes and memory. Nothing is run: virtual devices share the same cores and say
nothing about speed. --render and --load are seconds of a core for an example, as measured by
`python -m tests.data.bench_examples`.
"""

from __future__ import annotations

import argparse
import dataclasses
import math

CLIPS = 8  # of a chip in a step
DEVICES = 8
COUNTS = (8, 64, 256, 1024)
EXAMPLES = 100e6
CORES = 1024  # of the batch system that renders


@dataclasses.dataclass(frozen=True)
class Chip:
    """What a data sheet says, and what of its peak a step is assumed to reach.

    Attributes:
        peak: dense bfloat16 operations a second.
        link: bytes a second that a chip sends to its neighbours while it receives as many.
        outside: bytes a second of a chip's share of the network beyond its slice.
        slice: chips that the fast links connect.
        host: chips and cores of a host.
    """

    name: str
    peak: float
    link: float
    outside: float
    slice: int
    host: tuple[int, int]


CHIPS = (
    # cloud.google.com/tpu/docs/v5e: 400 GB/s both ways, 6.4 Tbit/s a pod of 256; 224 cores for 8 chips
    Chip("TPU v5e", 197e12, 200e9, 3.125e9, 256, (8, 224)),
    # nvidia.com, H100 SXM: NVLink 900 GB/s both ways; assumed: a 400 Gbit/s adapter and 16 cores for each
    Chip("H100 SXM", 989e12, 450e9, 50e9, 8, (8, 128)),
)
UTILISATIONS = (0.2, 0.4)
"""Shares of the peak: a cautious one, and what published trainers reach on large language models."""


@dataclasses.dataclass(frozen=True)
class Step:
    """What one chip does in a step: operations, bytes of gradients that chips add up, bytes of its state."""

    flops: float
    reduced: float
    held: float


def size_of(tree) -> int:
    """Bytes of the arrays of a tree."""
    import jax

    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def experiment():
    """The configuration of experiments/compositional.py."""
    import pathlib
    import runpy

    file = pathlib.Path(__file__).parents[1] / "experiments" / "compositional.py"
    return runpy.run_path(str(file))["get_config"]()


def traced_step() -> Step:
    """The step of one chip, traced."""
    import jax

    from compjax.training.agent import compile_ahead
    from compjax.training.monitoring import throughput

    mesh = compile_ahead.mesh_of(jax.devices()[:1], 1)
    step, arguments = compile_ahead.training_step(experiment(), mesh, CLIPS)
    state = arguments[0]
    trained = size_of(state.params) + size_of(state.critics.params)
    return Step(throughput.flops_of(step.trace(*arguments)), trained, size_of(state))


def print_compiled() -> None:
    """What the compiler makes of it for several devices."""
    from compjax.training.agent import compile_ahead

    print(compile_ahead.compile_for(experiment(), compile_ahead.HERE, batch_per_device=CLIPS))


def reduce_seconds(chip: Chip, count: int, size: float) -> float:
    """Seconds to add up `size` bytes over chips: a ring within the slice, then its parts between slices."""
    near = min(count, chip.slice)
    inside = 2.0 * (near - 1) / near * size / chip.link
    far = math.ceil(count / chip.slice)
    return inside + 2.0 * (far - 1) / far * (size / near) / chip.outside


def print_scaling(chip: Chip, step: Step, load: float) -> None:
    """A row for each number of chips and each utilisation."""
    links = f"{chip.link / 1e9:.0f} GB/s one way within {chip.slice} chips, {chip.outside / 1e9:.1f} beyond"
    cores = f"{chip.host[1] / chip.host[0]:.0f} cores a chip"
    print(f"\n{chip.name}: {chip.peak / 1e12:.0f} TFLOP/s, {links}, {cores}")
    print("chips  MFU   compute ms  add up ms  efficiency  examples/s  cores a chip  100 M examples")
    for count in COUNTS:
        for share in UTILISATIONS:
            compute, together = step.flops / (chip.peak * share), reduce_seconds(chip, count, step.reduced)
            rate = count * CLIPS / (compute + together)
            cores = rate * load / count
            print(
                f"{count:5} {share:4.0%} {compute * 1e3:12.2f} {together * 1e3:10.2f} "
                f"{compute / (compute + together):11.0%} {rate:11,.0f} {cores:13.1f} "
                f"{EXAMPLES / rate / 60:11.1f} min"
            )


def print_rendering(render: float) -> None:
    """How long the examples take to be rendered."""
    core_hours = EXAMPLES * render / 3600.0
    print(f"\n{EXAMPLES / 1e6:.0f} M examples at {render:g} s of a core: {core_hours:,.0f} core hours,")
    print(f"{core_hours / CORES:.1f} hours of {CORES} cores")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", type=float, default=0.4, help="seconds of a core to render an example")
    parser.add_argument("--load", type=float, default=0.009, help="seconds of a core to load an example")
    parser.add_argument("--compile", action="store_true", help="for eight virtual devices too")
    options = parser.parse_args()
    import jax

    jax.config.update("jax_num_cpu_devices", DEVICES)
    step = traced_step()
    print(
        f"a chip and step: {step.flops / 1e12:.3f} TFLOP, {step.reduced / 1e6:.0f} MB of gradients, "
        f"{step.held / 1e6:.0f} MB of state"
    )
    for chip in CHIPS:
        print_scaling(chip, step, options.load)
    print_rendering(options.render)
    if options.compile:
        print_compiled()


if __name__ == "__main__":
    main()
