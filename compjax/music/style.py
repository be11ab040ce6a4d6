"""The choices an arranger makes: eight numbers that decide what the factors leave open.

They are random in training and drawn from the seed at inference, which is where variations
of the same pair come from.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import FRAME_RATE, STYLE_SIZE

SLOWEST_CONTOUR = 0.25
"""Cycles per second of the contour at `contour_rate` 0; at 1 it is 16 times that."""


@dataclasses.dataclass(frozen=True)
class Style:
    """Each in [0, 1]: how an arrangement is voiced, articulated and moves."""

    density: float = 0.5
    """How many of the chord's tones the mid voice strikes: 0 one, 1 all."""
    register: float = 0.5
    """Below 1/4 the mid voice goes an octave down, above 1/2 the high voice an octave up."""
    articulation: float = 0.5
    """0 staccato (0.3 of the hit's length), 1 legato (all of it)."""
    bass: float = 0.5
    """Below 1/3 the bass at its own octave, above 2/3 doubled in octaves."""
    contour_depth: float = 0.5
    contour_rate: float = 0.5
    contour_phase: float = 0.0
    contour_shape: float = 0.5

    def vector(self) -> np.ndarray:
        """The eight numbers, float32 `[8]`, in the order of the fields."""
        return np.asarray(dataclasses.astuple(self), np.float32)

    @classmethod
    def from_vector(cls, vector: np.ndarray) -> Style:
        """The style of eight numbers, clipped to [0, 1]."""
        if np.shape(vector) != (STYLE_SIZE,):
            raise ValueError(f"a style vector has {STYLE_SIZE} numbers, not shape {np.shape(vector)}")
        return cls(*(float(value) for value in np.clip(vector, 0.0, 1.0)))


def random_style(generator: np.random.Generator) -> Style:
    """A style with every number uniform in [0, 1)."""
    return Style.from_vector(generator.random(STYLE_SIZE))


def contour(style: Style, time: float) -> float:
    """The slow rise and fall at `time` seconds, in [0, 1], that picks tones from low to high.

    An asymmetric triangle with its peak at `contour_shape` of the cycle (0 a falling saw,
    1 a rising one), drawn towards the middle where `contour_depth` is small.
    """
    rate = SLOWEST_CONTOUR * 16.0**style.contour_rate
    phase = (rate * time + style.contour_phase) % 1.0
    peak = style.contour_shape
    triangle = phase / peak if phase < peak else (1.0 - phase) / (1.0 - peak) if peak < 1.0 else 1.0
    return 0.5 + style.contour_depth * (triangle - 0.5)


def triangles(curves: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Full contours at `times` `[N]`, `[C, N]`; `curves` `[C, 3]` are rates, phases, shapes in (0, 1)."""
    rate, phase, peak = (column[:, None] for column in curves.T)
    place = (SLOWEST_CONTOUR * 16.0**rate * times + phase) % 1.0
    return np.where(place < peak, place / peak, (1.0 - place) / (1.0 - peak))


def style_over_time(style: np.ndarray, frames: int) -> np.ndarray:
    """The style vector at every frame and its contour, `[frames, 9]`."""
    of = Style.from_vector(style)
    wave = [contour(of, (t + 0.5) / FRAME_RATE) for t in range(frames)]
    return np.column_stack([np.tile(style, (frames, 1)), wave]).astype(np.float32)
