"""What happens to sound between an instrument and a file: equaliser, room, saturation, noise, bandwidth.

A `Colour` belongs to a timbre and goes wherever the timbre goes; a `Recording` belongs to one clip.
All of it happens in one pass through the spectrum, in NumPy.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import SAMPLE_RATE

EQ_POINTS = (60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0)
"""Frequencies in Hz between which an equaliser's gains are interpolated (in dB over log frequency)."""


@dataclasses.dataclass(frozen=True)
class Colour:
    """A timbre's own sound. The default changes nothing."""

    equaliser: tuple[float, ...] = (0.0,) * len(EQ_POINTS)  # dB
    room_seconds: float = 0.0  # time in which the room decays by 60 dB
    room_level: float = 0.0  # root of the room's energy over the direct sound's
    room_seed: int = 0
    drive: float = 0.0  # saturation: 0 none, 1 soft, 4 hard


@dataclasses.dataclass(frozen=True)
class Recording:
    """How one clip was recorded. The default changes nothing."""

    noise: float = 0.0  # RMS of the noise over the clip's
    noise_tilt: float = 0.0  # dB per octave
    noise_seed: int = 0
    bandwidth: float = 0.0  # Hz above which nothing is left; 0 for all


def draw_colour(generator: np.random.Generator) -> Colour:
    """A random sound: mostly a mild equaliser, often a room, sometimes saturation."""
    gains = generator.normal(0.0, generator.choice([0.0, 2.0, 5.0]), len(EQ_POINTS))
    has_room, has_drive = generator.random() < 0.55, generator.random() < 0.15
    return Colour(
        equaliser=tuple(float(g) for g in np.clip(gains, -12, 12)),
        room_seconds=float(np.exp(generator.uniform(np.log(0.12), np.log(1.8)))) if has_room else 0.0,
        room_level=generator.uniform(0.1, 0.7) if has_room else 0.0,
        room_seed=int(generator.integers(2**31)),
        drive=generator.uniform(0.5, 3.0) if has_drive else 0.0,
    )


def draw_recording(generator: np.random.Generator) -> Recording:
    """A random recording: half of them clean, the others noisy or dull."""
    is_noisy, is_dull = generator.random() < 0.35, generator.random() < 0.25
    return Recording(
        noise=float(10 ** (generator.uniform(-60, -28) / 20)) if is_noisy else 0.0,
        noise_tilt=generator.uniform(-6.0, 1.0),
        noise_seed=int(generator.integers(2**31)),
        bandwidth=generator.uniform(3500.0, 11000.0) if is_dull else 0.0,
    )


def fast_length(samples: int) -> int:
    """The next length that a Fourier transform likes: a product of 2, 3 and 5."""
    best = 1 << (samples - 1).bit_length()
    for five in (1, 5, 25):
        for three in (1, 3, 9, 27):
            base = five * three
            best = min(best, base << max(-(-samples // base) - 1, 0).bit_length())
    return best


def equaliser_gains(colour: Colour, length: int) -> np.ndarray:
    """Gain of each bin of a real spectrum of `length` samples, `[length // 2 + 1]`."""
    hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    decibels = np.interp(np.log(np.maximum(hz, 20.0)), np.log(EQ_POINTS), colour.equaliser)
    return 10.0 ** (decibels / 20.0)


def room_response(colour: Colour) -> np.ndarray:
    """An impulse response: the direct sound, a few early reflections, then decaying noise."""
    generator = np.random.default_rng(colour.room_seed)
    count = int(min(colour.room_seconds, 1.5) * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    tail = generator.standard_normal(count) * 10.0 ** (-3.0 * time / colour.room_seconds)
    tail[: int(0.012 * SAMPLE_RATE)] = 0.0
    for delay in generator.integers(int(0.003 * SAMPLE_RATE), int(0.03 * SAMPLE_RATE), 6):
        tail[delay] += generator.choice([-1, 1]) * generator.uniform(2.0, 6.0)
    tail = np.convolve(tail, [0.25, 0.5, 0.25], "same")  # walls swallow the highest
    response = colour.room_level * tail / np.sqrt(np.sum(tail**2) + 1e-12)
    response[0] += 1.0
    return response


def apply_colour(audio: np.ndarray, colour: Colour) -> np.ndarray:
    """Audio `[S]` with a timbre's equaliser, room and saturation, float32 `[S]`."""
    if colour == Colour():
        return audio
    if colour.drive > 0:
        loud = np.sqrt(np.mean(audio**2)) + 1e-9
        audio = loud * np.tanh(colour.drive * audio / (4 * loud)) * 4 / colour.drive
    response = room_response(colour) if colour.room_level > 0 else np.ones(1)
    length = fast_length(len(audio) + len(response))
    spectrum = np.fft.rfft(audio, length) * equaliser_gains(colour, length)
    if len(response) > 1:
        spectrum *= np.fft.rfft(response, length)
    return np.fft.irfft(spectrum, length)[: len(audio)].astype(np.float32)


def apply_recording(audio: np.ndarray, recording: Recording) -> np.ndarray:
    """Audio `[S]` with a recording's noise, then its loss of bandwidth, float32 `[S]`."""
    if recording.noise == 0 and recording.bandwidth == 0:
        return audio
    hz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(audio)
    if recording.noise > 0:
        white = np.random.default_rng(recording.noise_seed).standard_normal((2, len(hz)))
        hiss = (white[0] + 1j * white[1]) * (np.maximum(hz, 50.0) / 1000.0) ** (recording.noise_tilt / 6.02)
        level = np.sqrt(np.sum(np.abs(spectrum) ** 2) / np.sum(np.abs(hiss) ** 2))
        spectrum = spectrum + hiss * (recording.noise * level)
    if recording.bandwidth > 0:  # a cosine slope of 300 Hz, as a resampler's
        slope = np.clip((recording.bandwidth - hz) / 300.0, 0.0, 1.0)
        spectrum = spectrum * (0.5 - 0.5 * np.cos(np.pi * slope))
    return np.fft.irfft(spectrum, len(audio)).astype(np.float32)
