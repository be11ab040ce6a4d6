"""Analysis of the bundled codec: a fixed 128-band log-frequency spectrogram.

Bands are spaced 15 to the octave from C1 (32.7 Hz), so that a pitch is a place and a
harmonic is a fixed distance. Each band is read from the spectrum whose window suits it:
long below (pitch), short above (time). `spacing="mel"` keeps mel bands for comparison.

Everything is written once for NumPy and for JAX: pass the array module as `xp`.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.transforms import fourier
from compjax.constants import (
    ANALYSIS_EDGES,
    ANALYSIS_WINDOWS,
    BANDS_PER_OCTAVE,
    HOP_LENGTH,
    LATENT_MEAN,
    LATENT_SIZE,
    LATENT_STD,
    LOG_FLOOR,
    MIN_PITCH,
    NUM_PITCHES,
    SAMPLE_RATE,
    midi_to_hz,
)


@dataclasses.dataclass(frozen=True)
class BandConfig:
    """What the analysis is: band layout, windows, and the latents' normalisation."""

    spacing: str = "log"  # "log": 15 per octave from C1; "mel": 0 to 12 kHz, one window of 1024
    windows: tuple[int, ...] = ANALYSIS_WINDOWS  # samples
    edges: tuple[float, ...] = ANALYSIS_EDGES  # Hz, where the next window takes over
    mean: float = LATENT_MEAN
    std: float = LATENT_STD


def log_frequencies() -> np.ndarray:
    """Centre frequencies of the log-spaced bands, `[128]`, Hz."""
    return midi_to_hz(MIN_PITCH) * 2.0 ** (np.arange(LATENT_SIZE) / BANDS_PER_OCTAVE)


def mel_frequencies() -> np.ndarray:
    """Centre frequencies of 128 mel bands from 0 to 12 kHz (HTK formula), `[128]`, Hz."""
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    mels = np.linspace(0.0, top, LATENT_SIZE + 2)[1:-1]
    return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)


def center_frequencies(config: BandConfig) -> np.ndarray:
    """Centre frequencies of the bands, `[128]`, Hz."""
    return log_frequencies() if config.spacing == "log" else mel_frequencies()


def filterbank(centers: np.ndarray, window: int) -> np.ndarray:
    """Triangular filters on a power spectrum, `[window // 2 + 1, bands]`, columns sum to 1.

    A band narrower than a bin reads the two bins beside its centre (linear interpolation),
    so that low bands are never empty.
    """
    bin_width = SAMPLE_RATE / window
    bins = np.arange(window // 2 + 1) * bin_width
    below = np.maximum(np.diff(centers, prepend=centers[0] ** 2 / centers[1]), bin_width)
    above = np.maximum(np.diff(centers, append=centers[-1] ** 2 / centers[-2]), bin_width)
    distance = bins[:, None] - centers[None, :]
    weights = np.maximum(0.0, 1.0 - np.where(distance < 0, -distance / below, distance / above))
    return (weights / np.maximum(weights.sum(axis=0), 1e-9)).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _plan(config: BandConfig) -> tuple[tuple[int, np.ndarray, np.ndarray], ...]:
    """For each window: its length, its scaled Hann window, and its bands' filters."""
    centers = center_frequencies(config)
    if config.spacing == "mel":
        groups = [(1024, np.ones(LATENT_SIZE, bool))]
    else:
        place = np.searchsorted(config.edges, centers, side="right")
        groups = [(window, place == i) for i, window in enumerate(config.windows)]
    plan = []
    for window, members in groups:
        hann = np.hanning(window + 1)[:-1]
        scaled = (hann * 2.0 / hann.sum()).astype(np.float32)  # a full-scale sine reads 1
        plan.append((window, scaled, filterbank(centers, window)[:, members]))
    return tuple(plan)


def band_filter(band: int, config: BandConfig = BandConfig()) -> tuple[int, np.ndarray]:
    """The window length that a band is read with, and its filter on the power, `[window // 2 + 1]`."""
    for window, _, filters in _plan(config):
        if band < filters.shape[1]:
            return window, filters[:, band]
        band -= filters.shape[1]
    raise IndexError(f"there are {LATENT_SIZE} bands")


def num_frames(samples: int) -> int:
    """Latent frames of a clip: one for every hop begun."""
    return -(-samples // HOP_LENGTH)


def frames_of(audio, window: int, xp=np):
    """Frames `[..., T, window]` centred on the middle of each hop of `audio` `[..., S]`."""
    count = num_frames(audio.shape[-1])
    left = window // 2 - HOP_LENGTH // 2
    right = (count - 1) * HOP_LENGTH + window - left - audio.shape[-1]
    pad = [(0, 0)] * (audio.ndim - 1) + [(left, max(right, 0))]
    padded = xp.pad(audio, pad)
    if xp is np:
        all_of_them = np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1)
        return all_of_them[..., ::HOP_LENGTH, :][..., :count, :]
    return padded[..., np.arange(count)[:, None] * HOP_LENGTH + np.arange(window)[None, :]]


def log_bands(audio, config: BandConfig = BandConfig(), xp=np):
    """Natural-log band magnitudes `[..., T, 128]` of audio `[..., S]`; a full-scale sine reads 0."""
    parts = []
    for window, hann, filters in _plan(config):
        frames = frames_of(audio, window, xp)
        spectrum = fourier.rfft(frames * hann.reshape((1,) * (frames.ndim - 1) + (-1,)), xp=xp)
        power = xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2
        parts.append(power @ filters)
    return 0.5 * xp.log(xp.concatenate(parts, axis=-1) + LOG_FLOOR**2)


def encode(audio, config: BandConfig = BandConfig(), xp=np):
    """Latents `[..., T, 128]`, about zero mean and unit variance, of audio `[..., S]`."""
    return (log_bands(audio, config, xp) - config.mean) / config.std


def to_log_magnitude(latents, config: BandConfig = BandConfig()):
    """Natural-log band magnitudes of latents: the inverse of the normalisation."""
    return latents * config.std + config.mean


def sine_response(frequencies: np.ndarray, config: BandConfig = BandConfig()) -> np.ndarray:
    """Band power `[N, 128]` of steady unit sines at `frequencies` `[N]` Hz."""
    longest = max(config.windows)
    turns = np.asarray(frequencies)[:, None] / SAMPLE_RATE * np.arange(longest)[None, :]
    turns -= np.rint(turns)  # so that single precision will do, which is several times faster
    sines = np.sin(np.float32(2.0 * np.pi) * turns.astype(np.float32))
    parts = []
    for window, hann, filters in _plan(config):
        spectrum = fourier.rfft(sines[:, :window] * hann, axis=-1)
        parts.append((np.abs(spectrum) ** 2) @ filters)
    return np.concatenate(parts, axis=-1).astype(np.float32)


def harmonic_map(ratios: tuple[float, ...]) -> np.ndarray:
    """Linear interpolation from bands to every pitch and ratio, `[128, 64, H]`; empty beyond the bands."""
    pitch = np.arange(NUM_PITCHES)[:, None] * (BANDS_PER_OCTAVE / 12)
    place = pitch + BANDS_PER_OCTAVE * np.log2(np.asarray(ratios))[None, :]
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(LATENT_SIZE)[:, None, None] - place[None]))
    return weights.astype(np.float32)


def window_spread() -> np.ndarray:
    """Share of each neighbouring frame in a band's power, `[taps, 128]`, from the squared Hann windows."""
    group = np.searchsorted(ANALYSIS_EDGES, log_frequencies(), side="right")
    reach = ANALYSIS_WINDOWS[0] // (2 * HOP_LENGTH)
    offset = np.arange(-reach, reach + 1)[:, None] * HOP_LENGTH / np.asarray(ANALYSIS_WINDOWS)[None, :]
    taps = np.where(np.abs(offset) < 0.5, np.cos(np.pi * offset) ** 4, 0.0)
    return (taps / taps.sum(axis=0))[:, group].astype(np.float32)
