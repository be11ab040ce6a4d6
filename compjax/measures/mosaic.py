"""NMF mosaicing: the input rebuilt from frames of the target (Driedger, Prätzlich, Müller, ISMIR 2015).

The target's magnitude frames are fixed templates W; activations H are learned so that W H resembles the
input, while three constraints (the paper's section 3) keep the target sounding like itself: no template is
repeated at once, few sound together, and runs of successive frames are favoured by a diagonal kernel.
"""

import dataclasses

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.measures.spectra import StftConfig, istft, stft


@dataclasses.dataclass(frozen=True)
class MosaicConfig:
    """The paper's settings, at 24 kHz."""

    stft: StftConfig = StftConfig(size=2048, hop=1024)
    iterations: int = 20
    repetition: int = 3
    """Frames on both sides within which only the strongest activation of a template stays (r)."""
    polyphony: int = 10
    """Templates that may sound at once (p)."""
    continuity: int = 3
    """Half length of the diagonal kernel (c)."""
    longest: int = 1500
    """At most this many frames of the target are templates: 64 s."""


DEFAULT = MosaicConfig()


def activations(
    wanted: np.ndarray, templates: np.ndarray, config: MosaicConfig, rng: np.random.Generator
) -> np.ndarray:
    """Activations `[K, T]` of templates `[bins, K]` for magnitudes `[bins, T]`.

    Each round applies the three constraints, with a weight that grows to 1, and one update for the
    Kullback-Leibler divergence (the paper's equations 4 to 7).
    """
    active = rng.random((templates.shape[1], wanted.shape[1])).astype(np.float32)
    for index in range(config.iterations):
        weakening = 1.0 - (index + 1) / config.iterations
        active = np.where(_is_repetition(active, config.repetition), weakening * active, active)
        active = np.where(_is_crowd(active, config.polyphony), weakening * active, active)
        active = along_diagonals(active, config.continuity)
        active = active * (templates.T @ (wanted / np.maximum(templates @ active, 1e-8)))
    return active


def _is_repetition(active: np.ndarray, reach: int) -> np.ndarray:
    """Where a template is stronger within `reach` frames."""
    padded = np.pad(active, ((0, 0), (reach, reach)))
    return active < np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1).max(axis=-1)


def _is_crowd(active: np.ndarray, polyphony: int) -> np.ndarray:
    """Where `polyphony` templates are stronger at the same time."""
    if active.shape[0] <= polyphony:
        return np.zeros(active.shape, bool)
    return active < np.partition(active, -polyphony, axis=0)[-polyphony][None, :]


def along_diagonals(active: np.ndarray, reach: int) -> np.ndarray:
    """Sum of activations `reach` steps back and forth along the diagonal: template and time go together."""
    rows, columns = active.shape
    padded = np.pad(active, reach)
    return sum(padded[step : step + rows, step : step + columns] for step in range(2 * reach + 1))


def mosaic(
    given: np.ndarray, target: np.ndarray, config: MosaicConfig = DEFAULT, seed: int = 0
) -> np.ndarray:
    """The input `[S]` rebuilt from the target's frames, `[S]` at the reference level."""
    given, target = normalize_rms(given), normalize_rms(target)
    frames = stft(target, config.stft)[: config.longest].T
    magnitudes = np.abs(frames)
    size = np.maximum(magnitudes.sum(axis=0, keepdims=True), 1e-3)
    wanted = np.abs(stft(given, config.stft)).T
    active = activations(wanted, magnitudes / size, config, np.random.default_rng(seed))
    return normalize_rms(istft(((frames / size) @ active).T, len(given), config.stft))
