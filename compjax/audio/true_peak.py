"""The last limiter: no peak above -1 dBTP, between the samples either, and the same gain for all channels.

True peaks are measured as ITU-R BS.1770-4, annex 2, asks: at four times the sampling rate.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.loudness import BLOCK, smooth_gain

CEILING = 10 ** (-1 / 20)
"""Highest true peak of a composition, of full scale: -1 dBTP."""

_AIM = CEILING * 10 ** (-0.1 / 20)  # meters interpolate differently: a tenth of a dB of room
_BETWEEN = 0.5  # what lies between samples is looked at where they reach this share of the ceiling
_REACH = 24  # samples on either side from which one between them is interpolated
_TAPS = 2 * _REACH  # of the interpolation
_SHAPE = 5.0  # of Kaiser's window over the interpolation
_PIECE = 750 * BLOCK  # samples that are looked at together, a second or two
_MOST_PASSES = 4


@functools.cache
def _between() -> np.ndarray:
    """What lies a quarter, half and three quarters after each sample of a block, as a linear map.

    `[BLOCK + 47, 3 * BLOCK]`: of a block and the samples around it that are interpolated from.
    """
    place = np.arange(-_REACH + 1, _REACH + 1)[None] - np.array([[0.25], [0.5], [0.75]])
    taps = np.sinc(place) * np.i0(_SHAPE * np.sqrt(1.0 - (place / _REACH) ** 2))
    taps /= taps.sum(axis=1, keepdims=True)
    columns = np.zeros((BLOCK + _TAPS - 1, BLOCK, 3))
    for sample in range(BLOCK):
        columns[sample : sample + _TAPS, sample] = taps.T
    return columns.reshape(len(columns), -1)


def true_peaks(audio: np.ndarray, around: float = _AIM) -> np.ndarray:
    """Highest magnitude `[blocks]` in each `BLOCK` samples of audio `[S]` or `[S, C]`, between samples too.

    Blocks whose samples, and those beside them, are far below `around` are taken by their samples alone.
    """
    peaks = np.zeros(-(-len(audio) // BLOCK))
    for begin in range(0, len(audio), _PIECE):
        first, missing = max(begin - _REACH + 1, 0), -len(audio[begin : begin + _PIECE]) % BLOCK
        near = audio[first : begin + _PIECE + _REACH].reshape(-1, audio.size // len(audio))
        padded = np.pad(near, ((_REACH - 1 - begin + first, _REACH + missing), (0, 0)))
        blocks = np.lib.stride_tricks.sliding_window_view(padded, BLOCK + _TAPS - 1, axis=0)[::BLOCK]
        own = peaks[begin // BLOCK :][: _PIECE // BLOCK]
        own[:] = np.abs(blocks[: len(own), :, _REACH - 1 : _REACH - 1 + BLOCK]).max(axis=(1, 2))
        over = np.pad(own > _BETWEEN * around, 1)
        loud = np.flatnonzero(over[:-2] | over[1:-1] | over[2:])
        between = np.abs(blocks[loud].astype(np.float64) @ _between())
        own[loud] = np.maximum(own[loud], between.max(axis=(1, 2), initial=0.0))
    return peaks


def true_peak(audio: np.ndarray) -> float:
    """The highest true peak of audio `[S]` or `[S, C]`, of full scale."""
    return float(true_peaks(audio, 0.0).max(initial=0.0))


@dataclasses.dataclass(frozen=True, eq=False)
class Limiter:
    """What must be done to a sound so that its true peaks stay below the ceiling.

    Attributes:
        passes: gains `[blocks + 1]` at the edges of blocks, one after the other; none where it is quiet.
    """

    passes: tuple[np.ndarray, ...] = ()

    @property
    def decibels(self) -> float:
        """How far the highest peak is turned down."""
        lowest = float(np.prod(self.passes, axis=0).min()) if self.passes else 1.0
        return -20.0 * float(np.log10(lowest))

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """Audio `[S]` or `[S, C]`, turned down in its place, as all that sounds with it is."""
        for edges in self.passes:
            for begin in range(0, len(audio), _PIECE):
                part = audio[begin : begin + _PIECE]
                first = begin // BLOCK
                own = edges[first : first + _PIECE // BLOCK + 1]
                if own.min() < 1.0:
                    gain = np.interp(np.arange(len(part)), np.arange(len(own)) * BLOCK, own)
                    part *= gain.astype(np.float32).reshape(-1, *[1] * (audio.ndim - 1))
        return audio


def limit(audio: np.ndarray) -> Limiter:
    """Turn audio `[S]` or `[S, C]` down in its place where it exceeds -1 dBTP; what was done."""
    passes: list[np.ndarray] = []
    while len(audio) and len(passes) < _MOST_PASSES:
        peaks = true_peaks(audio)
        if peaks.max() <= _AIM:
            break
        edges = smooth_gain(_AIM / np.maximum(peaks, _AIM))
        Limiter((edges,)).apply(audio)
        passes.append(edges)
    return Limiter(tuple(passes))
