"""A spectrum for hearing pitches: three bins to the semitone, 18.75 times a second.

The codec's bands are as fine as sound needs to be made again; telling the tones of a chord apart
needs finer ones, and longer windows where pitches lie close together in Hz (a constant-Q transform
by interpolation; Brown, "Calculation of a constant Q spectral transform", JASA 89(1), 1991).
"""

from __future__ import annotations

import functools

import numpy as np

from compjax.audio.log_scale import to_latents
from compjax.audio.transforms import fourier
from compjax.constants import (
    HOP_LENGTH,
    LOG_FLOOR,
    MIN_PITCH,
    SAMPLE_RATE,
    midi_to_hz,
)

STRIDE = 4  # latent frames to a frame of this spectrum
BINS_PER_SEMITONE = 3
NUM_BINS = 300  # up to 10 kHz, the eighth harmonic of the highest pitch
LOWEST = MIN_PITCH - 1.0 / BINS_PER_SEMITONE  # MIDI pitch of the first bin
WINDOWS = ((16384, 130.0), (8192, 523.0), (4096, np.inf))
"""Samples of a window, and the frequency in Hz up to which it is used."""
CHUNK = 64  # frames transformed at a time, to bound the memory


@functools.lru_cache(maxsize=4)
def plan(tuning: int) -> tuple[tuple[int, np.ndarray, np.ndarray], ...]:
    """For each window: its length, the scaled Hann window, the filters `[window // 2 + 1, bins]`."""
    centers = midi_to_hz(LOWEST + np.arange(NUM_BINS) / BINS_PER_SEMITONE + tuning / 100.0)
    width = centers * (2.0 ** (1.0 / (12 * BINS_PER_SEMITONE)) - 1.0)
    result, above = [], 0.0
    for window, edge in WINDOWS:
        chosen = (centers >= above) & (centers < edge)
        hz = np.arange(window // 2 + 1) * SAMPLE_RATE / window
        reach = np.maximum(width[chosen], SAMPLE_RATE / window)  # a narrow bin reads its two neighbours
        filters = np.maximum(0.0, 1.0 - np.abs(hz[:, None] - centers[None, chosen]) / reach[None])
        hann = np.hanning(window + 1)[:-1]
        scaled = hann * 2.0 / hann.sum()  # a full-scale sine reads 1
        result.append((window, scaled.astype(np.float32), (filters / filters.sum(axis=0)).astype(np.float32)))
        above = edge
    return tuple(result)


def pitch_spectrum(audio: np.ndarray, tuning: float = 0.0) -> np.ndarray:
    """Log magnitudes `[ceil(T / 4), 300]`, normalised as latents are, of audio `[S]` of T latent frames.

    Frame j is centred on latent frames 4 j to 4 j + 3. What lies outside the clip counts as silence.
    `tuning` is where the semitones lie, in cents above A 440.
    """
    hop = STRIDE * HOP_LENGTH
    frames = -(-audio.shape[-1] // hop)
    longest = WINDOWS[0][0]
    left = longest // 2 - hop // 2
    padded = np.pad(audio, (left, max(frames * hop + longest - left - len(audio), 0))).astype(np.float32)
    parts = []
    for window, scaled, filters in plan(round(tuning)):
        offset = (longest - window) // 2
        rows = np.lib.stride_tricks.sliding_window_view(padded[offset:], window)[::hop][:frames]
        powers = []
        for first in range(0, frames, CHUNK):
            spectrum = fourier.rfft(rows[first : first + CHUNK] * scaled, axis=-1)
            powers.append((np.abs(spectrum) ** 2).astype(np.float32) @ filters)
        parts.append(np.concatenate(powers))
    log = 0.5 * np.log(np.concatenate(parts, axis=-1) + LOG_FLOOR**2)
    return to_latents(log).astype(np.float32)
