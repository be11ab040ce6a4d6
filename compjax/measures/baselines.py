"""Systems that need no training, to be beaten: copies, the mix, gating, re-slicing, and NMF mosaicing.

Every one takes the input `[S]` and the target `[N]` (float32, 24 kHz) and returns `[S]` at the reference
level. They make what the default switches ask for (rhythm of the input, harmony and timbre of the target)
without composing anything. The masking agent, which has to be trained, is not among them.
"""

import itertools
from collections.abc import Callable

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.audio.transforms import fourier
from compjax.constants import SAMPLE_RATE
from compjax.measures import onsets
from compjax.measures.mosaic import mosaic

Baseline = Callable[[np.ndarray, np.ndarray], np.ndarray]

GATE_SECONDS = 0.01
"""Time constant of the envelope that gates."""

FADE_SECONDS = 0.005
"""Fade at both ends of a slice."""


def looped_to(audio: np.ndarray, samples: int) -> np.ndarray:
    """The clip repeated or cut to `samples`."""
    return np.resize(audio, samples).astype(np.float32)


def copy_input(given: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The input itself."""
    return normalize_rms(given)


def copy_target(given: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The target itself, as long as the input."""
    return normalize_rms(looped_to(target, len(given)))


def mix(given: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Both at once, equally loud."""
    return normalize_rms(copy_input(given, target) + copy_target(given, target))


def envelope(audio: np.ndarray, seconds: float = GATE_SECONDS) -> np.ndarray:
    """Amplitude envelope `[S]`: root of the power in a Hann window of four time constants."""
    half = int(2 * seconds * SAMPLE_RATE)
    window = np.hanning(2 * half + 1)
    size = len(audio) + 2 * half
    spectrum = fourier.rfft(np.square(audio, dtype=np.float64), size) * fourier.rfft(
        window / window.sum(), size
    )
    power = fourier.irfft(spectrum, size)[half : half + len(audio)]
    return np.sqrt(np.maximum(power, 0.0)).astype(np.float32)


def gated(given: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The target with its own loudness evened out, then turned up and down by the input's envelope."""
    source = copy_target(given, target)
    own = envelope(source, 0.1)
    level = np.maximum(own, 0.1 * own.max(initial=0.0))
    return normalize_rms(source / np.maximum(level, 1e-6) * envelope(given))


def resliced(given: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Slices of the target, each from one of its onsets, pasted at the input's onsets as loud as those are.

    For each onset of the input the slice is the one that begins at the target's last onset before it (its
    first, before that): the harmony of that moment. It lasts to the input's next onset.
    """
    given, source = normalize_rms(given), copy_target(given, target)
    starts = _slice_starts(source)
    times = np.unique((onsets.detect(given) * SAMPLE_RATE).astype(np.int64))
    loudness = envelope(given, 0.02)
    out = np.zeros(len(given), np.float32)
    for begin, end in itertools.pairwise([*times, len(given)]):
        origin = int(starts[max(0, np.searchsorted(starts, begin, side="right") - 1)])
        piece = _faded(source[origin : origin + end - begin])
        level = max(float(np.sqrt(np.mean(piece**2))), 1e-3) if len(piece) else 1.0
        gain = float(loudness[begin : begin + int(0.05 * SAMPLE_RATE)].max(initial=0.0)) / level
        out[begin : begin + len(piece)] += min(gain, 10.0) * piece
    return normalize_rms(out)


def _slice_starts(source: np.ndarray) -> np.ndarray:
    """Samples at which the slices begin: just before the source's onsets, or its beginning if it has none."""
    starts = (onsets.detect(source) * SAMPLE_RATE).astype(np.int64) - int(FADE_SECONDS * SAMPLE_RATE)
    return np.maximum(0, starts) if len(starts) else np.zeros(1, np.int64)


def _faded(piece: np.ndarray) -> np.ndarray:
    ramp = min(int(FADE_SECONDS * SAMPLE_RATE), len(piece) // 2)
    fade = np.ones(len(piece), np.float32)
    fade[:ramp] = np.linspace(0.0, 1.0, ramp, endpoint=False)
    fade[len(piece) - ramp :] = np.linspace(1.0, 0.0, ramp)
    return piece * fade


BASELINES: dict[str, Baseline] = {
    "copy input": copy_input,
    "copy target": copy_target,
    "mix": mix,
    "gated": gated,
    "re-sliced": resliced,
    "mosaic": mosaic,
}
"""Every baseline by the name it has in the tables."""
