"""The scale of latents: natural-log band magnitudes, normalised over recorded music.

For NumPy and JAX arrays alike; what comes out has the type that goes in.
"""

from __future__ import annotations

from compjax.constants import LATENT_MEAN, LATENT_STD


def to_log(latents):
    """Natural-log magnitudes of latents, of any shape."""
    return latents * LATENT_STD + LATENT_MEAN


def to_latents(log):
    """Latents of natural-log magnitudes, of any shape."""
    return (log - LATENT_MEAN) / LATENT_STD
