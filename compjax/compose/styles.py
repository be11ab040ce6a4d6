"""The style of a variation: what the user has set, and the rest drawn."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.compose.options import ComposeOptions
from compjax.constants import STYLE_SIZE
from compjax.music.style import Style

LONGEST_DRAWN = 0.4
"""Articulation is drawn from 0 to this: notes that run into each other hide the rhythm (BUILD_NOTES.md)."""


def draw_style(options: ComposeOptions, index: int) -> Style:
    """The style of a variation: drawn from the seed and its number, but for what the user has set."""
    drawn = Style.from_vector(np.random.default_rng([options.seed, index]).random(STYLE_SIZE))
    drawn = dataclasses.replace(drawn, articulation=LONGEST_DRAWN * drawn.articulation)
    return dataclasses.replace(drawn, **(options.style or {}))
