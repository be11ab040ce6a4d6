"""What the loop costs over the bare jitted step: `python -m tests.resilience.overhead`, on a quiet machine.

One process trains an experiment on made-up clips, with its log and its checkpoints, and then calls the same
compiled step on one batch, nothing else. Time in validation is apart: it is not the loop's.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import runpy
import tempfile
import time

from tests.resilience import agent

PARTS = ("data", "step", "report", "save")
SECONDS = 4.0
FRAMES = 300
LIMIT = 0.05


def experiment(path: str, folder: pathlib.Path, steps: int, saves: int):
    """The configuration of a file, on the made-up clips in `folder`."""
    config = runpy.run_path(path)["get_config"]()
    config.num_steps = steps
    config.validate_every = 10 * steps
    config.log_every = 25
    with config.unlocked():
        config.data.train, config.data.dev, config.data.dev_examples = (
            str(folder / "train"),
            str(folder / "dev"),
            config.batch_size,
        )
        config.loop = {**dict(config.get("loop", {})), "save_every": max(1, steps // saves)}
    return config


def bare_seconds(task, steps: int) -> float:
    """Seconds that one call of the compiled step takes, on one batch that lies on the device."""
    import jax

    from compjax.training.sharding import to_global

    state = jax.jit(task.init, out_shardings=task.shardings)()
    feed = task.pipeline.iterate(0)
    batch = to_global(next(feed), task.mesh)
    state, scalars = task.train_step(state, batch)
    jax.block_until_ready(scalars)
    began = time.monotonic()
    for _ in range(steps):
        state, scalars = task.train_step(state, batch)
        jax.block_until_ready(scalars)
    seconds = (time.monotonic() - began) / steps
    task.pipeline.close()
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="experiments/arranging.py")
    parser.add_argument("--steps", type=int, default=250, help="250 are the steps between two checkpoints")
    parser.add_argument("--saves", type=int, default=1, help="checkpoints on the way")
    arguments = parser.parse_args()
    from compjax.training.loop import builder_of, train

    tasks = []

    def build(config, mesh):
        tasks.append(builder_of(config)(config, mesh))
        return tasks[0]

    with tempfile.TemporaryDirectory(prefix="overhead-") as name:
        folder = pathlib.Path(name)
        agent.write_examples(folder, 64, FRAMES)
        config = experiment(arguments.config, folder, arguments.steps, arguments.saves)
        workdir = folder / "run"
        train(config, str(workdir), build=build)
        spent = json.loads((workdir / "goodput.json").read_text())["seconds"]
        bare = bare_seconds(tasks[0], min(arguments.steps, 50))
    loop = {part: spent[part] / arguments.steps for part in PARTS}
    print(
        f"{arguments.config}: {arguments.steps} steps of {config.batch_size} clips of {SECONDS:g} s, "
        f"{arguments.saves + 1} checkpoints"
    )
    print(f"bare step   {bare * 1000:9.2f} ms")
    for part, seconds in loop.items():
        print(f"loop, {part:6}{seconds * 1000:9.2f} ms a step")
    over = sum(loop.values()) / bare - 1.0
    print(f"the loop costs {over:+.1%} of the bare step (bar: {LIMIT:.0%})")


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main()
