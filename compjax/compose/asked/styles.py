"""The style of a variation: what the user has set, and the rest drawn."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.compose.asked.options import ComposeOptions
from compjax.constants import STYLE_SIZE
from compjax.music.style import Style

SHORTEST_DRAWN, LONGEST_DRAWN = 0.3, 0.9
"""Articulation is drawn between these: of the shortest notes the instrument is told less well, and notes that
run into each other hide the rhythm (BUILD_NOTES.md)."""


def draw_style(options: ComposeOptions, index: int) -> Style:
    """The style of a variation: drawn from the seed and its number, but for what the user has set."""
    drawn = Style.from_vector(np.random.default_rng([options.seed, index]).random(STYLE_SIZE))
    squares = SHORTEST_DRAWN**2, LONGEST_DRAWN**2  # notes' lengths go with the square of the articulation
    articulation = (squares[0] + (squares[1] - squares[0]) * drawn.articulation) ** 0.5
    drawn = dataclasses.replace(drawn, articulation=articulation)
    return dataclasses.replace(drawn, **(options.style or {}))
