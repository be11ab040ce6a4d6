"""A codec and an agent small enough to reason about, with the interfaces of the real ones.

The codec's latents are `codec/vocos/bands.py`; it decodes them with one sine a pitch. The agent hears rises
of level as hits and bands as pitches, composes every pitch of the harmony at every hit; they are
played on the instrument that is read from the clips.
"""

import jax.numpy as jnp
import numpy as np

from compjax.arranging.network import RollNetwork
from compjax.audio.windows import WindowConfig
from compjax.codec.vocos import bands
from compjax.compose.composers.arranging import ArrangingComposer
from compjax.compose.session import Session
from compjax.constants import (
    FRAME_RATE,
    HOP_LENGTH,
    LATENT_SIZE,
    MIN_PITCH,
    NUM_PITCHES,
    SAMPLE_RATE,
    midi_to_hz,
)
from compjax.hearing.listener import Heard
from compjax.hearing.sound import LEAD_IN

CONFIG = bands.BandConfig()
PITCH_BANDS = np.round(1.25 * np.arange(NUM_PITCHES)).astype(int)


class FakeCodec:
    """One sine a pitch, as loud as its band."""

    name, sample_rate, hop_length, frame_rate, dimension, log_bands = (
        "fake",
        SAMPLE_RATE,
        HOP_LENGTH,
        FRAME_RATE,
        LATENT_SIZE,
        True,
    )

    @property
    def unpolished(self):
        return self

    def encode(self, params, audio):
        return bands.encode(audio, CONFIG, jnp)

    def decode(self, params, latents):
        level = jnp.exp(bands.to_log_magnitude(latents, CONFIG))[..., PITCH_BANDS] * params["gain"]
        level = jnp.where(level > 1e-3, level, 0.0)
        angle = 2 * np.pi * midi_to_hz(np.arange(NUM_PITCHES) + MIN_PITCH)[None, :] / SAMPLE_RATE
        start = ((np.arange(latents.shape[1]) * HOP_LENGTH)[:, None] * angle % (2 * np.pi)).astype(np.float32)
        within = (np.arange(HOP_LENGTH)[:, None] * angle).astype(np.float32)
        # sin(start + within), by the addition theorem, so that no table of all samples is made
        audio = (level * np.sin(start)[None]) @ np.cos(within).T + (level * np.cos(start)[None]) @ np.sin(
            within
        ).T
        return audio.reshape(latents.shape[0], -1)


class FakeListener:
    """Hears rises of level as hits and bands as pitches."""

    def __init__(self):
        self.listened = 0

    def prepare(self) -> None:
        """It has no programs."""

    def hear(self, sound) -> Heard:
        self.listened += 1
        latents = sound.latents
        level = np.exp(bands.to_log_magnitude(latents, CONFIG)).sum(axis=1)
        rise = np.maximum(0.0, np.diff(level, prepend=0.0))
        strong = np.minimum(rise / max(0.5 * rise.max(), 1e-9), 1.0)
        tones = latents[:, PITCH_BANDS]
        chord = np.zeros_like(tones)
        chord[:, np.argsort(tones.mean(axis=0))[-3:]] = 1.0
        classes = np.stack([chord[:, c::12].max(axis=1) for c in range(12)], axis=1)  # pitch 0 is a C
        bass = np.tile(np.eye(12)[chord[0].argmax() % 12], (len(chord), 1))
        three = np.tile(strong[:, None], (1, 3))
        rhythm = np.tile(strong[:, None], (1, 64))
        return Heard(rhythm, chord, classes, bass, np.zeros(64), three, 0.5 + 0.0 * three, chord)

    def select(self, of_input, of_target):
        return np.tile(
            np.float32([0.75, 0.25, 0.125, 0.25, 0.75, 0.875]), (len(of_input.rhythm) - LEAD_IN, 1)
        )


class FakeNetwork(RollNetwork):
    """Composes every pitch of the harmony at every hit; nothing if it is `silent`."""

    def __init__(self, silent: bool = False):
        self._silent = silent

    def _roll(self, heard, decided, style):
        components = heard.components  # [T, 6, 64]
        rhythm, harmony = (
            components[:, i] * decided[:, [i]] + components[:, i + 3] * decided[:, [i + 3]] for i in range(2)
        )
        onsets = rhythm * (harmony > 0.3) * (0.0 if self._silent else 1.0)
        frames = np.maximum.reduce([np.roll(onsets, k, axis=0) for k in range(12)])
        balance = 0.5 + 0.5 * np.tile(style.vector(), 8)  # of the pitches, so that styles are heard
        return onsets, frames, np.tile(balance, (len(onsets), 1))


def no_transformer():
    raise AssertionError("no test of the fakes asks for the transformer")


def make_session(silent: bool = False):
    """A session of the fakes."""
    composer = ArrangingComposer(FakeListener(), FakeNetwork(silent), no_transformer)
    checksums = {"model": "m", "codec": "c"}
    windows = WindowConfig(length=160, context=16, fade=8)
    return Session(FakeCodec(), {"gain": jnp.float32(1.0)}, composer, checksums, windows)


def drums(seconds: float = 2.0, tempo: float = 120.0) -> np.ndarray:
    """Bursts of noise on the beat, `[S]` at 24 kHz."""
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    burst = np.random.default_rng(7).normal(size=2400) * np.exp(-np.arange(2400) / 400)
    for start in np.arange(0, audio.size - 1, 60 / tempo * SAMPLE_RATE).astype(int):
        audio[start : start + 2400] += 0.3 * burst[: audio[start : start + 2400].size]
    return audio


def chord(seconds: float = 2.0, pitches=(48, 52, 55)) -> np.ndarray:
    """Held sines, `[S]` at 24 kHz."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * time) for p in pitches]
    return (0.1 * sum(tones)).astype(np.float32)


HEARD_FRAMES = 150
"""Length of what was heard by `voices_with`."""


def voices_with(*hits):
    """Probabilities `[150, 3]` of voices, with peaks (frame, voice, probability)."""
    voices = np.full((HEARD_FRAMES, 3), 0.01, np.float32)
    for frame, voice, probability in hits:
        voices[frame, voice] = probability
    return voices
