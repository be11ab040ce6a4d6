"""A clip made fit to be heard: without a constant, not above full scale, not next to nothing."""

from __future__ import annotations

import numpy as np

from compjax.audio.loudness import REFERENCE_RMS, rms
from compjax.constants import SAMPLE_RATE

QUIET_RMS = 10 ** (-50 / 20)
"""Level below which a clip is turned up: -50 dB below full scale."""

OVER = 10 ** (3 / 20)
"""Peak from which a clip is turned down to full scale: less is what lossy codecs and resampling add."""

OFFSET_SHARE = 0.1
"""A slow part of more than this share of the rest's level is taken out: -20 dB. Bursts of noise reach -25."""

_BLOCK = 240  # samples of which the slow part knows the mean: 10 ms
_WIDTH = 21  # blocks over which those are averaged, twice: what is faster than 5 Hz is left


def slow_part(audio: np.ndarray) -> np.ndarray:
    """The constant, and what moves more slowly than hearing, of audio `[S]` at 24 kHz; one value each 10 ms.

    A mean over 0.2 s, taken twice: nothing from 20 Hz on is left of sound.
    """
    whole = audio.size // _BLOCK * _BLOCK
    means = audio[:whole].reshape(-1, _BLOCK).mean(axis=1, dtype=np.float64)
    for _ in range(2):
        padded = np.pad(means, _WIDTH // 2, mode="reflect")
        means = np.convolve(padded, np.full(_WIDTH, 1.0 / _WIDTH), "valid")
    return means


def without_offset(audio: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Audio `[S]`, 0.5 s or more, without a constant or what moves like one, and what there is to say."""
    slow = slow_part(audio)
    offset = rms(slow)
    power = np.mean(np.square(audio, dtype=np.float64))
    if offset**2 <= OFFSET_SHARE**2 * max(power - offset**2, 0.0) or offset == 0.0:
        return audio, []
    times = (np.arange(slow.size) + 0.5) * _BLOCK
    out = np.empty_like(audio)
    for begin in range(0, audio.size, 60 * SAMPLE_RATE):  # an hour of float64 is more than it needs
        part = audio[begin : begin + 60 * SAMPLE_RATE]
        out[begin : begin + part.size] = part - np.interp(begin + np.arange(part.size), times, slow)
    where = "over" if offset > 1.0 else "below"
    return out, [f"a constant of {decibels(offset)} dB {where} full scale was taken out of it"]


def within_range(audio: np.ndarray, audible: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Audio `[S]` turned down to full scale or, where it is nearly nothing, up; and what there is to say.

    `audible` is the part of it that sounds, by whose level it is judged.
    """
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > OVER:
        over = f"it is {decibels(peak)} dB over full scale and was turned down to it"
        return (audio / np.float32(peak)).astype(np.float32), [over]
    level = rms(audible)
    if level >= QUIET_RMS or level == 0.0:
        return audio, []
    gain = min(REFERENCE_RMS / level, 1.0 / peak)
    quiet = f"it is very quiet ({decibels(level)} dB below full scale)"
    return (audio * np.float32(gain)).astype(np.float32), [
        f"{quiet} and was turned up by {decibels(gain)} dB"
    ]


def decibels(share: float) -> str:
    """How far a share lies from 1, in whole dB, without a sign."""
    return f"{abs(20 * np.log10(share)):.0f}"
