"""The arranging agent for composing: jitted programs of one fixed window, and NumPy around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import flax.errors
import jax
import numpy as np

from compjax.arranging import gates
from compjax.arranging.arrangers import ARRANGERS
from compjax.arranging.notes import moved
from compjax.arranging.steering import HEARD, Steering
from compjax.audio.pitch_spectrum import STRIDE
from compjax.audio.windows import WindowConfig, over_windows
from compjax.compose.composer import COMPOSITIONAL, LEAD_IN, Plan, Sound
from compjax.constants import FRAME_RATE, LATENT_MEAN, LATENT_STD, NUM_PITCHES, NUM_VOICES, SILENT_LATENT
from compjax.data.sources.example import style_over_time
from compjax.errors import UserError
from compjax.instrument import equaliser
from compjax.models.arranging.agent import ArrangingAgent, pool_components
from compjax.models.arranging.listening import harmonic_map
from compjax.models.arranging.note_renderer import NoteGrid, note_ages
from compjax.music.pianoroll import rasterise
from compjax.music.score import Note
from compjax.music.style import Style

WINDOWS = WindowConfig(length=768, context=128, fade=16)
"""The networks look at most 128 frames around, and a clip of ten seconds needs one window."""


@dataclasses.dataclass(frozen=True)
class Heard:
    """What was heard in one clip, NumPy float32.

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


SPECTRUM_WINDOWS = WindowConfig(length=192, context=32, fade=4)
"""The same for the pitch spectrum, which has a quarter of the frames."""


class Agent:
    """An arranging agent and its parameters; every method takes any number of frames T."""

    def __init__(self, module: ArrangingAgent, variables: dict):
        self._variables = jax.device_put(variables)
        names = ("hear", "select", "compose", "render")
        self._hear, self._select, self._compose, self._render = (program(module, name) for name in names)
        self._sound = program(module, "sound", frames=SPECTRUM_WINDOWS.length * STRIDE)
        self._ages = jax.jit(note_ages)

    def listen(self, sound: Sound) -> Heard:
        """What is heard in a clip."""
        latents = sound.latents

        def window(chunk):
            (rhythm, timbre), hits = self._hear(self._variables, chunk[None])
            timbre = np.broadcast_to(np.asarray(timbre), (len(chunk), timbre.shape[-1]))
            return rhythm[0], hits[0], timbre

        rhythm, hits, timbre = over_windows(window, [latents], WINDOWS, pad=SILENT_LATENT)
        harmony, classes, bass = self._listen_to_pitches(sound)
        loudness = np.maximum(latents.mean(axis=1) - SILENT_LATENT, 1e-3)
        return Heard(
            rhythm=rhythm,
            harmony=harmony,
            classes=classes,
            bass=bass,
            timbre=(timbre * (loudness / loudness.sum())[:, None]).sum(axis=0),
            voices=1.0 / (1.0 + np.exp(-hits[:, :NUM_VOICES])),
            hit_velocities=np.clip(hits[:, NUM_VOICES:], 0.0, 1.0),
            levels=np.exp(latents @ harmonic_map((1.0,))[..., 0] * LATENT_STD + LATENT_MEAN),
        )

    def _listen_to_pitches(self, sound: Sound) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Salience `[T, 64]`, and probabilities of classes and of the bass `[T, 12]`."""

        def window(chunk):
            heard = self._sound(self._variables, chunk[None])
            bass = jax.nn.softmax(heard.bass[0])[:, :-1]
            return jax.nn.sigmoid(heard.pitches[0]), jax.nn.sigmoid(heard.classes[0]), bass

        settings = {"pad": SILENT_LATENT, "rate_out": STRIDE}
        parts = over_windows(window, [sound.spectrum], SPECTRUM_WINDOWS, **settings)
        return tuple(part[: len(sound.latents)] for part in parts)

    def select(self, heard_input: Heard, heard_target: Heard) -> np.ndarray:
        """The gates `[T, 6]` that the selector chooses for the pair."""
        pooled = pool_components(stack(heard_input, heard_target)[None], np)
        logits = np.asarray(self._select(self._variables, pooled))[0]
        return np.tile(1.0 / (1.0 + np.exp(-logits)), (len(heard_input.rhythm), 1))

    def compose(
        self, heard_input: Heard, heard_target: Heard, gates: np.ndarray, style: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The piano roll for gates `[T, 6]` and a style `[8]`.

        Returns:
            Probabilities of onsets and of sounding frames, and velocities, `[T, 64]` each.
        """

        def window(components, gates, style):
            roll = self._compose(self._variables, components[None], gates[None], style[None])
            return jax.nn.sigmoid(roll.onsets[0]), jax.nn.sigmoid(roll.frames[0]), roll.velocities[0]

        arrays = [stack(heard_input, heard_target), gates, style_over_time(style, len(gates), LEAD_IN)]
        return over_windows(window, arrays, WINDOWS)

    def render(
        self, notes: Sequence[Note], heard_input: Heard, heard_target: Heard, gates: np.ndarray, frames: int
    ) -> np.ndarray:
        """Latents `[frames, 128]` of notes in the gated timbre."""
        table = np.array([[n.start, n.end, n.pitch, n.velocity] for n in notes], np.float32).reshape(-1, 4)
        onsets, held = rasterise(table, frames)
        ages = self._note_ages(onsets, (held > 0).astype(np.float32))
        share = gates.mean(axis=0)
        timbre = share[2] * heard_input.timbre + share[5] * heard_target.timbre

        def window(chunk):
            return self._render(self._variables, chunk[None], timbre[None])[0]

        return over_windows(window, [ages], WINDOWS)

    def _note_ages(self, onsets: np.ndarray, held: np.ndarray) -> np.ndarray:
        """`note_ages` of a whole clip `[T, 64]`, window after window, `[T, 64, 7]`."""
        length, state, ages = WINDOWS.length, None, None
        for begin in range(0, len(onsets), length):
            chunk = [np.zeros((1, length, NUM_PITCHES), np.float32) for _ in range(2)]
            for padded, whole in zip(chunk, (onsets, held), strict=True):
                padded[0, : len(whole[begin : begin + length])] = whole[begin : begin + length]
            part, state = self._ages(NoteGrid(*chunk), state)
            if ages is None:  # made once: an hour's ages are half a gigabyte
                ages = np.zeros((len(onsets), *part.shape[2:]), np.float32)
            ages[begin : begin + length] = np.asarray(part)[0, : len(onsets) - begin]
        return ages


def program(module: ArrangingAgent, method: str, **settings):
    """The jitted method of the module; weights of another version are the user's to put right."""

    def apply(variables, *args):
        try:
            return module.apply(variables, *args, method=method, **settings)
        except flax.errors.FlaxError as error:
            reason = str(error).partition(" (https")[0]
            raise UserError(f"the agent's weights do not fit this version of compjax: {reason}") from error

    return jax.jit(apply)


def stack(heard_input: Heard, heard_target: Heard) -> np.ndarray:
    """The six components of two clips in their order, `[T, 6, 64]`."""
    frames = len(heard_input.rhythm)
    parts = []
    for clip in (heard_input, heard_target):
        parts += [clip.rhythm, clip.harmony, np.broadcast_to(clip.timbre, (frames, len(clip.timbre)))]
    return np.stack(parts, axis=1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class HeardClips:
    """What was heard in input and target, and their colours (`equaliser.colour`)."""

    clips: tuple[Heard, Heard]
    colours: tuple[np.ndarray, np.ndarray]


class ArrangingComposer:
    """`Composer` of the arranging agent: notes are decided from what is heard, then rendered."""

    title = COMPOSITIONAL
    remarks = ()
    writes_notes = True
    raw_latents = False

    def __init__(self, agent: Agent):
        self.agent = agent

    def listen(self, input: Sound, target: Sound) -> HeardClips:
        """What is heard in two clips."""
        colours = (equaliser.colour(input.latents), equaliser.colour(target.latents))
        return HeardClips((self.agent.listen(input), self.agent.listen(target)), colours)

    def select(self, heard: HeardClips) -> np.ndarray:
        """The selector's gates `[T, 6]`."""
        return np.asarray(self.agent.select(*heard.clips))

    def compose(
        self, heard: HeardClips, decided: np.ndarray, style: Style, arranger: str, steering: Steering = HEARD
    ) -> Plan:
        """The notes that `arranger` (a key of `ARRANGERS`) decides."""
        later = steering.later(LEAD_IN / FRAME_RATE)
        notes = ARRANGERS[arranger](self.agent, heard.clips, decided, style, later)
        return Plan(moved(notes, -LEAD_IN / FRAME_RATE))

    def render(self, heard: HeardClips, decided: np.ndarray, plan: Plan) -> np.ndarray:
        """Latents of the plan's notes in the gated timbre, of its clip's colour and the codec's level."""
        late = moved(plan.notes, LEAD_IN / FRAME_RATE)
        latents = np.asarray(self.agent.render(late, *heard.clips, decided, len(decided)))
        coloured = equaliser.equalise(latents, gates.gated_timbre(decided, heard.colours))
        return equaliser.levelled(coloured)
