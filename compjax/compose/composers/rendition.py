"""What was composed on its way to sound, whole or in pieces: notes on an instrument, or latents to decode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax import progress
from compjax.audio import loudness
from compjax.codec.long_codec import LongCodec
from compjax.constants import HOP_LENGTH, SAMPLE_RATE
from compjax.instrument.capture import Instrument
from compjax.music.score import Note, moved

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


STRETCH = 20.0
"""Seconds that are played at a time."""
TAIL = 3.0
"""Seconds for which a note may sound after its end."""


@dataclasses.dataclass(frozen=True)
class Played:
    """`Rendition` of notes on an instrument, stretch by stretch: an hour needs little more memory than it is.

    Attributes:
        notes: by start.
        instrument: plays them.
        samples: how many there will be.
    """

    notes: tuple[Note, ...]
    instrument: Instrument
    samples: int

    def whole(self) -> np.ndarray:
        """See `Rendition`."""
        return np.concatenate([*self._stretches()])

    def pieces(self) -> tuple[float, Iterator[np.ndarray]]:
        """See `Rendition`; of many stretches, so many are judged as latents' are."""
        count = -(-self.samples // round(STRETCH * SAMPLE_RATE))
        if count <= PROBES:
            whole = self.whole()
            return loudness.sounding_loudness(whole), iter([whole])
        probes = [self._stretch(int(place)) for place in np.linspace(0, count - 1, PROBES)]
        return loudness.sounding_loudness(np.concatenate(probes)), self._stretches()

    def _stretches(self) -> Iterator[np.ndarray]:
        """The sound from beginning to end; what rings on is added to the next stretch."""
        size, ringing = round(STRETCH * SAMPLE_RATE), np.zeros(0, np.float32)
        count = -(-self.samples // size)
        for place, begin in enumerate(range(0, self.samples, size)):
            sound = self._stretch(place)
            longer = np.zeros(max(sound.size, ringing.size, size), np.float32)
            longer[: sound.size] += sound
            longer[: ringing.size] += ringing
            yield longer[: min(size, self.samples - begin)]
            ringing = longer[size:]
            progress.advance(place + 1, count)

    def _stretch(self, place: int) -> np.ndarray:
        """The notes that start in a stretch, as long as they sound, from its beginning on."""
        begin = place * STRETCH
        notes = [note for note in self.notes if begin <= note.start < begin + STRETCH]
        last = max((note.end for note in notes), default=begin)
        samples = round((last - begin + TAIL) * SAMPLE_RATE)
        return self.instrument.play(moved(notes, -begin), samples, SAMPLE_RATE, (place,))


def trimmed(pieces: Iterable[np.ndarray], skip: int, samples: int) -> Iterator[np.ndarray]:
    """The pieces without the first `skip` samples, `samples` in all."""
    place = -skip
    for piece in pieces:
        kept = piece[max(-place, 0) : max(samples - place, 0)]
        place += piece.size
        if kept.size:
            yield kept
