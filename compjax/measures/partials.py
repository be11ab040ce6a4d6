"""The partial pattern of whatever plays: one spectrum template, learned from a clip's own notes.

The notes that `chroma` hears are explained by a general template. Given the notes, the template that explains
the clip best is a non-negative least-squares problem with one unknown a partial; given that template, so are
the notes. Three rounds of both: harmonic NMF with one template (Vincent, Bertin and Badeau, IEEE TASLP 2010),
on compressed amplitudes. Which notes are played hardly matters: that is what makes it a description of
timbre.
"""

import dataclasses

import numpy as np

from compjax.measures.chroma import LOWEST, NOTES, SEMITONES, PitchContent


@dataclasses.dataclass(frozen=True)
class PartialsConfig:
    """Template and rounds."""

    count: int = 12
    compression: float = 0.5
    """Exponent under which amplitudes are explained, as in `chroma`."""
    rounds: int = 3
    iterations: int = 40
    present: float = 0.15
    """Notes this much weaker than their frame's strongest may be overtones: they teach nothing,"""
    audible: float = 1e-3
    """nor do notes this much weaker than the clip's strongest."""
    floor_db: float = -50.0


DEFAULT = PartialsConfig()


@dataclasses.dataclass(frozen=True)
class Partials:
    """Levels `[count]` in decibels of the strongest; MIDI pitches: mean, and 10 % and 90 % points."""

    levels: np.ndarray
    pitch: float
    low: float
    high: float


def places(count: int) -> np.ndarray:
    """Semitones `[count]` from a note to its partials."""
    return np.round(12.0 * np.log2(np.arange(1, count + 1))).astype(np.int64)


def _spread(values: np.ndarray, interval: int) -> np.ndarray:
    """Notes `[T, NOTES]` moved up onto the semitones `[T, SEMITONES]` of one of their partials."""
    out = np.zeros((len(values), SEMITONES))
    reach = min(NOTES, SEMITONES - interval)
    out[:, interval : interval + reach] = values[:, :reach]
    return out


def _updated(gains: np.ndarray, wanted: np.ndarray, gram: np.ndarray, iterations: int) -> np.ndarray:
    """Multiplicative updates of non-negative gains `[..., K]` (Lee and Seung 2000)."""
    for _ in range(iterations):
        gains = gains * wanted / np.maximum(gains @ gram, 1e-12)
    return gains


def describe(pitch: PitchContent, config: PartialsConfig = DEFAULT) -> Partials:
    """The partial pattern of a clip's pitch content; a flat one at the floor where nothing is pitched."""
    spectrum = pitch.spectrum**config.compression
    notes, intervals = pitch.notes**config.compression, places(config.count)
    levels = 0.7 ** (config.compression * np.arange(config.count))
    floor = 10.0 ** (config.compression * config.floor_db / 20.0)
    if notes.max(initial=0.0) < 1e-9:
        return Partials(np.full(config.count, config.floor_db), 0.0, 0.0, 0.0)
    for turn in range(config.rounds):
        if turn:
            bank = sum(
                level * _spread(np.eye(NOTES), place) for level, place in zip(levels, intervals, strict=True)
            )
            start = np.maximum(spectrum[:, :NOTES], 1e-9)
            notes = _updated(start, spectrum @ bank.T, bank @ bank.T, config.iterations)
        levels = _template(_teachers(notes, config), spectrum, levels, config)
        levels = np.maximum(levels / max(levels.max(), 1e-12), floor)
    low, high, mean = _register(notes ** (2.0 / config.compression))
    return Partials(20.0 / config.compression * np.log10(levels), mean, low, high)


def _teachers(notes: np.ndarray, config: PartialsConfig) -> np.ndarray:
    """The notes `[T, NOTES]` (compressed) without those that may be overtones of others."""
    present, audible = config.present**config.compression, config.audible**config.compression
    heard = (notes > present * notes.max(axis=1, keepdims=True)) & (notes > audible * notes.max())
    return notes * heard


def _template(
    notes: np.ndarray, spectrum: np.ndarray, levels: np.ndarray, config: PartialsConfig
) -> np.ndarray:
    """Levels `[count]` under which the notes explain the spectrum best, starting from `levels`."""
    images = np.stack([_spread(notes, place).reshape(-1) for place in places(config.count)])
    return _updated(levels, images @ spectrum.reshape(-1), images @ images.T, config.iterations)


def _register(energy: np.ndarray) -> tuple[float, float, float]:
    """10 % and 90 % points and mean of the pitches, by energy `[T, NOTES]`."""
    share = energy.sum(axis=0) / max(energy.sum(), 1e-12)
    low, high = np.minimum(np.searchsorted(np.cumsum(share), [0.1, 0.9]), NOTES - 1) + LOWEST
    return float(low), float(high), float(share @ (np.arange(NOTES) + LOWEST))
