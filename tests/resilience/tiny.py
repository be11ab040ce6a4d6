"""A task whose steps take a millisecond, with faults that can be ordered: `python -m tests.resilience.tiny`.

It goes through the same loop as agents and codecs; only its network and its data are small.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator

import numpy as np


@dataclasses.dataclass(frozen=True)
class Faults:
    """What is to go wrong; steps count from 1.

    Attributes:
        nan_steps: whose batches hold a NaN.
        hang_data, hang_validation: step at which making a batch, or validating, never ends.
        hang_process: the process that hangs.
        slow: seconds that a batch takes at least.
        slow_compile, slow_validation: seconds that these take at least.
        spike_step: whose targets are a thousand times too large.
    """

    nan_steps: tuple[int, ...] = ()
    hang_data: int = 0
    hang_validation: int = 0
    hang_process: int = 0
    slow: float = 0.0
    slow_compile: float = 0.0
    slow_validation: float = 0.0
    spike_step: int = 0


class TinyPipeline:
    """Random inputs and noisy linear targets: a function of seed and step."""

    skipped: tuple[str, ...] = ()
    epoch_steps = 10
    seconds = 1.0

    def __init__(self, batch_size: int, seed: int, faults: Faults, index: int, count: int) -> None:
        self._size, self._seed, self._faults = batch_size, seed, faults
        self._part = slice(index * batch_size // count, (index + 1) * batch_size // count)
        self._hangs = faults.hang_process == index
        self.fingerprint = f"tiny-{seed}-{batch_size}"

    def iterate(self, start_step: int) -> Iterator[dict[str, np.ndarray]]:
        """Batches of the steps after `start_step`."""
        step = start_step
        while True:
            if self._hangs and step + 1 == self._faults.hang_data:
                time.sleep(3600)
            time.sleep(self._faults.slow)
            yield self._batch(step)
            step += 1

    def _batch(self, step: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([self._seed, step])
        inputs = rng.normal(size=(self._size, 16)).astype(np.float32)
        targets = inputs[:, :4] * 0.5 + rng.normal(0, 0.01, (self._size, 4)).astype(np.float32)
        if step + 1 in self._faults.nan_steps:
            inputs[0, 0] = np.nan
        if step + 1 == self._faults.spike_step:
            targets *= 1000.0
        ids = np.arange(step * self._size, (step + 1) * self._size, dtype=np.int64)
        batch = {"inputs": inputs, "targets": targets, "sample_ids": ids}
        return {name: values[self._part] for name, values in batch.items()}

    def describe(self, sample_id: int) -> str:
        """A sample in words."""
        return f"tiny sample {sample_id}"

    def close(self) -> None:
        """Nothing runs."""


def build_tiny(config, mesh):
    """The task of a tiny configuration."""
    import jax
    import jax.numpy as jnp
    import optax

    from compjax.codec.weights import save_weights
    from compjax.training import sharding
    from compjax.training.checkpoints import identity
    from compjax.training.loop import loop_config
    from compjax.training.state import apply_gradients, create_state, keep_if
    from compjax.training.task import Cost, Task, Validation

    index, count = jax.process_index(), jax.process_count()
    faults = Faults(**{k: tuple(v) if isinstance(v, list | tuple) else v for k, v in config.faults.items()})
    schedule = optax.cosine_decay_schedule(config.learning_rate, 200)
    optimizer = optax.adamw(schedule)

    def init():
        kernel = 0.1 * jax.random.normal(jax.random.key(config.seed), (16, 4))
        ballast = jnp.linspace(0.0, 1.0, config.ballast)
        return create_state({"params": {"kernel": kernel, "ballast": ballast}}, optimizer)

    def loss_of(params, batch):
        error = batch["inputs"] @ params["kernel"] - batch["targets"]
        return jnp.mean(error**2)

    def step(state, batch):
        loss, grads = jax.value_and_grad(loss_of)(state.params, batch)
        norm = optax.tree.norm(grads)
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        fresh = apply_gradients(state, grads, {}, None, optimizer, 0.9)
        scalars = {"loss/total": loss, "gradient_norm": norm, "finite": finite.astype(jnp.float32)}
        return keep_if(finite, fresh, state), scalars

    jitted = jax.jit(step, donate_argnums=0)
    evaluate = jax.jit(loss_of)
    held_out = sharding.to_global(
        {
            k: v
            for k, v in TinyPipeline(8, 10_000, Faults(), index, count)._batch(0).items()
            if k != "sample_ids"
        },
        mesh,
    )

    class TinyTask(Task):
        export_name = "agent.npz"

        def __init__(self):
            self.loop, self.mesh, self.batch_size, self.clip_seconds = (
                loop_config(config),
                mesh,
                config.batch_size,
                1.0,
            )
            self.pipeline = TinyPipeline(config.batch_size, config.seed, faults, index, count)
            self.shardings = sharding.state_shardings(jax.eval_shape(init), mesh)
            self.fingerprint = {
                "config": {k: v for k, v in config.to_dict().items() if k != "faults"},
                "data": f"tiny-{config.seed}-{config.batch_size}",
                "versions": identity.versions(),
            }

        def init(self):
            return init()

        def train_step(self, state, batch):
            return jitted(state, batch)

        def compile(self, state, batch) -> Cost:
            time.sleep(faults.slow_compile)
            jitted.lower(state, batch).compile()
            evaluate.lower(state.ema, held_out).compile()
            return Cost()

        def validate(self, state, poll) -> Validation:
            number = int(state.step)
            until = time.monotonic() + faults.slow_validation
            while time.monotonic() < until:
                poll()
                time.sleep(0.05)
            if faults.hang_validation == number and faults.hang_process == index:
                time.sleep(3600)
            poll()
            return Validation({"loss/total": float(evaluate(state.ema, held_out))})

        def score(self, scalars):
            return -scalars["loss/total"]

        def export(self, path, state) -> None:
            if index == 0:
                save_weights(path, {"agent": "tiny", "settings": {}}, {"params": jax.device_get(state.ema)})

        def learning_rate(self, number):
            return float(schedule(number))

    return TinyTask()


def tiny_config(**changes):
    """A configuration of 60 steps; any field can be changed, those of `loop` and `faults` as dictionaries."""
    from ml_collections import ConfigDict

    values = {
        "kind": "tiny",
        "seed": 0,
        "batch_size": 8,
        "num_steps": 60,
        "log_every": 10,
        "validate_every": 20,
        "learning_rate": 0.01,
        "ballast": 4,
        "mesh": {},
        "loop": {"save_every": 5, "trace": True},
        "faults": {},
    }
    for name, value in changes.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    return ConfigDict(values)


def main() -> None:
    """Train; flags are --workdir, --allow_changed, and --config with changes as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--config", type=json.loads, default={})
    parser.add_argument("--allow_changed", default="")
    arguments = parser.parse_args()
    from absl import logging

    from compjax.errors import EXIT_CODE, UserError
    from compjax.training.loop import train
    from compjax.training.task import RunOptions

    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    allowed = tuple(name for name in arguments.allow_changed.split(",") if name)
    try:
        outcome = train(tiny_config(**arguments.config), arguments.workdir, RunOptions(allowed), build_tiny)
    except UserError as error:
        print(f"tiny: {error}", file=sys.stderr)
        sys.exit(EXIT_CODE)
    sys.exit(outcome.status)


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main()
