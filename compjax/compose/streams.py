"""A composition in pieces, each given out as soon as it is decoded: for long clips, and for playing at once.

The clips are heard and the notes decided as a whole, which is quick; decoding takes the time, and it goes
from the beginning to the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.audio import true_peak
from compjax.constants import HOP_LENGTH
from compjax.music.score import Note
from compjax.pages.views import PairView

CONTEXT = 16 * HOP_LENGTH
"""Samples on either side of a piece that the limiter looks at."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """What is composed, its sound still to come: iterate once over it, for pieces `[N]` or `[N, 2]` float32.

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
    held, done = None, 0  # `done`: samples of `held` that were given out, and are context
    for piece in pieces:
        louder = piece * np.float32(gain)
        held = louder if held is None else np.concatenate([held, louder])
        ready = (len(held) - CONTEXT) // HOP_LENGTH * HOP_LENGTH
        if ready > done:
            yield _limited(held)[done:ready]
            cut = max((ready - CONTEXT) // HOP_LENGTH * HOP_LENGTH, 0)
            held, done = held[cut:], ready - cut
    if held is not None and len(held) > done:
        yield _limited(held)[done:]


def _limited(held: np.ndarray) -> np.ndarray:
    """What is held, limited; itself it stays as it is."""
    made = held.copy()
    true_peak.limit(made)
    return made
