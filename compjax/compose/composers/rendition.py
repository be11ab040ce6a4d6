"""Latents on their way to sound: whole, or in pieces as they are decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax.audio import loudness
from compjax.codec.long_codec import LongCodec
from compjax.constants import HOP_LENGTH

PROBES, PROBE = 8, 768
"""Stretches that are decoded ahead to learn how loud the whole is, and their frames; up to that many frames
in all, the whole is decoded for it."""


@dataclasses.dataclass(frozen=True)
class Decoded:
    """`Rendition` of latents through a codec.

    Attributes:
        latents: `[T, D]`.
        codec: decodes them.
        skip: samples that are left out at the beginning.
        samples: how many follow.
    """

    latents: np.ndarray
    codec: LongCodec
    skip: int
    samples: int

    def whole(self) -> np.ndarray:
        """See `Rendition`."""
        return self.codec.decode(self.latents)[self.skip : self.skip + self.samples]

    def pieces(self) -> tuple[float, Iterator[np.ndarray]]:
        """See `Rendition`; the loudness of what is longer than `PROBES` stretches is judged by so many."""
        if len(self.latents) <= PROBES * PROBE:
            whole = self.whole()
            return loudness.sounding_loudness(whole), iter([whole])
        begins = np.linspace(self.skip // HOP_LENGTH, len(self.latents) - PROBE, PROBES).astype(int)
        probes = [self.codec.decode(self.latents[begin : begin + PROBE]) for begin in begins]
        own = loudness.sounding_loudness(np.concatenate(probes))
        return own, trimmed(self.codec.pieces(self.latents), self.skip, self.samples)


def trimmed(pieces: Iterable[np.ndarray], skip: int, samples: int) -> Iterator[np.ndarray]:
    """The pieces without the first `skip` samples, `samples` in all."""
    place = -skip
    for piece in pieces:
        kept = piece[max(-place, 0) : max(samples - place, 0)]
        place += piece.size
        if kept.size:
            yield kept
