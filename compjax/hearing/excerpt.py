"""The part of a clip from which its instrument is read, in the clip's own time and pitch."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.original import Original
from compjax.audio.sound_files import SoundFormat
from compjax.audio.transforms.pitch_spectrum import STRIDE
from compjax.audio.tuning import tuning_of
from compjax.constants import HOP_LENGTH, SAMPLE_RATE
from compjax.hearing.sound import LEAD_IN, Sound

FRAMES = 600
"""Latent frames of an excerpt at most: 8 s."""


@dataclasses.dataclass(frozen=True, eq=False)
class FullBand:
    """Sound `[S, channels]` at `rate` Hz and the reference level, above 12 kHz too, left and right."""

    audio: np.ndarray
    rate: int

    @property
    def form(self) -> SoundFormat:
        """Its rate and channels."""
        return SoundFormat(self.rate, self.audio.shape[1])


@dataclasses.dataclass(frozen=True, eq=False)
class Excerpt:
    """A stretch of a clip, or all of it.

    Attributes:
        audio: `[S]` at 24 kHz and the reference level.
        sound: the same as it is heard, after `LEAD_IN` frames of silence.
        cents: how far it is tuned above A 440.
        begin: seconds from the clip's beginning at which it begins.
        full: the same stretch of the clip as it came, where it is to be played as that; else None.
    """

    audio: np.ndarray
    sound: Sound
    cents: float
    begin: float = 0.0
    full: FullBand | None = None

    @classmethod
    def of(cls, audio: np.ndarray, gain: float, sound: Sound) -> Excerpt:
        """The loudest `FRAMES` of a clip's audio `[S]`, which `sound` was made of."""
        first = loudest(audio)
        own = audio[first * HOP_LENGTH : (first + FRAMES) * HOP_LENGTH] * np.float32(gain)
        lead = LEAD_IN // STRIDE
        latents = sound.clip_latents[first : first + FRAMES]
        spectrum = sound.spectrum[lead + first // STRIDE :][: -(-len(latents) // STRIDE)]
        silent = np.repeat(sound.silence, LEAD_IN, axis=0), np.repeat(sound.spectrum[:1], lead, axis=0)
        heard = Sound(np.concatenate([silent[0], latents]), np.concatenate([silent[1], spectrum]))
        return cls(own, heard, tuning_of(own), first * HOP_LENGTH / SAMPLE_RATE)

    def with_original(self, original: Original, gain: float, form: SoundFormat) -> Excerpt:
        """The same with the stretch of the clip it is of, in a form, made louder by `gain`."""
        seconds = self.audio.size / SAMPLE_RATE
        sound = original.stretch(self.begin, seconds, form.rate, form.channels) * np.float32(gain)
        return dataclasses.replace(self, full=FullBand(sound, form.rate))


def loudest(audio: np.ndarray) -> int:
    """First frame of the `FRAMES` of audio `[S]` that have the most energy; a multiple of `STRIDE`."""
    block = STRIDE * HOP_LENGTH
    power = np.square(audio[: audio.size // block * block].reshape(-1, block)).sum(axis=1, dtype=np.float64)
    wanted = FRAMES // STRIDE
    if len(power) <= wanted:
        return 0
    total = np.concatenate([[0.0], np.cumsum(power)])
    return int(np.argmax(total[wanted:] - total[:-wanted])) * STRIDE
