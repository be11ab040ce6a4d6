"""What the tests of rendering share."""

import numpy as np
import pytest


def random_fields(count: int, frames: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random examples in the form of a shard."""
    rng = np.random.default_rng(seed)
    made = {f"latents_{x}": rng.normal(0, 1, (count, frames, 128)).astype(np.float16) for x in "abc"}
    made |= {
        f"spectrum_{x}": rng.normal(0, 1, (count, -(-frames // 4), 300)).astype(np.float16) for x in "ab"
    }
    made |= {f"salience_{x}": rng.integers(0, 255, (count, frames, 8)).astype(np.uint8) for x in "ab"}
    made |= {f"bass_{x}": rng.integers(-1, 64, (count, frames)).astype(np.int8) for x in "ab"}
    made |= {f"is_kit_{x}": rng.integers(0, 2, count).astype(bool) for x in "ab"}
    made |= {f"hits_{x}": np.tile([0.1, 0.1, 1, 0.5], (count, 2, 1)).astype(np.float32) for x in "ab"}
    made |= {"notes_c": np.tile([0.1, 0.2, 60, 0.5], (count, 2, 1)).astype(np.float32)}
    made |= {"style": rng.random((count, 8)).astype(np.float32)}
    made |= {
        "switches": rng.integers(0, 2, (count, 3)).astype(np.int8),
        "ideal": np.ones((count, 6), np.float32),
    }
    return made


@pytest.fixture(scope="session")
def shard_fields():
    """Makes random examples in the form of a shard: `shard_fields(count, frames, seed)`."""
    return random_fields


@pytest.fixture
def one_font(monkeypatch):
    """Every timbre is from the smallest soundfont, so that a test loads no other."""
    from compjax.data.rendering import timbres

    monkeypatch.setattr(timbres, "TRAIN_FONTS", (timbres.TEST_FONT,))
    monkeypatch.setattr(timbres, "RECORDED_KITS", (timbres.TEST_FONT,))
