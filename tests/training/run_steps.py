"""Trains a tiny agent and prints each loss exactly: run by test_layouts.py in processes of its own.

python tests/training/run_steps.py FOLDER STEPS DEVICES PROCESSES INDEX PORT WORKERS FSDP
"""

import json
import os
import pathlib
import sys
import warnings

os.environ["JAX_PLATFORMS"] = "cpu"
sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh

from compjax.data.batches.pipeline import open_pipeline
from compjax.losses.latent import latent_loss
from compjax.models.composing.agent import CompositionalAgent
from compjax.models.composing.config import (
    ComposerConfig,
    CompositionalConfig,
    EncoderConfig,
    ExtractorConfig,
    SelectorConfig,
)
from compjax.training import sharding
from compjax.training.agent.optimizer import OptimizerConfig, make_optimizer
from compjax.training.agent.step import StepConfig, make_train_step
from compjax.training.state import create_state

BATCH_SIZE = 8
THREADS = 4
OPTIMIZER = {
    "learning_rate": 3e-4,
    "warmup_steps": 500,
    "decay_steps": 100_000,
}  # experiments/compositional.py
CONFIG = CompositionalConfig(
    extractor=ExtractorConfig(hidden=8),
    selector=SelectorConfig(hidden=8),
    composer=ComposerConfig(
        encoder=EncoderConfig(size=16, layers=1, heads=2, feed_forward=32),
        output_hidden=16,
        style_size=9,
    ),
)


class LatentObjective:
    """The latent loss and, so that there are two, the selector's."""

    frozen = ()

    def __call__(self, output, batch, step, *, key, frozen, critics):
        latent = latent_loss(output.latents, batch["arrangement"])
        gates = jnp.mean(jnp.square(output.extras["gate_logits"] - batch["ideal_gates"]))
        return latent + gates, {"loss/total": latent + gates, "loss/latent": latent, "loss/gates": gates}

    def update_critics(self, critics, latents, batch, step, key, frozen):
        return critics, {}


def mesh_of(devices: int, fsdp: int) -> Mesh:
    """A mesh over the first `devices` of each process."""
    by_process = [jax.local_devices(process_index=index) for index in range(jax.process_count())]
    chosen = [device for local in by_process for device in local[:devices]]
    places = np.asarray(chosen).reshape(-1, fsdp)
    return Mesh(places, sharding.BATCH_AXES, axis_types=(AxisType.Auto,) * 2)


def main(folder, steps, devices, processes, index, port, workers, fsdp) -> None:
    """Print a JSON list of the losses' hexadecimal form, on process 0."""
    # XLA gives each process a thread for each of its devices, and matrix products add up by threads: at least
    # as many here as the layout with most of them has, of which the mesh takes the first.
    jax.config.update("jax_num_cpu_devices", max(devices, THREADS))
    # Also alone: with it CPU devices add up by Gloo, in the same order within a process and between them.
    jax.distributed.initialize(f"localhost:{port}", processes, index, heartbeat_timeout_seconds=100)
    if fsdp > 1:
        sharding.MIN_SPLIT_SIZE = 64
    mesh = mesh_of(devices, fsdp)
    agent, optimizer = CompositionalAgent(CONFIG), make_optimizer(OptimizerConfig(**OPTIMIZER))
    pipeline = open_pipeline({"train": folder}, BATCH_SIZE, 0, index, processes, workers)
    feed = pipeline.iterate(0)
    first = sharding.to_global(next(feed), mesh)

    def init(key):
        clips = jnp.zeros((2, first["style"].shape[1], 128))
        variables = agent.init(key, clips, clips, style=jnp.zeros((2, 9)))
        return create_state(variables, optimizer)

    shardings = sharding.state_shardings(jax.eval_shape(init, jax.random.key(0)), mesh)
    state = jax.jit(init, out_shardings=shardings)(jax.random.key(0))
    step = make_train_step(agent, optimizer, LatentObjective(), StepConfig(), mesh)
    losses, batch = [], first
    for _ in range(steps):
        state, scalars = step(state, batch, ())
        losses.append(float(scalars["loss/total"]).hex())
        batch = sharding.to_global(next(feed), mesh)
    pipeline.close()
    if index == 0:
        print(json.dumps(losses))


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(sys.argv[1], *map(int, sys.argv[2:]))
