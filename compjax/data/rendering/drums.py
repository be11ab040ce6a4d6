"""Drum kits that never were: kicks, snares, toms and cymbals drawn from a number.

A piece is a falling sine, noise in a band, or a cluster of square-like partials, each dying away,
as in analogue drum machines. The keys are those of the General MIDI percussion map.
"""

from __future__ import annotations

import numpy as np

from compjax.data.rendering.events import Event

LONGEST = 1.5  # seconds of a piece

KICKS, RIMS, CLAPS = frozenset({35, 36}), frozenset({37, 56, 75, 76, 77}), frozenset({39})
SNARES, TOMS = frozenset({38, 40}), frozenset({41, 43, 45, 47, 48, 50})
SHAKERS, OPEN, RIDES = frozenset({54, 69, 70, 82}), frozenset({46, 49, 55, 57}), frozenset({51, 53, 59})


def falling(g: np.random.Generator, time: np.ndarray, low: float, high: float) -> np.ndarray:
    """A sine that falls to between `low` and `high` Hz."""
    hz = np.exp(g.uniform(np.log(low), np.log(high)))
    fall, speed = g.uniform(0.3, 5.0), g.uniform(0.008, 0.05)
    turns = hz * (time + fall * speed * (1.0 - np.exp(-time / speed)))
    wave = np.sin(2.0 * np.pi * turns)
    drive = g.uniform(0.0, 3.0)
    return np.tanh((1.0 + drive) * wave) * np.exp(-time / np.exp(g.uniform(np.log(0.05), np.log(0.35))))


def band_noise(g: np.random.Generator, samples: int, rate: int, low: float, high: float) -> np.ndarray:
    """Noise between two frequencies in Hz with soft edges, at RMS 1."""
    spectrum = g.standard_normal((2, samples // 2 + 1))
    hz = np.maximum(np.fft.rfftfreq(samples, 1.0 / rate), 1.0)
    shape = 1.0 / np.sqrt(1.0 + (low / hz) ** 4) / np.sqrt(1.0 + (hz / high) ** 4)
    wave = np.fft.irfft((spectrum[0] + 1j * spectrum[1]) * shape, samples)
    return wave / (np.sqrt(np.mean(wave**2)) + 1e-9)


def metal(g: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Six inharmonic square waves' sum, as in the cymbals of drum machines."""
    base = g.uniform(250.0, 900.0)
    ratios = np.sort(g.uniform(1.0, 7.0, 6))
    waves = np.tanh(6.0 * np.sin(2.0 * np.pi * base * np.outer(ratios, time)))
    wave = waves.sum(axis=0)
    return np.diff(wave, prepend=(0.0, 0.0), n=2) / 3.0  # the lowest is filtered off


def fade(g: np.random.Generator, time: np.ndarray, short: float, long: float) -> np.ndarray:
    """An exponential fall with a time constant between two, in seconds."""
    return np.exp(-time / np.exp(g.uniform(np.log(short), np.log(long))))


def snare(g: np.random.Generator, time: np.ndarray, rate: int) -> np.ndarray:
    """Two tones and wires."""
    body = falling(g, time, 140.0, 260.0) + 0.5 * falling(g, time, 260.0, 420.0)
    wires = band_noise(g, len(time), rate, g.uniform(300, 2500), g.uniform(5000, 14000))
    return g.uniform(0.1, 0.9) * body + g.uniform(0.3, 0.9) * wires * fade(g, time, 0.03, 0.2)


def clap(g: np.random.Generator, time: np.ndarray, rate: int) -> np.ndarray:
    """A few bursts of noise, the last one longer."""
    gap, count = g.uniform(0.006, 0.014), int(g.integers(2, 5))
    shape = sum(np.exp(-(time - i * gap) / 0.004) * (time >= i * gap) for i in range(count))
    shape = shape + np.exp(-(time - count * gap) / g.uniform(0.04, 0.15)) * (time >= count * gap)
    return band_noise(g, len(time), rate, g.uniform(500, 1200), g.uniform(3000, 9000)) * shape


def rim(g: np.random.Generator, time: np.ndarray, rate: int) -> np.ndarray:
    """A short click with a pitch."""
    tone = np.sin(2.0 * np.pi * g.uniform(400.0, 1800.0) * time) + np.sin(
        2 * np.pi * g.uniform(800, 2600) * time
    )
    click = band_noise(g, len(time), rate, 1000.0, 8000.0) * np.exp(-time / 0.003)
    return tone * fade(g, time, 0.008, 0.06) + 0.5 * click


def kick(g: np.random.Generator, time: np.ndarray, rate: int) -> np.ndarray:
    """A falling sine, and sometimes the beater's click."""
    click = band_noise(g, len(time), rate, 800.0, 6000.0) * np.exp(-time / g.uniform(0.002, 0.008))
    return falling(g, time, 38.0, 85.0) + g.uniform(0.0, 0.5) * click


def cymbal(g: np.random.Generator, time: np.ndarray, rate: int, short: float, long: float) -> np.ndarray:
    """Noise and metal above some kilohertz."""
    hiss = band_noise(g, len(time), rate, g.uniform(3000, 8000), g.uniform(9000, 20000))
    share = g.random()
    return (share * hiss + 0.3 * (1.0 - share) * metal(g, time)) * fade(g, time, short, long)


def shaker(g: np.random.Generator, time: np.ndarray, rate: int) -> np.ndarray:
    """Noise that swells before it falls."""
    rise = np.clip(time / g.uniform(0.003, 0.03), 0.0, 1.0)
    return band_noise(g, len(time), rate, g.uniform(2500, 6000), 14000.0) * rise * fade(g, time, 0.02, 0.08)


def piece(key: int, seed: int, rate: int) -> np.ndarray:
    """The sound of one key of a kit, `[LONGEST * rate]`, at RMS 0.1 of its first tenth of a second."""
    g, time = np.random.default_rng([seed, key]), np.arange(int(LONGEST * rate)) / rate
    if key in KICKS:
        wave = kick(g, time, rate)
    elif key in SNARES:
        wave = snare(g, time, rate)
    elif key in TOMS:
        wave = falling(g, time, 60.0 + 3.0 * (key - 41), 110.0 + 14.0 * (key - 41))
    elif key in CLAPS:
        wave = clap(g, time, rate)
    elif key in RIMS:
        wave = rim(g, time, rate)
    elif key in SHAKERS:
        wave = shaker(g, time, rate)
    else:
        lengths = (0.15, 0.7) if key in OPEN else (0.1, 0.5) if key in RIDES else (0.012, 0.07)
        wave = cymbal(g, time, rate, *lengths)
    first = wave[: rate // 10]
    return (wave * 0.1 / (np.sqrt(np.mean(first**2)) + 1e-9)).astype(np.float32)


class Drums:
    """Plays any number's kit as a soundfont's is played (see `soundfont.Font.render`)."""

    def render(
        self, events: list[Event], bank: int, program: int, samples: int, rate: int, tuning: float = 0.0
    ) -> np.ndarray:
        """Mono audio `[samples]` of events (sample, key, MIDI velocity; 0, a note's end, is ignored)."""
        del bank, tuning
        audio, pieces = np.zeros(samples, np.float32), {}
        for sample, key, velocity in events:
            if velocity and sample < samples:
                if key not in pieces:
                    pieces[key] = piece(key, program, rate)
                wave = pieces[key][: samples - sample]
                audio[sample : sample + len(wave)] += (velocity / 127.0) ** 1.5 * wave
        return audio
