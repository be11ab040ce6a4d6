"""How far a recording is from A 440, so that its tones can be looked for where they are."""

from __future__ import annotations

import numpy as np

from compjax.audio.transforms import fourier
from compjax.constants import SAMPLE_RATE

WINDOW = 8192
LONGEST = 60 * SAMPLE_RATE
LOW, HIGH = 220.0, 2000.0
"""Hz between which a bin is well below a semitone and partials are nearly harmonic."""
RANGE = 1e-2
"""Peaks softer than this share of the loudest do not count: 40 dB."""
LEAST_AGREEMENT = 0.2
"""Length of the peaks' mean phasor below which they agree on no tuning (drums, glides, noise)."""


def tuning_of(audio: np.ndarray) -> float:
    """Cents above A 440, -50 to 50, of the first minute of audio `[S]`; 0 where there is no telling.

    The circular mean of the spectral peaks' distances to the nearest semitone (Dressler and Streich,
    "Tuning frequency estimation using circular statistics", ISMIR 2007).
    """
    audio = audio[:LONGEST]
    if len(audio) < WINDOW:
        audio = np.pad(audio, (0, WINDOW - len(audio)))
    rows = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[:: WINDOW // 2]
    phasor, total = 0j, 1e-12
    first = int(LOW * WINDOW / SAMPLE_RATE)
    last = int(HIGH * WINDOW / SAMPLE_RATE)
    window = np.hanning(WINDOW)
    spectra = [np.abs(fourier.rfft(row * window))[first - 1 : last + 2] for row in rows]
    loudest = max(float(spectrum.max()) for spectrum in spectra)
    for spectrum in spectra:
        before, here, after = spectrum[:-2], spectrum[1:-1], spectrum[2:]
        peak = np.flatnonzero((here > before) & (here >= after) & (here > RANGE * loudest))
        low, middle, high = (np.log(np.maximum(x[peak], 1e-12)) for x in (before, here, after))
        shift = 0.5 * (low - high) / np.minimum(low - 2.0 * middle + high, -1e-9)
        pitch = 12.0 * np.log2((first + peak + shift) * SAMPLE_RATE / WINDOW / 440.0)
        phasor += np.sum(here[peak] * np.exp(2j * np.pi * pitch))
        total += float(here[peak].sum())
    return float(100.0 * np.angle(phasor) / (2.0 * np.pi)) if abs(phasor) > LEAST_AGREEMENT * total else 0.0
