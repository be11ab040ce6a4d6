"""Notes by the transformer: it writes them at the hits that were heard, or at those given in their place."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np

from compjax.arranging.rules import balanced_to
from compjax.arranging.steering import Steering
from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES
from compjax.errors import UserError
from compjax.hearing.listener import Heard
from compjax.hearing.reading import HeardPair, has_pitches, read_clip, seconded
from compjax.hearing.sound import LEAD_IN
from compjax.models.composing.factor_frames import (
    Likelihood,
    factor_frames,
    frame_of,
    given_chords,
    given_hits,
    seconds_of,
    slots_of,
)
from compjax.models.composing.note_transformer import NoteTransformer
from compjax.models.programs import program
from compjax.music.arrange import without_collisions
from compjax.music.score import Note, Reason, Rhythm, moved
from compjax.music.style import Style, style_over_time


@dataclasses.dataclass(frozen=True)
class WritingConfig:
    """How notes are read from what the transformer writes.

    Attributes:
        threshold: lowest probability of a note.
        floor: what the most probable note of a moment needs at least, to answer a hit that has none.
        share: what another one needs of it, to answer with it.
        length: frames of a window, those that it was trained on; `context` of them on either side are only
            looked at.
        moments: of a window, at most; a rhythm has no more hits in it.
        shortest: seconds of a note.
    """

    threshold: float = 0.5
    floor: float = 0.15
    share: float = 0.9
    length: int = 300
    context: int = 48
    moments: int = 128
    shortest: float = 0.05

    @property
    def hop(self) -> int:
        """Frames from one window to the next."""
        return self.length - 2 * self.context


def likelihood_of(heard: Heard, steering: Steering) -> Likelihood:
    """What hearing says of a clip; what is given in its place is certain."""
    frames = len(heard.voices) - LEAD_IN
    voices, velocities = heard.voices[LEAD_IN:], heard.hit_velocities[LEAD_IN:]
    classes, bass = seconded(heard.classes, heard.levels)[LEAD_IN:], heard.bass[LEAD_IN:]
    if steering.rhythm is not None:
        voices, velocities = given_hits(steering.rhythm, frames)
    if steering.harmony is not None:
        classes, bass = given_chords(steering.harmony, frames)
    return Likelihood(voices, velocities, classes, bass, has_pitches(heard.classes))


def frames_of(heard: Heard, steering: Steering) -> np.ndarray:
    """A clip as the transformer is given it, `[T, 62]`."""
    return factor_frames(*steering.over(*read_clip(heard)), likelihood_of(heard, steering))


def decided(probable: np.ndarray, config: WritingConfig) -> np.ndarray:
    """Which notes are played, bool `[N, 64]`, of their probabilities: none of the hits stays without one."""
    best = probable.max(axis=1, keepdims=True)
    answer = (best >= config.floor) & (probable >= config.share * best)
    return (probable >= config.threshold) | (answer & (best < config.threshold))


class Transformer:
    """The transformer and its weights, over clips of any length."""

    def __init__(self, module: NoteTransformer, variables: dict, config: WritingConfig = WritingConfig()):
        self._variables, self._config = jax.device_put(variables), config
        self._write = program(module, "__call__")

    def arrange(
        self, heard: HeardPair, gates: np.ndarray, style: Style, steering: Steering
    ) -> tuple[Note, ...]:
        """Notes by start, in seconds from the beginning of the clips; as `rules.by_rules`."""
        if steering.roles is not None:
            raise UserError("roles are of the rules of arranging: leave out roles, or take arranger=rules")
        times, written = self._at_hits(heard, gates, style, steering)
        notes = self._notes(*written, times, *steering.over(*heard.music(gates)))
        if steering.harmony is not None:
            return notes
        return balanced_to(heard, gates, notes)

    def probabilities(
        self, heard: HeardPair, gates: np.ndarray, style: Style, steering: Steering
    ) -> tuple[np.ndarray, np.ndarray]:
        """Seconds `[N]` of the hits, and how probable each pitch is at them, `[N, 64]`."""
        times, (probable, *_) = self._at_hits(heard, gates, style, steering)
        return times, probable

    def _at_hits(self, heard: HeardPair, gates: np.ndarray, style: Style, steering: Steering) -> tuple:
        """Seconds of the hits and what is written at them: probabilities, velocities, lengths."""
        rhythm, _ = steering.over(*heard.music(gates))
        moments = slots_of(rhythm, len(gates))
        clips = np.stack([frames_of(clip, steering) for clip in heard.clips])
        chosen = style_over_time(style.vector(), len(gates))[moments]
        return times_of(rhythm, moments), self._written(clips, chosen, gates, moments)

    def _notes(self, probable, velocities, lengths, times: np.ndarray, rhythm, harmony) -> tuple[Note, ...]:
        """Notes of what is written at `times` `[N]`, `[N, 64]` each, for hits and chords."""
        notes, hits = [], {hit.time: hit for hit in rhythm.hits}
        for place, pitch in zip(*np.nonzero(decided(probable, self._config)), strict=True):
            length = max(float(seconds_of(lengths[place, pitch])), self._config.shortest)
            velocity = float(np.clip(velocities[place, pitch], 1 / 127, 1.0))
            start = float(times[place])
            chord = harmony.spans[harmony.index_at(start)] if harmony.spans else None
            reason = Reason("transformer", hits.get(start), chord, float(probable[place, pitch]))
            pitch = MIN_PITCH + int(pitch)
            notes.append(Note(start, start + length, pitch, velocity, reason=reason))
        return moved(without_collisions(notes), 0.0)

    def _written(self, clips, style, gates, moments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities, velocities and lengths `[N, 64]`, each from the window whose middle it is in."""
        made = np.zeros((3, len(moments), NUM_PITCHES), np.float32)
        for first in range(0, len(gates), self._config.hop):
            inside = np.flatnonzero((moments >= first) & (moments < first + self._config.hop))
            if len(inside):
                begin = first - self._config.context
                made[:, inside] = self._window(begin, moments[inside], clips, style[inside], gates)
        return tuple(made)

    def _window(self, first: int, moments: np.ndarray, clips, style, gates) -> np.ndarray:
        """One window from frame `first` on, which lies within the clip where the clip is long enough."""
        length = self._config.length
        first = max(min(first, len(gates) - length), 0)
        asked = np.zeros(self._config.moments, np.int32)
        asked[: len(moments)] = moments - first
        heard, gates = (padded(array[..., first : first + length, :], length) for array in (clips, gates))
        style = padded(style, self._config.moments)
        written = self._write(self._variables, heard[None], style[None], asked[None], gates[None])
        parts = jax.nn.sigmoid(written.onsets), written.velocities, written.lengths
        return np.stack([np.asarray(part)[0, : len(moments)] for part in parts])


def padded(frames: np.ndarray, length: int) -> np.ndarray:
    """`[..., T, N]` with silence to `length` frames."""
    missing = length - frames.shape[-2]
    return np.pad(frames, [(0, 0)] * (frames.ndim - 2) + [(0, missing), (0, 0)]).astype(np.float32)


def times_of(rhythm: Rhythm, moments: np.ndarray) -> np.ndarray:
    """Seconds of the first hit in each frame of `moments`."""
    first: dict[int, float] = {}
    for hit in sorted(rhythm.hits, key=lambda hit: -hit.time):
        first[frame_of(hit.time)] = hit.time
    return np.asarray([first.get(int(frame), (frame + 0.5) / FRAME_RATE) for frame in moments])
