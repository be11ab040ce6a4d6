"""Two decodings of the same latents, joined where their phases differ.

A decoder that makes up phases carries them from frame to frame, so two windows of one held note come
out with different phases, and a plain cross-fade would cancel parts of it. Here the later window's
partials are first turned to the earlier window's phases, are cross-faded in that state, and then turn
back slowly: half a cycle in half a second, a shift of 1 Hz at most. Where the windows agree nothing is
changed.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.transforms import stft


@dataclasses.dataclass(frozen=True)
class SeamConfig:
    """Spectrum in which partials are turned; samples and seconds at 24 kHz.

    Attributes:
        size: window length in samples.
        hop: samples between frames; it divides `size`.
        settle: samples over which the partials turn back.
    """

    size: int = 2560
    hop: int = 640
    settle: int = 12_800


def mend(before: np.ndarray, after: np.ndarray, middle: int, fade: int, config: SeamConfig = SeamConfig()):
    """`after` `[S]` with its beginning turned to the phases of `before`.

    Args:
        before: `[O]`, the end of the earlier window over the overlap.
        after: `[S]`, the later window, S > O; its first O samples are of the same time.
        middle: sample, counted from the beginning of both, that the cross-fade is centred on.
        fade: samples of the cross-fade.
        config: see `SeamConfig`.

    Returns:
        `[S]`: turned up to the end of the fade, back to itself `config.settle` samples later.
    """
    frames = min(before.size, after.size) // config.hop
    known = frames * config.hop
    both = [stft.centered_stft(audio[:known], config.size, config.hop) for audio in (before, after)]
    centers = (np.arange(frames) + 0.5) * config.hop
    near = np.abs(centers - middle) <= fade / 2 + config.hop
    turn = phase_difference(both[0][near], both[1][near])
    touched = min(-(-(middle + fade // 2 + config.settle) // config.hop), after.size // config.hop)
    spectrum = stft.centered_stft(after[: touched * config.hop], config.size, config.hop)
    late = (np.arange(touched) + 0.5) * config.hop - (middle + fade / 2)
    share = np.clip(1.0 - late / (config.settle - config.size / 2), 0.0, 1.0)
    turned = stft.centered_istft(spectrum * np.exp(-1j * share[:, None] * turn[None, :]), config.hop)
    return np.concatenate([turned.astype(np.float32), after[touched * config.hop :]])


def phase_difference(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Radians `[K]` by which spectra `after` `[T, K]` lead `before`, one value for all bins of a partial."""
    cross = (after * before.conj()).sum(axis=0)
    strength = np.abs(before * after).sum(axis=0)
    return np.angle(cross)[nearest_peaks(strength)]


def nearest_peaks(strength: np.ndarray) -> np.ndarray:
    """For each of the bins `[K]`, the bin of the nearest local maximum."""
    padded = np.pad(strength, 1, constant_values=-np.inf)
    peaks = np.flatnonzero((strength > padded[:-2]) & (strength >= padded[2:]))
    if not peaks.size:
        return np.arange(strength.size)
    borders = (peaks[1:] + peaks[:-1]) / 2
    return peaks[np.searchsorted(borders, np.arange(strength.size))]
