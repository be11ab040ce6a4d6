"""The codec's analysis of a clip, five times faster, for rendering many of them.

The same numbers as `codec.bands.encode` (a test compares them): the long windows only serve low
bands, so only their bins are computed. A frame's spectrum is a difference of running sums over
blocks of 64 samples, and the Hann window is applied as a sum of three neighbouring bins.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.transforms import fourier
from compjax.audio.transforms.pitch_spectrum import pitch_spectrum
from compjax.codec.vocos import bands
from compjax.constants import HOP_LENGTH

BLOCK = 64  # samples: divides the hop and the long windows
FULL_WINDOW = 1024  # up to this length all bins are wanted, and an ordinary FFT is faster


@dataclasses.dataclass(frozen=True)
class Features:
    """What a network is given of a clip.

    Attributes:
        latents: `[T, 128]`, the bundled codec's or another's.
        spectrum: `[ceil(T / 4), 300]`, see `compjax.audio.transforms.pitch_spectrum`.
    """

    latents: np.ndarray
    spectrum: np.ndarray


@functools.lru_cache(maxsize=4)
def partial_plan(config: bands.BandConfig, window: int, first: int, last: int) -> tuple[np.ndarray, ...]:
    """Of bins first..last: the transform of a block `[64, 2K]` (real and imaginary parts in turn), and the
    turns of its phase from block to block `[window // 64, K]`."""
    bins = np.arange(first, last + 1)
    angle = -2 * np.pi * np.arange(BLOCK)[:, None] * bins[None, :] / window
    turns = np.exp(-2j * np.pi * BLOCK * np.arange(window // BLOCK)[:, None] * bins[None, :] / window)
    basis = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(BLOCK, -1)
    return basis.astype(np.float32), turns.astype(np.complex64)


def padded_signal(audio: np.ndarray, window: int) -> np.ndarray:
    """Audio with silence around it, so that frame t is samples `[t * hop, t * hop + window)`."""
    left = window // 2 - HOP_LENGTH // 2
    total = (bands.num_frames(audio.shape[-1]) - 1) * HOP_LENGTH + window
    padded = np.zeros(total, np.float32)
    held = audio[: total - left]
    padded[left : left + len(held)] = held
    return padded


def partial_power(
    audio: np.ndarray, config: bands.BandConfig, window: int, first: int, last: int
) -> np.ndarray:
    """Power `[T, last - first + 1]` of some bins of Hann-windowed frames, scaled as in `bands`."""
    basis, turns = partial_plan(config, window, first - 1, last + 1)
    per_window, per_hop, count = window // BLOCK, HOP_LENGTH // BLOCK, basis.shape[1] // 2
    spectra = (padded_signal(audio, window).reshape(-1, BLOCK) @ basis).view(np.complex64)
    spectra *= turns[np.arange(len(spectra)) % per_window]
    sums = np.zeros((len(spectra) + 1, count), np.complex64)
    np.cumsum(spectra, axis=0, out=sums[1:])
    starts = np.arange(bands.num_frames(audio.shape[-1])) * per_hop
    frames = (sums[starts + per_window] - sums[starts]) * turns[starts % per_window].conj()
    hann = 0.5 * frames[:, 1:-1] - 0.25 * (frames[:, :-2] + frames[:, 2:])
    return (hann.real**2 + hann.imag**2) * (4.0 / window) ** 2


def full_power(audio: np.ndarray, window: int, hann: np.ndarray) -> np.ndarray:
    """Power `[T, window // 2 + 1]` of all bins of windowed frames."""
    frames = np.lib.stride_tricks.sliding_window_view(padded_signal(audio, window), window)[::HOP_LENGTH]
    spectrum = fourier.rfft(frames * hann)
    return spectrum.real**2 + spectrum.imag**2


def encode(audio: np.ndarray, config: bands.BandConfig = bands.BandConfig()) -> np.ndarray:
    """Latents float32 `[T, 128]` of one clip `[S]`, equal to `bands.encode` but for rounding."""
    parts = []
    for window, hann, filters in bands._plan(config):
        if window <= FULL_WINDOW:
            power = full_power(audio, window, hann)
        else:
            used = np.flatnonzero(filters.any(axis=1))
            first, last = int(used[0]), int(used[-1])
            power = partial_power(audio, config, window, first, last)
            filters = filters[first : last + 1]
        parts.append(power @ filters)
    magnitudes = 0.5 * np.log(np.concatenate(parts, axis=-1) + bands.LOG_FLOOR**2)
    return ((magnitudes - config.mean) / config.std).astype(np.float32)


def features(audio: np.ndarray) -> Features:
    """Latents and pitch spectrum of a clip `[S]`."""
    return Features(encode(audio), pitch_spectrum(audio))
