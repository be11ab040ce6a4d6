"""A composition in pieces, each given out as soon as it is decoded: for long clips, and for playing at once.

The clips are heard and the notes decided as a whole, which is quick; decoding takes the time, and it goes
from the beginning to the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.audio import loudness
from compjax.compose import clips
from compjax.constants import HOP_LENGTH
from compjax.music.score import Note
from compjax.pages.views import PairView

PROBES, PROBE = 8, 768
"""Stretches that are decoded ahead to learn how loud the whole is, and their frames; up to that many frames
in all, the whole is decoded for it."""

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


def decoded(latents: np.ndarray, codec, skip: int, samples: int) -> tuple[float, Iterator[np.ndarray]]:
    """The level (RMS) of the sound of latents `[T, D]`, and the sound in pieces.

    `skip` samples are left out at the beginning; `samples` follow. The level of what is longer than
    `PROBES` stretches is judged by so many of them.
    """
    if len(latents) <= PROBES * PROBE:
        whole = codec.decode(latents)[skip : skip + samples]
        return clips.level(whole), iter([whole])
    begins = np.linspace(skip // HOP_LENGTH, len(latents) - PROBE, PROBES).astype(int)
    powers = [loudness.rms(codec.decode(latents[begin : begin + PROBE])) ** 2 for begin in begins]
    return float(np.sqrt(np.mean(powers))), trimmed(codec.pieces(latents), skip, samples)


def trimmed(pieces: Iterable[np.ndarray], skip: int, samples: int) -> Iterator[np.ndarray]:
    """The pieces without the first `skip` samples, `samples` in all."""
    place = -skip
    for piece in pieces:
        kept = piece[max(-place, 0) : max(samples - place, 0)]
        place += piece.size
        if kept.size:
            yield kept


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
