"""The original's weights, rebuilt from their names (tests/reference/README.md), and a tiny network."""

import numpy as np
import pytest
from drawn_variables import fill  # noqa: F401
from original_weights import golden, original_keys, original_state  # noqa: F401

from compjax.models.composing.config import (
    CascadeConfig,
    ComposerConfig,
    CompositionalConfig,
    EncoderConfig,
    ExtractorConfig,
    NetworkConfig,
    SelectorConfig,
)


@pytest.fixture(scope="session")
def tiny_agent() -> CompositionalConfig:
    """Eight latent channels and as little as possible of everything else."""
    encoder = EncoderConfig(size=16, layers=1, heads=2, feed_forward=32)
    return CompositionalConfig(
        extractor=ExtractorConfig(hidden=8, channels=4),
        selector=SelectorConfig(hidden=8),
        composer=ComposerConfig(encoder, output_hidden=8, latent_size=8, num_pitches=5),
    )


@pytest.fixture(scope="session")
def tiny_network(tiny_agent) -> NetworkConfig:
    return NetworkConfig(tiny_agent, CascadeConfig(stages=2, layers=1, heads=2, latent_size=8))


@pytest.fixture
def pair(rng) -> tuple[np.ndarray, np.ndarray]:
    """Latents of two clips, `[2, 12, 8]` each."""
    return tuple(rng.standard_normal((2, 2, 12, 8)).astype(np.float32))
