"""Spectra that the descriptors share: framing, STFT and its inverse, filterbanks. NumPy only.

Conventions: audio `[S]` float32, 24 kHz mono. Frame t of T = ceil(S / hop) is centred on sample (t + 0.5) *
hop. Magnitudes are scaled so that a sine of amplitude a shows as a peak of height a. These spectra are the
yardstick's own: nothing here is shared with the training losses or the codec.
"""

import dataclasses
import functools

import numpy as np

from compjax.audio.transforms import fourier
from compjax.audio.transforms.stft import hann
from compjax.constants import SAMPLE_RATE

BLOCK_FRAMES = 2048
"""Frames transformed at a time, so that an hour of audio needs no more memory than a minute."""


@dataclasses.dataclass(frozen=True)
class StftConfig:
    """Window length and hop, both in samples; the window is a periodic Hann."""

    size: int = 1024
    hop: int = 240

    @property
    def rate(self) -> float:
        """Frames per second."""
        return SAMPLE_RATE / self.hop

    @property
    def bins(self) -> int:
        return self.size // 2 + 1


def frame_count(samples: int, hop: int) -> int:
    """Number of frames of a signal of that many samples."""
    return -(-samples // hop)


def frame_times(count: int, config: StftConfig) -> np.ndarray:
    """Centres of the frames in seconds, `[count]`."""
    return (np.arange(count) + 0.5) / config.rate


def _frames(audio: np.ndarray, config: StftConfig) -> np.ndarray:
    """View `[T, size]` of the padded signal, one row a frame."""
    count = frame_count(len(audio), config.hop)
    if count == 0:
        return np.zeros((0, config.size), np.float32)
    left = (config.size - config.hop) // 2
    right = max(0, (count - 1) * config.hop + config.size - left - len(audio))
    padded = np.pad(np.asarray(audio, np.float32), (left, right))
    return np.lib.stride_tricks.sliding_window_view(padded, config.size)[:: config.hop][:count]


def stft(audio: np.ndarray, config: StftConfig) -> np.ndarray:
    """Complex spectrum `[T, bins]` of audio `[S]`."""
    window = hann(config.size) * np.float32(4.0 / config.size)
    return fourier.rfft(_frames(audio, config) * window[None, :])


def istft(spectrum: np.ndarray, samples: int, config: StftConfig) -> np.ndarray:
    """Inverse of `stft`, `[T, bins]` to `[samples]`: overlap-add (Griffin and Lim 1984, equation 6)."""
    window = hann(config.size)
    left = (config.size - config.hop) // 2
    frames = fourier.irfft(spectrum, config.size, axis=-1) * (window * np.float32(config.size / 4.0))[None, :]
    total = np.zeros((len(frames) - 1) * config.hop + config.size, np.float32)
    weight = np.zeros_like(total)
    for index, frame in enumerate(frames):
        start = index * config.hop
        total[start : start + config.size] += frame
        weight[start : start + config.size] += window**2
    return (total / np.maximum(weight, 1e-3))[left : left + samples].astype(np.float32)


def filtered(audio: np.ndarray, config: StftConfig, filters: np.ndarray) -> np.ndarray:
    """Magnitudes `[T, M]` through a filterbank `[bins, M]`, computed block by block."""
    frames = _frames(audio, config)
    window = hann(config.size) * np.float32(4.0 / config.size)
    out = np.empty((len(frames), filters.shape[1]), np.float32)
    for start in range(0, len(frames), BLOCK_FRAMES):
        block = slice(start, start + BLOCK_FRAMES)
        out[block] = np.abs(fourier.rfft(frames[block] * window[None, :], axis=-1)) @ filters
    return out


def _triangles(centres: np.ndarray, config: StftConfig) -> np.ndarray:
    """Triangular filters `[bins, M]` of unit sum between the M + 2 frequencies given (Hz, rising)."""
    frequencies = np.arange(config.bins) * SAMPLE_RATE / config.size
    low, centre, high = centres[:-2, None], centres[1:-1, None], centres[2:, None]
    rising = (frequencies[None, :] - low) / (centre - low)
    falling = (high - frequencies[None, :]) / (high - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return (bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)).T.astype(np.float32)


@functools.cache
def unit_mel_filters(
    config: StftConfig, bands: int = 40, low: float = 60.0, high: float = 11_000.0
) -> np.ndarray:
    """Mel filterbank `[bins, bands]`, each filter of unit sum (O'Shaughnessy's mel)."""
    mels = np.linspace(1127.0 * np.log1p(low / 700.0), 1127.0 * np.log1p(high / 700.0), bands + 2)
    return _triangles(700.0 * np.expm1(mels / 1127.0), config)


@functools.cache
def log_filters(
    config: StftConfig, per_octave: int = 24, low: float = 30.0, high: float = 11_000.0
) -> np.ndarray:
    """Log-frequency filterbank `[bins, M]` of unit-sum triangles, at least a bin wide.

    As in Böck and Widmer's SuperFlux: band edges are rounded to bins and doubles are dropped.
    """
    count = int(np.floor(per_octave * np.log2(high / low)))
    frequencies = low * 2.0 ** (np.arange(count + 1) / per_octave)
    width = SAMPLE_RATE / config.size
    edges = np.unique(np.maximum(1, np.round(frequencies / width))) * width
    return _triangles(edges, config)
