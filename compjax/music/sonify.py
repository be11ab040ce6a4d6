"""Hits as plain sound: a groove to be heard, and to be measured against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, limit_peaks, normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.music.score import Hit

SEED = 7
"""Of the noise in the strokes."""


def of_hits(hits: Sequence[Hit], seconds: float) -> np.ndarray:
    """Hits as a thud (low), a knock (mid) and a tick (high), `[S]` float32 at 24 kHz, at the usual level."""
    sounds = _strokes()
    longest = max(sound.size for sound in sounds)
    audio = np.zeros(round(seconds * SAMPLE_RATE) + longest, np.float32)
    for hit in hits:
        first = round(max(hit.time, 0.0) * SAMPLE_RATE)
        sound = sounds[hit.voice]
        audio[first : first + sound.size] += np.float32(hit.velocity) * sound[: audio.size - first]
    return limit_peaks(normalize_rms(audio[: audio.size - longest], REFERENCE_RMS))


def _strokes() -> tuple[np.ndarray, ...]:
    """One stroke of each voice, low to high."""
    time = np.arange(round(0.2 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(SEED).normal(size=time.size)
    bright = np.diff(noise, prepend=0.0)
    thud = np.sin(2 * np.pi * (55.0 * time + 60.0 / 40.0 * (1 - np.exp(-40.0 * time)))) * np.exp(-time / 0.06)
    knock = (0.5 * np.sin(2 * np.pi * 190.0 * time) + 0.3 * noise) * np.exp(-time / 0.03)
    tick = 0.25 * bright * np.exp(-time / 0.012)
    return tuple(sound.astype(np.float32) for sound in (thud, knock, tick))
