"""What the networks hear in a clip: jitted programs of one fixed window, and NumPy around them."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.log_scale import to_log
from compjax.audio.transforms.pitch_spectrum import NUM_BINS, STRIDE
from compjax.audio.windows import WindowConfig, over_windows
from compjax.codec.vocos.bands import harmonic_map
from compjax.constants import LATENT_SIZE, NUM_VOICES, SILENT_LATENT
from compjax.hearing.sound import LEAD_IN, Sound
from compjax.models.arranging.pooling import pool_components
from compjax.models.programs import WINDOWS, kept_program
from compjax.models.registry import Blueprint

SPECTRUM_WINDOWS = WindowConfig(length=192, context=32, fade=4)
"""Windows for the pitch spectrum, which has a quarter of the frames."""


@dataclasses.dataclass(frozen=True)
class Heard:
    """What was heard in one clip, NumPy float32, after `LEAD_IN` frames of silence.

    Attributes:
        rhythm: `[T, 64]`, the component.
        harmony: `[T, 64]` salience of MIDI pitches 24 to 87, in [0, 1].
        classes: `[T, 12]` probability that a pitch class sounds, C first.
        bass: `[T, 12]` probability that it is the lowest tone; all low where there is none.
        timbre: `[64]`, the component.
        voices: `[T, 3]` probability of a hit by voice: low, mid, high.
        hit_velocities: `[T, 3]`.
        levels: `[T, 64]` magnitude at each pitch's fundamental (a full-scale sine is 1).
    """

    rhythm: np.ndarray
    harmony: np.ndarray
    classes: np.ndarray
    bass: np.ndarray
    timbre: np.ndarray
    voices: np.ndarray
    hit_velocities: np.ndarray
    levels: np.ndarray


class Listener:
    """The agent's ears: every method takes clips of any length."""

    def __init__(self, network: Blueprint, variables: dict):
        self._variables = variables
        self._hear, self._select = kept_program(network, "hear"), kept_program(network, "select")
        self._sound = kept_program(network, "sound", frames=SPECTRUM_WINDOWS.length * STRIDE)

    def prepare(self) -> None:
        """Have the programs that hear ready."""
        frames = np.zeros((1, WINDOWS.length, LATENT_SIZE), np.float32)
        spectrum = np.zeros((1, SPECTRUM_WINDOWS.length, NUM_BINS), np.float32)
        self._hear.prepare(self._variables, frames)
        self._sound.prepare(self._variables, spectrum)

    def hear(self, sound: Sound) -> Heard:
        """What is heard in a clip."""
        latents = sound.latents

        def window(chunk):
            rhythm, timbre, hits = map(np.asarray, self._hear(self._variables, chunk[None]))
            return rhythm[0], hits[0], np.broadcast_to(timbre, (len(chunk), timbre.shape[-1]))

        rhythm, hits, timbre = over_windows(window, [latents], WINDOWS, pad=SILENT_LATENT)
        harmony, classes, bass = self._hear_pitches(sound)
        loudness = np.maximum(latents.mean(axis=1) - SILENT_LATENT, 1e-3)
        return Heard(
            rhythm=rhythm,
            harmony=harmony,
            classes=classes,
            bass=bass,
            timbre=(timbre * (loudness / loudness.sum())[:, None]).sum(axis=0),
            voices=sigmoid(hits[:, :NUM_VOICES]),
            hit_velocities=np.clip(hits[:, NUM_VOICES:], 0.0, 1.0),
            levels=np.exp(to_log(latents @ harmonic_map((1.0,))[..., 0])),
        )

    def _hear_pitches(self, sound: Sound) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Salience `[T, 64]`, and probabilities of classes and of the bass `[T, 12]`."""

        def window(chunk):
            pitches, classes, bass = (np.asarray(x)[0] for x in self._sound(self._variables, chunk[None]))
            return sigmoid(pitches), sigmoid(classes), softmax(bass)[:, :-1]

        settings = {"pad": SILENT_LATENT, "rate_out": STRIDE}
        parts = over_windows(window, [sound.spectrum], SPECTRUM_WINDOWS, **settings)
        return tuple(part[: len(sound.latents)] for part in parts)

    def select(self, of_input: Heard, of_target: Heard) -> np.ndarray:
        """The gates `[T, 6]` that the selector chooses for the pair, in the clips' own time."""
        pooled = pool_components(stack(of_input, of_target)[None], np)
        logits = np.asarray(self._select(self._variables, pooled)[0])[0]
        return np.tile(sigmoid(logits), (len(of_input.rhythm) - LEAD_IN, 1))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits; in NumPy, because JAX would compile a program for it."""
    return 0.5 + 0.5 * np.tanh(0.5 * logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities `[..., N]` of logits `[..., N]`."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def stack(of_input: Heard, of_target: Heard) -> np.ndarray:
    """The six components of two clips in their order, `[T, 6, 64]`."""
    frames = len(of_input.rhythm)
    parts = []
    for clip in (of_input, of_target):
        parts += [clip.rhythm, clip.harmony, np.broadcast_to(clip.timbre, (frames, len(clip.timbre)))]
    return np.stack(parts, axis=1).astype(np.float32)
