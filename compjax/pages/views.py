"""What a composition was made from, kept to be shown and heard: sound, beats, hits, chords, gates.

Of sound only the first two minutes are kept: an hour of three clips would be a gigabyte.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from compjax.audio.log_scale import to_log
from compjax.constants import FRAME_RATE, SAMPLE_RATE
from compjax.music.chords.chord_names import name_of
from compjax.music.groove import Groove
from compjax.music.score import Harmony, Hit, Rhythm
from compjax.music.time.grid import NO_GRID, Grid

KEPT_SECONDS = 120.0
"""Sound from the beginning of a clip that is kept to be shown and heard."""

DECIBELS = 20.0 / np.log(10.0)
"""What a natural logarithm of magnitude is multiplied by."""


def kept(audio: np.ndarray) -> np.ndarray:
    """The part of audio `[S]` that is shown; a copy, so that the whole is not held on to."""
    return audio[: round(KEPT_SECONDS * SAMPLE_RATE)].copy()


@dataclasses.dataclass(frozen=True, eq=False)
class ClipView:
    """What is seen of one clip; times in seconds.

    Attributes:
        name: its file's name, or what it is.
        audio: `[S]` float32 at 24 kHz, its first two minutes.
        beats: `[N]`, none where no beat is trusted.
        hits: what the agent heard struck; none from an agent that does not hear hits.
        harmony: the chords that it heard; none from an agent that does not hear chords.
        seconds: length of the whole clip.
        grid: its beats and bars; none of the target, whose beats are moved.
    """

    name: str
    audio: np.ndarray
    beats: np.ndarray
    hits: tuple[Hit, ...] = ()
    harmony: Harmony = Harmony()
    seconds: float = 0.0
    grid: Grid = NO_GRID

    @functools.cached_property
    def decibels(self) -> np.ndarray:
        """The spectrogram, see `spectrogram`."""
        return spectrogram(self.audio)

    def chord_names(self) -> tuple[str, ...]:
        """The names of its chords in their order."""
        return tuple(name_of(span.pitches, span.bass) for span in self.harmony.spans)


@dataclasses.dataclass(frozen=True, eq=False)
class PairView:
    """Both clips, the target as it was laid along the input, and what was taken of them.

    Attributes:
        input: the clip that gives the length.
        target: the other in the input's time: looped, its beats moved.
        target_as_given: `[S]` float32 at 24 kHz, the first two minutes of the target as it came.
        target_seconds: its whole length.
        target_keeps_time: whether the target as it came lies along the input as it is.
        gates: `[T, 6]` in [0, 1], in the order of `options.COMPONENTS`, 75 frames a second.
        rhythm: the hits that the part was composed on; none where the agent has none to show.
        harmony: the chords that it was composed on, the same.
        groove: what stood in the input's place, where it was no clip.
    """

    input: ClipView
    target: ClipView
    target_as_given: np.ndarray
    target_seconds: float
    target_keeps_time: bool
    gates: np.ndarray
    rhythm: Rhythm = Rhythm(())
    harmony: Harmony = Harmony()
    groove: Groove | None = None

    @property
    def seconds(self) -> float:
        """Length of the new piece."""
        return len(self.gates) / FRAME_RATE


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """Levels `[T, 128]` float32 in dB of a full-scale sine, of audio `[S]` at 24 kHz.

    75 frames a second, 15 bands to the octave from C1; see `compjax.codec.vocos.bands`.
    """
    from compjax.codec.vocos import bands

    return DECIBELS * to_log(bands.encode(audio))
