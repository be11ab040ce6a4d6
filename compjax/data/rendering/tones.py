"""Tones of instruments that never were: partials, envelopes and noise drawn from a number.

Two soundfonts are some two hundred sounds, and a network that hears pitches learns them by heart.
Here every number is another instrument: struck ones are sums of damped partials, stretched like a
string's; blown and bowed ones are exact harmonics with vibrato. Additive synthesis: Serra and Smith,
"Spectral Modeling Synthesis", Computer Music Journal 14(4), 1990.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import midi_to_hz
from compjax.data.rendering.events import Event

BLOCK = 256  # samples: damped partials are products of a phase by block and one within it
TOP = 0.46  # of the sampling rate: no partial above
RANGE = np.log(10.0) / 20.0  # natural log of a decibel
FORMANTS = np.log((80.0, 200.0, 450.0, 1000.0, 2200.0, 4500.0, 9000.0))


@dataclasses.dataclass(frozen=True)
class ToneConfig:
    """An instrument. Seconds, cents, decibels.

    Attributes:
        is_struck: damped partials, or held harmonics.
        slope: exponent of the partials' amplitudes, `1 / k ** slope`.
        bright: how much of the slope a full velocity takes away.
        even: factor on even partials.
        first: factor on the fundamental.
        jitter: decibels by which single partials differ, `[40]`.
        formants: decibels at `FORMANTS`, `[7]`.
        stretch: inharmonicity of a stiff string: partial k is at `k f sqrt(1 + stretch k^2)`.
        decay: time constant of the fundamental at MIDI 60.
        damping: exponent of the decay's shortening with the partial.
        attack: time of the rise.
        release: time constant after the note's end.
        vibrato: rate in Hz, depth in cents, delay in seconds.
        tremolo: depth of the loudness's wave.
        unison: cents between detuned copies; 0 for a single one.
        noise: level of noise at the attack, and throughout, over the tone's.
    """

    is_struck: bool
    slope: float
    bright: float
    even: float
    first: float
    jitter: tuple[float, ...]
    formants: tuple[float, ...]
    stretch: float
    decay: float
    damping: float
    attack: float
    release: float
    vibrato: tuple[float, float, float]
    tremolo: float
    unison: float
    noise: tuple[float, float]


def draw_tone(seed: int) -> ToneConfig:
    """The instrument of a number."""
    g = np.random.default_rng([seed, 77])
    is_struck = bool(g.random() < 0.5)
    log_uniform = lambda low, high: float(np.exp(g.uniform(np.log(low), np.log(high))))  # noqa: E731
    return ToneConfig(
        is_struck=is_struck,
        slope=g.uniform(0.2, 2.2),
        bright=g.uniform(0.0, 0.7),
        even=g.uniform(0.0, 0.4) if g.random() < 0.2 else 1.0,
        first=float(10 ** g.uniform(-1.2, -0.2)) if g.random() < 0.2 else 1.0,
        jitter=tuple(g.normal(0.0, g.choice([1.0, 4.0, 8.0]), 40)),
        formants=tuple(g.normal(0.0, g.choice([0.0, 4.0, 9.0]), len(FORMANTS))),
        stretch=log_uniform(1e-5, 8e-4) if is_struck and g.random() < 0.7 else 0.0,
        decay=log_uniform(0.15, 4.0),
        damping=g.uniform(0.0, 1.1),
        attack=log_uniform(0.001, 0.012) if is_struck else log_uniform(0.005, 0.25),
        release=log_uniform(0.02, 0.5),
        vibrato=(
            g.uniform(4.0, 7.0),
            g.uniform(3.0, 35.0) if g.random() < 0.45 else 0.0,
            g.uniform(0.0, 0.5),
        ),
        tremolo=g.uniform(0.05, 0.5) if g.random() < 0.2 else 0.0,
        unison=g.uniform(2.0, 18.0) if g.random() < 0.3 else 0.0,
        noise=(
            float(10 ** g.uniform(-2.0, -0.3)) if g.random() < 0.5 else 0.0,
            float(10 ** g.uniform(-3.0, -1.2)) if g.random() < 0.25 else 0.0,
        ),
    )


def partials_of(tone: ToneConfig, hz: float, velocity: float, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Number `[K]` and amplitude `[K]` of the partials of a tone at `hz`."""
    k = np.arange(1, min(40, max(int(TOP * rate / hz), 1)) + 1)
    level = -(tone.slope - tone.bright * velocity) * np.log(k)
    level += RANGE * (np.asarray(tone.jitter)[: len(k)] + np.interp(np.log(k * hz), FORMANTS, tone.formants))
    amplitude = np.exp(level) * np.where(k % 2 == 0, tone.even, 1.0)
    amplitude[0] *= tone.first
    amplitude /= np.sqrt((amplitude**2).sum())
    audible = amplitude > 1e-3
    return k[audible], amplitude[audible]


def struck_tone(
    tone: ToneConfig, hz: float, velocity: float, samples: int, rate: int, g: np.random.Generator
) -> np.ndarray:
    """Damped partials `[samples]`."""
    k, amplitude = partials_of(tone, hz, velocity, rate)
    place = k * np.sqrt(1.0 + tone.stretch * k**2) * hz / rate
    k, amplitude, place = k[place < TOP], amplitude[place < TOP], place[place < TOP]
    decay = tone.decay * (262.0 / hz) ** 0.5 * rate
    rates = 2j * np.pi * place - k**tone.damping / decay
    start = amplitude * np.exp(2j * np.pi * g.random(len(k)))
    blocks = np.exp(np.outer(rates, BLOCK * np.arange(-(-samples // BLOCK))))
    within = np.exp(np.outer(rates, np.arange(BLOCK)))
    return ((start[:, None] * blocks).T.astype(np.complex64) @ within.astype(np.complex64)).real.ravel()[
        :samples
    ]


def held_tone(
    tone: ToneConfig, hz: float, velocity: float, samples: int, rate: int, g: np.random.Generator
) -> np.ndarray:
    """Exact harmonics under a common vibrato, `[samples]`; sines by Chebyshev's recurrence."""
    k, amplitude = partials_of(tone, hz, velocity, rate)
    seconds = np.arange(samples) / rate
    speed, depth, delay = tone.vibrato
    bend = depth / 1200.0 * np.log(2.0) * np.clip((seconds - delay) / 0.3, 0.0, 1.0)
    turn = 2.0 * np.pi * g.random()
    swing = np.sin(2.0 * np.pi * speed * seconds + turn)
    phase = 2.0 * np.pi * (np.cumsum(1.0 + bend * swing) * hz / rate + g.random())
    twice, before = (2.0 * np.cos(phase)).astype(np.float32), np.zeros(samples, np.float32)
    wave, total = np.sin(phase).astype(np.float32), np.zeros(samples, np.float32)
    weights = dict(zip(k.tolist(), amplitude, strict=True))
    for number in range(1, int(k.max()) + 1):
        if number in weights:
            total += np.float32(weights[number]) * wave
        before, wave = wave, twice * wave - before
    return total * (1.0 - tone.tremolo * (0.5 + 0.5 * swing))


def envelope(tone: ToneConfig, held: int, samples: int, rate: int) -> np.ndarray:
    """The rise, and after `held` samples the fall, `[samples]`."""
    time = np.arange(samples) / rate
    rise = np.minimum(time / tone.attack, 1.0)
    return rise * np.exp(-np.maximum(time - held / rate, 0.0) / tone.release)


def noise_of(tone: ToneConfig, samples: int, rate: int, g: np.random.Generator) -> np.ndarray:
    """The hiss of the attack and of breath or bow, `[samples]`."""
    burst, breath = tone.noise
    if not burst and not breath:
        return np.zeros(samples, np.float32)
    time = np.arange(samples) / rate
    white = g.standard_normal(samples)
    dull = np.convolve(white, np.ones(4) / 2.0, "same") if tone.slope > 1.0 else white
    return dull * (burst * np.exp(-time / 0.015) + breath)


class Tones:
    """Plays any number's instrument as a soundfont's program is played (see `soundfont.Font.render`)."""

    def render(
        self, events: list[Event], bank: int, program: int, samples: int, rate: int, tuning: float = 0.0
    ) -> np.ndarray:
        """Mono audio `[samples]` of events (sample, key, MIDI velocity; 0 ends it), `tuning` in cents."""
        del bank
        tone, g = draw_tone(program), np.random.default_rng([program, 78])
        audio, sounding = np.zeros(samples, np.float32), {}
        for sample, key, velocity in [*events, *((samples, key, 0) for key in range(128))]:
            if key in sounding:  # struck again, or ended
                hz = midi_to_hz(key) * 2.0 ** (tuning / 1200.0)
                self._add(audio, tone, hz, sample, *sounding.pop(key), rate, g)
            if velocity:
                sounding[key] = (sample, velocity)
        return audio

    def _add(self, audio, tone, hz, end, start, velocity, rate, g) -> None:
        """Add one note; it fades by its release after `end`."""
        length = min(end - start + int(5 * tone.release * rate), len(audio) - start)
        if length <= 0:
            return
        loudness = velocity / 127.0
        play = struck_tone if tone.is_struck else held_tone
        wave = play(tone, hz, loudness, length, rate, g)
        if tone.unison:
            wave = 0.7 * (wave + play(tone, hz * 2.0 ** (tone.unison / 1200.0), loudness, length, rate, g))
        wave = (wave + noise_of(tone, length, rate, g)) * envelope(tone, end - start, length, rate)
        audio[start : start + length] += (0.2 * loudness**1.5 * wave).astype(np.float32)
