"""What was composed on its way to sound, whole or in pieces: notes on an instrument, or latents to decode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from compjax import progress
from compjax.audio import loudness
from compjax.audio.sound_files import SoundFormat
from compjax.codec.long_codec import LongCodec
from compjax.constants import HOP_LENGTH, REGISTER_EDGES
from compjax.instrument.capture import Instrument
from compjax.music.roles import VOICE_NAMES
from compjax.music.score import Note, moved
from compjax.side_by_side import two_at_a_time

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
    form = SoundFormat()

    def whole(self) -> np.ndarray:
        """See `Rendition`."""
        return self.codec.decode(self.latents)[self.skip : self.skip + self.samples]

    def voices(self) -> dict[str, Decoded]:
        """None: latents cannot be told apart by voices."""
        return {}

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

    @property
    def form(self) -> SoundFormat:
        """The instrument's."""
        return self.instrument.form

    def whole(self) -> np.ndarray:
        """See `Rendition`."""
        out, place = self._silence(self.samples), 0
        for stretch in self._stretches():
            out[place : place + len(stretch)] = stretch
            place += len(stretch)
        return out

    def pieces(self) -> tuple[float, Iterator[np.ndarray]]:
        """See `Rendition`; of many stretches, so many are judged as latents' are."""
        count, rate = -(-self.samples // self._size), self.form.rate
        if count <= PROBES:
            whole = self.whole()
            return loudness.sounding_loudness(whole, rate), iter([whole])
        probes = [self._stretch(int(place)) for place in np.linspace(0, count - 1, PROBES)]
        return loudness.sounding_loudness(np.concatenate(probes), rate), self._stretches()

    def voices(self) -> dict[str, Played]:
        """See `Rendition`."""
        return {
            name: dataclasses.replace(self, notes=tuple(n for n in self.notes if voice_of(n) == voice))
            for voice, name in enumerate(VOICE_NAMES)
        }

    @property
    def _size(self) -> int:
        return round(STRETCH * self.form.rate)

    def _silence(self, samples: int) -> np.ndarray:
        return np.zeros((samples, 2) if self.form.channels == 2 else samples, np.float32)

    def _stretches(self) -> Iterator[np.ndarray]:
        """The sound from beginning to end; what rings on is added to the next stretch."""
        size, ringing = self._size, self._silence(0)
        count = -(-self.samples // size)
        for place, sound in enumerate(two_at_a_time(self._stretch, range(count))):
            longer = self._silence(max(len(sound), len(ringing), size))
            longer[: len(sound)] += sound
            longer[: len(ringing)] += ringing
            yield longer[: min(size, self.samples - place * size)]
            ringing = longer[size:]
            progress.advance(place + 1, count)

    def _stretch(self, place: int) -> np.ndarray:
        """The notes that start in a stretch, as long as they sound, from its beginning on."""
        begin = place * STRETCH
        notes = [note for note in self.notes if begin <= note.start < begin + STRETCH]
        last = max((note.end for note in notes), default=begin)
        samples = round((last - begin + TAIL) * self.form.rate)
        return self.instrument.play(moved(notes, -begin), samples, (place,))


def voice_of(note: Note) -> int:
    """The note's voice; where it is not known, that of its register."""
    return (
        note.voice
        if note.voice is not None
        else int(np.searchsorted(REGISTER_EDGES, note.pitch, side="right"))
    )


def voiced(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes with their voices."""
    return tuple(dataclasses.replace(note, voice=voice_of(note)) for note in notes)


def trimmed(pieces: Iterable[np.ndarray], skip: int, samples: int) -> Iterator[np.ndarray]:
    """The pieces without the first `skip` samples, `samples` in all."""
    place = -skip
    for piece in pieces:
        kept = piece[max(-place, 0) : max(samples - place, 0)]
        place += piece.size
        if kept.size:
            yield kept
