"""The real agent task, small: `compjax-train --config=tests/resilience/agent.py`, and data to train on."""

from __future__ import annotations

import pathlib

import numpy as np

FRAMES = 16
FOLDERS = ("train", "dev")


def fake_examples(count: int, seed: int = 0, frames: int = FRAMES) -> dict[str, np.ndarray]:
    """Random examples in the form of shards."""
    from compjax.data.sources import shards

    rng = np.random.default_rng(seed)
    made = {}
    for name, (kind, shape) in shards.FIELDS.items():
        sizes = {shards.FRAMES: frames, -(-shards.FRAMES // 4): frames // 4}
        shape = (count, *(sizes.get(size, size) for size in shape[:1]), *shape[1:])
        if np.issubdtype(kind, np.floating):
            made[name] = rng.random(shape).astype(kind)
        else:
            made[name] = rng.integers(0, 2, shape).astype(kind)
    made["notes_c"] = np.tile([0.1, 0.2, 60, 0.5], (count, 2, 1)).astype(np.float32)
    made |= {f"hits_{x}": np.tile([0.1, 0.1, 1, 0.5], (count, 2, 1)).astype(np.float32) for x in "ab"}
    made["ideal"] = np.tile([1, 0, 0, 0, 1, 1], (count, 1)).astype(np.float32)
    return made


def write_examples(folder: str | pathlib.Path, count: int = 24, frames: int = FRAMES) -> None:
    """Shards of random examples in `folder/train` and `folder/dev`."""
    for place, name in enumerate(FOLDERS):
        target = pathlib.Path(folder, name)
        target.mkdir(parents=True, exist_ok=True)
        np.savez(target / "shard_00000.npz", **fake_examples(count, place, frames))


def get_config():
    """60 steps of the smallest compositional agent; data by --config.data.train and --config.data.dev."""
    from ml_collections import ConfigDict

    config = ConfigDict()
    config.kind = "agent"
    config.seed = 0
    config.batch_size = 4
    config.num_steps = 60
    config.log_every = 10
    config.validate_every = 20
    config.ema_decay = 0.9
    config.agent = ConfigDict({"name": "compositional", "settings": {"size": "tiny", "stages": 0}})
    config.optimizer = ConfigDict({"learning_rate": 1e-3, "warmup_steps": 5, "decay_steps": 60})
    config.losses = ConfigDict({"latent": 1.0, "roll_onsets": 1.0, "selector": 0.1, "novelty": 0.1})
    config.data = ConfigDict({"train": "train", "dev": "dev", "augment": True, "dev_examples": 8})
    config.loop = ConfigDict({"save_every": 5, "trace": True, "workers": 0, "keep_latest": 2})
    config.loop.timeouts = ConfigDict({"compile": 3600.0, "step": 600.0, "data": 600.0})
    return config
