"""Playing the model: partials and noise summed in the audio domain, at any sampling rate.

Nothing passes an analysis window, so attacks are as sharp as the instrument's own. Partials are a matrix
product: phasors over the samples of a block, times the partials' amplitudes at the block's two ends.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from compjax.audio.transforms import fourier
from compjax.audio.transforms.stft import frame, hann, overlap_add
from compjax.constants import ANALYSIS_EDGES, ANALYSIS_WINDOWS, SAMPLE_RATE
from compjax.instrument.envelopes import Air, amplitude, at, partials, zone_shares
from compjax.instrument.model import PARTIALS, Parameters
from compjax.music.score import Note


@dataclasses.dataclass(frozen=True)
class AdditiveConfig:
    """How the model is played.

    Attributes:
        block: seconds over which amplitudes are straight lines.
        least: power beside a note's loudest partial under which a partial is left out.
        quiet: share of the power at which a release has ended.
        longest_tail: seconds of a release at most.
        attack: least and longest seconds of an attack; slower ones would hide the rhythm.
        least_release: least rate of power, per second, with which a note that is let go dies away; what rings
            on hides the next attack.
        noise_window: seconds of the windows in which noise is shaped.
    """

    block: float = 1 / 375
    least: float = 1e-8
    quiet: float = 1e-5
    longest_tail: float = 2.0
    attack: tuple[float, float] = (0.001, 0.008)
    least_release: float = 30.0
    noise_window: float = 0.0107


def play(
    parameters: Parameters,
    notes: Sequence[Note],
    samples: int,
    rate: int,
    cents: float = 0.0,
    seed: Sequence[int] = (0,),
    config: AdditiveConfig = AdditiveConfig(),
    air: Air | None = None,
) -> np.ndarray:
    """Sound `[S]` of notes, at the instrument's own level.

    Args:
        parameters: the instrument.
        notes: velocities are amplitudes.
        samples: S.
        rate: Hz.
        cents: tuning above A 440.
        seed: of phases and noise.
        config: how it is played.
        air: what the instrument has above the bands that it was heard in; without it, what the last has.
    """
    generator = np.random.default_rng(seed)
    release = np.maximum(parameters.release, np.log(config.least_release))
    parameters = dataclasses.replace(parameters, release=release)
    out = np.zeros(samples, np.float32)
    for note in notes:
        phases = generator.uniform(0.0, 2.0 * np.pi, PARTIALS)
        pitch, length = note.pitch + cents / 100.0, note.end - note.start
        sound = _tones(parameters, pitch, length, rate, phases, config, air)
        first = round(note.start * rate)
        begin = max(first, 0)
        part = sound[begin - first :][: max(samples - begin, 0)]
        out[begin : begin + part.size] += np.float32(note.velocity) * part
    return out + _noise(parameters, notes, samples, rate, generator, config, air)


def attack_of(parameters: Parameters, config: AdditiveConfig) -> float:
    """Seconds of the attack as it is played."""
    return float(np.clip(np.exp(parameters.attack), *config.attack))


def tail_of(parameters: Parameters, config: AdditiveConfig) -> float:
    """Seconds in which a note that is let go dies away."""
    return float(min(-np.log(config.quiet) / np.exp(parameters.release).min(), config.longest_tail))


def _tones(
    parameters, pitch: float, length: float, rate: int, phases, config: AdditiveConfig, air: Air | None
) -> np.ndarray:
    """The partials of a note of amplitude 1 from its attack on, `[S]`; phases are repeated."""
    hz, power = partials(parameters, pitch, 0.47 * rate, air)
    loud = np.flatnonzero(power > config.least * power.max(initial=0.0))
    hz, strength = hz[loud], np.sqrt(power[loud])
    size = max(round(config.block * rate), 8)
    blocks = int(np.ceil((length + tail_of(parameters, config)) * rate / size)) + 1
    age = np.arange(blocks + 1) * size / rate
    gain = amplitude(parameters, age, length, attack_of(parameters, config))
    gain[-1] = 0.0
    strengths = (gain @ zone_shares(hz)) * strength  # [blocks + 1, K]
    turn = 2.0 * np.pi * hz / rate
    begun = _turned(size * turn, blocks) * np.exp(1j * phases[loud % PARTIALS])
    within = np.exp(1j * turn[:, None] * np.arange(size))
    falling, rising = 1.0 - np.arange(size) / size, np.arange(size) / size
    left, right = begun * strengths[:-1], begun * strengths[1:]
    phasors = np.concatenate([left.real, -left.imag, right.real, -right.imag], axis=1)
    waves = [within.real * falling, within.imag * falling, within.real * rising, within.imag * rising]
    return (phasors.astype(np.float32) @ np.concatenate(waves).astype(np.float32)).reshape(-1)


def _turned(angle: np.ndarray, count: int, together: int = 32) -> np.ndarray:
    """Phasors `[count, K]` that are turned by `angle` `[K]` from row to row, by two short tables of turns."""
    near = np.exp(1j * np.arange(together)[:, None] * angle)
    far = np.exp(1j * np.arange(0, count, together)[:, None] * angle)
    return (far[:, None] * near).reshape(-1, len(angle))[:count]


def _noise(
    parameters, notes, samples: int, rate: int, generator, config: AdditiveConfig, air: Air | None
) -> np.ndarray:
    """The noise of notes: white noise shaped window by window, `[S]`."""
    size = 4 * max(round(config.noise_window * rate / 4), 8)
    hop, hz = size // 4, np.maximum(np.fft.rfftfreq(size, 1.0 / rate), 0.5 * rate / size)
    frames = samples // hop + 5
    power = _noise_power(parameters, notes, np.arange(frames) * hop / rate, hz, config)
    power = power if air is None else power * np.exp(air.at(hz)).astype(np.float32)
    # A band reads white noise of variance v as 6 v / window, its window being scaled so that a sine reads 1.
    window = np.asarray(ANALYSIS_WINDOWS)[np.searchsorted(ANALYSIS_EDGES, hz, side="right")]
    deviation = np.sqrt(power * (window * (rate / SAMPLE_RATE) / 6.0)).astype(np.float32)
    white = generator.standard_normal((frames + 3) * hop, dtype=np.float32)
    spectra = fourier.rfft(frame(white, size, hop) * hann(size)) * deviation
    shaped = fourier.irfft(spectra, size)
    return overlap_add(shaped * (hann(size) / 1.5), hop)[2 * hop :][:samples]


def _noise_power(parameters, notes, time: np.ndarray, hz: np.ndarray, config: AdditiveConfig) -> np.ndarray:
    """Band power `[T, F]` of the notes' noise at times `[T]`."""
    shares = zone_shares(hz)
    held, burst = np.exp(at(parameters.noise, hz)), np.exp(at(parameters.burst, hz))
    attack, rate = attack_of(parameters, config), np.exp(parameters.burst_rate)
    power = np.zeros((len(time), len(hz)), np.float32)
    for note in notes:
        first, last = np.searchsorted(time, [note.start, note.end + tail_of(parameters, config)])
        age = time[first:last] - note.start
        grown = amplitude(parameters, age, note.end - note.start, attack) ** 2
        fading = np.exp(-age * rate)[:, None] * burst[None]
        power[first:last] += note.velocity**2 * ((grown @ shares) * held + fading)
    return power
