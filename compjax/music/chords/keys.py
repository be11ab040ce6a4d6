"""The key of chords: Krumhansl and Kessler's profiles (Psychological Review 89(4), 1982) on what sounds."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.music.chords.chord_names import NOTES
from compjax.music.score import Harmony

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


@dataclasses.dataclass(frozen=True)
class Key:
    """Pitch class of the tonic, C = 0, and whether it is minor."""

    tonic: int
    minor: bool

    def __str__(self) -> str:
        return NOTES[self.tonic] + ("m" if self.minor else "")


def key_of(harmony: Harmony) -> Key | None:
    """The key whose profile the chords' pitch classes, by how long they sound, correlate with best."""
    weight = np.zeros(12)
    for span in (span for span in harmony.spans if span.pitches):
        for pitch in {pitch % 12 for pitch in span.pitches} | {span.bass % 12}:
            weight[pitch] += span.end - span.start
        weight[span.bass % 12] += (span.end - span.start) / 2
    if weight.std() < 1e-9:
        return None
    profiles = [
        (np.roll(shape, tonic), Key(tonic, shape is MINOR)) for shape in (MAJOR, MINOR) for tonic in range(12)
    ]
    return max(profiles, key=lambda entry: float(np.corrcoef(weight, entry[0])[0, 1]))[1]
