"""Timbre: a space in which one instrument, held or played rhythmically, high or low, falls together.

`timbre_features` are standardised, whitened by how clips of one instrument differ among each other and
projected onto the directions in which instruments differ (linear discriminant analysis; each direction is
weighted by the share of its variance that instruments explain, as in PLDA: Ioffe, ECCV 2006). The projection
was learned from a bank of instruments by `python -m compjax.evaluation.timbre_bank`, which also says on a
soundfont that it was not learned from how well it tells instruments apart (compjax/docs/evaluation.md).

Distances are in units of the mean distance between instruments of different families: 1 is another
instrument, about a half the same one with other notes.
"""

import dataclasses
import functools
import os
import pathlib

import numpy as np

from compjax.measures import timbre_features
from compjax.measures.chroma import PitchContent

ASSET = pathlib.Path(__file__).resolve().parent.parent / "assets" / "timbre.npz"

SAME = 1e-3
"""A distance that is none: what rounding makes of one sound."""

FURTHEST = 4.0
"""Features are clipped to so many standard deviations: one odd feature must not decide."""


@dataclasses.dataclass(frozen=True)
class Space:
    """Mean and scale of the features `[FEATURES]`, and their projection `[FEATURES, K]`."""

    mean: np.ndarray
    scale: np.ndarray
    projection: np.ndarray

    def place(self, features: np.ndarray) -> np.ndarray:
        """Where features `[..., FEATURES]` lie in the space, `[..., K]`."""
        return np.clip((features - self.mean) / self.scale, -FURTHEST, FURTHEST) @ self.projection


@functools.cache
def bundled() -> Space:
    """The space that comes with the package."""
    return load(ASSET)


def load(path: str | os.PathLike) -> Space:
    """A space as `save` wrote it."""
    with np.load(path, allow_pickle=False) as stored:
        return Space(**{name: stored[name].astype(np.float64) for name in ("mean", "scale", "projection")})


def save(path: str | os.PathLike, space: Space) -> None:
    """Write a space, in float32."""
    with open(path, "wb") as file:
        np.savez(file, **{name: value.astype(np.float32) for name, value in vars(space).items()})


def describe(audio: np.ndarray, onset_times: np.ndarray, pitch: PitchContent) -> np.ndarray:
    """Place `[K]` of audio `[S]` in the bundled space, given its onsets in seconds and its pitch content.

    Not-a-number throughout where the clip is silent: it has no timbre.
    """
    features = timbre_features.describe(audio, onset_times, pitch)
    space = bundled()
    return np.full(space.projection.shape[1], np.nan) if features is None else space.place(features)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of two places; not-a-number where one is silent."""
    return float(np.linalg.norm(one - other))


def closeness(one: np.ndarray, other: np.ndarray) -> float:
    """1 less the distance: 0 as for another instrument, 1 for the same clip; 0 where one is silent."""
    apart = distance(one, other)
    return 1.0 - apart if np.isfinite(apart) else 0.0


def margin(output: np.ndarray, chosen: np.ndarray, other: np.ndarray) -> float:
    """How much nearer the output is to the chosen source than to the other, -1 to 1 (it is the chosen one).

    (d_other - d_chosen) / (d_other + d_chosen) of three places; 0 where the sources do not differ or one is
    silent.
    """
    to_chosen, to_other = distance(output, chosen), distance(output, other)
    total = to_chosen + to_other
    return (to_other - to_chosen) / total if total > SAME else 0.0
