"""One instrument of two clips' instruments, by weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from compjax.arranging.performer import Performer
from compjax.audio.loudness import rms
from compjax.audio.sound_files import SoundFormat
from compjax.instrument.capture import Instrument, Modelled
from compjax.music.arrange import KIT_PITCHES
from compjax.music.score import Note

TRIAL = tuple(Note(0.5 * place, 0.5 * place + 0.4, pitch, 1.0) for place, pitch in enumerate(KIT_PITCHES))
"""What every instrument plays, to learn how loud it is."""


@dataclasses.dataclass(frozen=True, eq=False)
class Blended:
    """Two instruments that play the same notes, each as loud as it weighs."""

    instruments: tuple[Instrument, ...]
    gains: tuple[float, ...]
    performer: Performer
    explained: float
    way: str
    form: SoundFormat = SoundFormat()

    def play(self, notes: Sequence[Note], samples: int, seed: Sequence[int] = (0,)) -> np.ndarray:
        """See `Instrument`."""
        pairs = zip(self.instruments, self.gains, strict=True)
        return sum(np.float32(gain) * own.play(notes, samples, seed) for own, gain in pairs)


def mixed(instruments: Sequence[Instrument], weights: Sequence[float]) -> Instrument:
    """The instruments, all of one form, mixed by weights that sum to 1; models become one between them.

    Notes are placed and held as the heaviest one's are.
    """
    heaviest = instruments[int(np.argmax(weights))]
    if len(instruments) == 1:
        return heaviest
    explained = float(np.dot(weights, [own.explained for own in instruments]))
    if all(isinstance(own, Modelled) for own in instruments):
        parameters = jax.tree.map(
            lambda *values: np.tensordot(np.float32(weights), np.stack(values), axes=1),
            *(own.parameters for own in instruments),
        )
        cents = float(np.dot(weights, [own.cents for own in instruments]))
        return dataclasses.replace(heaviest, parameters=parameters, cents=cents, explained=explained)
    loud = [rms(own.play(TRIAL, 2 * own.form.rate, (0,))) for own in instruments]
    gains = tuple(float(weight / max(own, 1e-9)) for weight, own in zip(weights, loud, strict=True))
    way = " and ".join(dict.fromkeys(own.way for own in instruments))
    return Blended(tuple(instruments), gains, heaviest.performer, explained, way, heaviest.form)
