"""A composition in pieces, each given out as soon as it is decoded: for long clips, and for playing at once.

The clips are heard and the notes decided as a whole, which is quick; decoding takes the time, and it goes
from the beginning to the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.audio import loudness
from compjax.constants import HOP_LENGTH
from compjax.music.score import Note
from compjax.pages.views import PairView

CONTEXT = 16 * HOP_LENGTH
"""Samples on either side of a piece that the limiter looks at."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """What is composed, its sound still to come: iterate once over it, for pieces `[N]` float32.

    Attributes:
        notes: the composed part.
        weights: mean component weights.
        view: what it is made from.
        samples: length of the whole.
        sample_rate: Hz.
        pieces: of the sound.
    """

    notes: tuple[Note, ...]
    weights: dict[str, dict[str, float]]
    view: PairView
    samples: int
    sample_rate: int
    pieces: Iterator[np.ndarray]

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.pieces


def limited(pieces: Iterable[np.ndarray], gain: float) -> Iterator[np.ndarray]:
    """The pieces times `gain`, their peaks limited as over the whole; a little later than they come."""
    held, done = np.zeros(0, np.float32), 0  # `done`: samples of `held` that were given out, and are context
    for piece in pieces:
        held = np.concatenate([held, piece * np.float32(gain)])
        ready = (held.size - CONTEXT) // HOP_LENGTH * HOP_LENGTH
        if ready > done:
            yield loudness.limit_peaks(held)[done:ready]
            cut = max((ready - CONTEXT) // HOP_LENGTH * HOP_LENGTH, 0)
            held, done = held[cut:], ready - cut
    if held.size > done:
        yield loudness.limit_peaks(held)[done:]
