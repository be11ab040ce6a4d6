"""A folder of tiny examples, and a configuration that trains on them in a second."""

import numpy as np
import pytest
from ml_collections import ConfigDict

FRAMES = 16


def fake_examples(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random examples in the form of shards, of 16 frames."""
    rng = np.random.default_rng(seed)
    made = {f"latents_{x}": rng.normal(0, 1, (count, FRAMES, 128)).astype(np.float16) for x in "abc"}
    made |= {f"spectrum_{x}": rng.normal(0, 1, (count, FRAMES // 4, 300)).astype(np.float16) for x in "ab"}
    made |= {f"bass_{x}": rng.integers(-1, 64, (count, FRAMES)).astype(np.int8) for x in "ab"}
    made |= {f"is_kit_{x}": rng.integers(0, 2, count).astype(bool) for x in "ab"}
    made |= {f"salience_{x}": rng.integers(0, 255, (count, FRAMES, 8)).astype(np.uint8) for x in "ab"}
    made |= {f"hits_{x}": np.tile([0.1, 0.1, 1, 0.5], (count, 2, 1)).astype(np.float32) for x in "ab"}
    made["notes_c"] = np.tile([0.1, 0.2, 60, 0.5], (count, 2, 1)).astype(np.float32)
    made["style"] = rng.random((count, 8)).astype(np.float32)
    made["switches"] = rng.integers(0, 2, (count, 3)).astype(np.int8)
    made["family"] = np.resize(["piano", "organ"], count)
    made["ideal"] = np.tile([1, 0, 0, 0, 1, 1], (count, 1)).astype(np.float32)
    return made


@pytest.fixture
def config(tmp_path) -> ConfigDict:
    """A configuration of four steps on six examples."""
    for split in ("train", "dev"):
        (tmp_path / split).mkdir()
        np.savez(tmp_path / split / "shard_00000.npz", **fake_examples(6))
    widths = (
        "rhythm_width",
        "harmony_width",
        "timbre_width",
        "composer_width",
        "renderer_width",
        "num_partials",
    )
    settings = dict.fromkeys(widths, 4) | {"harmony_dilations": (1,), "rhythm_dilations": (1,)}
    return ConfigDict(
        {
            "kind": "agent",
            "seed": 0,
            "batch_size": 2,
            "num_steps": 4,
            "log_every": 1,
            "validate_every": 2,
            "ema_decay": 0.9,
            "agent": {"name": "arranging", "settings": settings, "given": ("gates", "style", "spectra")},
            "optimizer": {"learning_rate": 1e-3, "warmup_steps": 1, "decay_steps": 4},
            "losses": {"latent": 1.0, "roll_onsets": 1.0, "roll_frames": 1.0, "roll_velocities": 1.0}
            | {
                "salience": 1.0,
                "chords": 1.0,
                "bass": 1.0,
                "hits": 1.0,
                "selector": 1.0,
                "novelty": 0.0,
                "regulariser": 0.0,
            },
            "data": {
                "train": str(tmp_path / "train"),
                "dev": str(tmp_path / "dev"),
                "augment": True,
                "dev_examples": 2,
            },
        }
    )


@pytest.fixture(scope="session")
def fake_shards():
    """`fake_examples` itself, for tests that write folders of their own."""
    return fake_examples
