"""Pitch content: notes by harmonic templates (NNLS chroma, Mauch and Dixon, ISMIR 2010), chroma, tuning.

Only spectral peaks count, so drums and noise weigh little; a note's overtones are explained by the note, so
a low C does not sound like a G. Audio `[S]` at 24 kHz; frames at 11.7 Hz; pitches MIDI 28 (41 Hz) to 96
(2093 Hz).
"""

import dataclasses
import functools

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.measures.spectra import StftConfig, frame_times, stft

LOWEST = 28
"""Lowest note, as a MIDI number."""

NOTES = 69
"""Notes that are looked for: MIDI 28 to 96."""

SEMITONES = 93
"""Semitones of the spectrum, MIDI 28 to 120: overtones reach higher than notes."""

PITCH_CLASSES = 12


@dataclasses.dataclass(frozen=True)
class ChromaConfig:
    """Spectrum, peak picking and templates."""

    stft: StftConfig = StftConfig(size=4096, hop=2048)
    range_db: float = 50.0
    """Peaks this far below the clip's strongest are noise."""
    partials: int = 10
    decay: float = 0.7
    """Amplitude of a partial relative to the one below it."""
    compression: float = 0.5
    """Exponent under which amplitudes are explained, so that one strong overtone does not become a note."""
    iterations: int = 40


DEFAULT = ChromaConfig()


@dataclasses.dataclass(frozen=True)
class PitchContent:
    """Amplitudes of notes `[T, NOTES]` and of the semitone spectrum `[T, SEMITONES]`; frame times (s)."""

    notes: np.ndarray
    times: np.ndarray
    tuning: float
    """In cents, -50 to 50."""
    spectrum: np.ndarray

    @functools.cached_property
    def chroma(self) -> np.ndarray:
        """Energy of each pitch class, C = 0, `[T, 12]`."""
        return fold(self.notes**2)


def fold(notes: np.ndarray) -> np.ndarray:
    """Sum notes `[T, NOTES]` over octaves: `[T, 12]`, C first."""
    classes = (np.arange(NOTES) + LOWEST) % PITCH_CLASSES
    return notes @ np.eye(PITCH_CLASSES, dtype=notes.dtype)[classes]


def spectral_peaks(magnitudes: np.ndarray, config: ChromaConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frame indices, frequencies in Hz and amplitudes `[P]` of the peaks of magnitudes `[T, bins]`.

    Frequency and amplitude are those of the parabola through three log magnitudes (Smith and Serra 1987).
    """
    threshold = magnitudes.max(initial=0.0) * 10.0 ** (-config.range_db / 20.0)
    inner = magnitudes[:, 1:-1]
    is_peak = (inner > magnitudes[:, :-2]) & (inner >= magnitudes[:, 2:]) & (inner > threshold)
    frames, bins = np.nonzero(is_peak)
    before, here, after = (np.log(np.maximum(magnitudes[frames, bins + k], 1e-9)) for k in range(3))
    curvature = np.minimum(before - 2.0 * here + after, -1e-6)
    shift = np.clip(0.5 * (before - after) / curvature, -0.5, 0.5)
    frequencies = (bins + 1 + shift) * SAMPLE_RATE / config.stft.size
    return frames, frequencies, np.exp(here - 0.25 * (before - after) * shift)


def to_midi(frequencies: np.ndarray) -> np.ndarray:
    """MIDI numbers, with fractions, of frequencies in Hz."""
    return 69.0 + 12.0 * np.log2(np.maximum(frequencies, 1.0) / 440.0)


def estimate_tuning(pitches: np.ndarray, amplitudes: np.ndarray) -> float:
    """Deviation from A4 = 440 Hz in cents, -50 to 50: circular mean of the peaks' distances to a semitone."""
    phasor = np.sum(amplitudes * np.exp(2j * np.pi * pitches))
    return float(100.0 * np.angle(phasor) / (2 * np.pi)) if np.abs(phasor) > 1e-12 else 0.0


def _semitone_spectrum(frames, pitches, amplitudes, count: int) -> np.ndarray:
    """Peaks on a semitone grid `[count, SEMITONES]`; half way between two, a peak counts for neither."""
    nearest = np.round(pitches).astype(np.int64)
    weight = amplitudes * np.cos(np.pi * (pitches - nearest)) ** 2
    inside = (nearest >= LOWEST) & (nearest < LOWEST + SEMITONES)
    cells = frames[inside] * SEMITONES + nearest[inside] - LOWEST
    grid = np.bincount(cells, weight[inside], minlength=count * SEMITONES)
    return grid.reshape(count, SEMITONES)


@functools.cache
def templates(partials: int, decay: float) -> np.ndarray:
    """Spectra of notes `[NOTES, SEMITONES]`: partials on the nearest semitones, each `decay` of the last."""
    bank = np.zeros((NOTES, SEMITONES))
    for partial in range(1, partials + 1):
        interval = 12.0 * np.log2(partial)
        nearest = int(round(interval))
        height = decay ** (partial - 1) * np.cos(np.pi * (interval - nearest)) ** 2
        notes = np.arange(min(NOTES, SEMITONES - nearest))
        bank[notes, notes + nearest] += height
    return bank


def explain(spectrum: np.ndarray, config: ChromaConfig = DEFAULT) -> np.ndarray:
    """Notes `[T, NOTES]` whose templates add up to the semitone spectrum `[T, SEMITONES]`, none negative.

    Multiplicative updates for the squared error of compressed amplitudes (Lee and Seung 2000).
    """
    bank = templates(config.partials, config.decay) ** config.compression
    compressed = spectrum**config.compression
    wanted, gram = compressed @ bank.T, bank @ bank.T
    notes = np.maximum(compressed[:, :NOTES], 1e-9)
    for _ in range(config.iterations):
        notes = notes * wanted / np.maximum(notes @ gram, 1e-12)
    return notes ** (1.0 / config.compression)


def describe(audio: np.ndarray, config: ChromaConfig = DEFAULT) -> PitchContent:
    """Pitch content of audio `[S]`."""
    count = -(-len(audio) // config.stft.hop)
    frames, frequencies, amplitudes = spectral_peaks(np.abs(stft(audio, config.stft)), config)
    pitches = to_midi(frequencies)
    steady = (pitches > 45) & (
        pitches < 96
    )  # where a bin is well below a semitone and partials are nearly harmonic
    tuning = estimate_tuning(pitches[steady], amplitudes[steady])
    spectrum = _semitone_spectrum(frames, pitches - tuning / 100.0, amplitudes, count)
    return PitchContent(explain(spectrum, config), frame_times(count, config.stft), tuning, spectrum)
