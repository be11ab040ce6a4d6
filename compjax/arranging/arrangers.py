"""From what was heard to the notes of the new part: two arrangers, called alike.

`rules` reads hits and chords from what was heard and applies the arranging rules of the training
data to them. `network` takes the piano roll that the composer predicts. The rules were better where
both were measured (BUILD_NOTES.md, "Agent"), and are the default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from compjax.arranging import gates
from compjax.arranging.notes import answer_hits, moved, roll_to_notes
from compjax.arranging.steering import HEARD, Steering
from compjax.compose.composer import LEAD_IN
from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.errors import UserError
from compjax.hearing.reading import CLASSES, read_pair
from compjax.music.arrange import arrange, revoiced
from compjax.music.score import Note, shifted
from compjax.music.style import Style

CANNOT_BE_STEERED = (
    "a groove or chords from a file need the arranging agent and its rules: use the bundled model"
)


@dataclasses.dataclass(frozen=True)
class BalanceConfig:
    """How the velocities of chord tones follow the recording.

    Attributes:
        share: how far they follow its levels: 0 not at all, 1 in proportion.
        window: frames over which those levels are averaged.
        softest: least factor of that.
    """

    share: float = 1.0
    window: int = 75
    softest: float = 0.15


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over `window` (odd) frames around each of `[T, N]`, edges repeated."""
    padded = np.pad(values, ((window // 2, window // 2), (0, 0)), mode="edge").astype(np.float64)
    total = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    return (total[window:] - total[:-window]) / window


def balanced(
    notes: tuple[Note, ...], salience: np.ndarray, levels: np.ndarray, config: BalanceConfig = BalanceConfig()
) -> tuple[Note, ...]:
    """Notes whose velocities follow how strongly their pitch class sounds in the recording just then.

    Only the balance among notes struck together changes: the loudest of them keeps its velocity, so
    that no hit gets lost. Salience and levels (magnitudes) are `[T, 64]`.
    """
    power = moving_mean(salience * levels**2, config.window)
    classes = np.stack([power[:, c::CLASSES].sum(axis=1) for c in range(CLASSES)], axis=1)
    share = np.sqrt(classes / np.maximum(classes.max(axis=1, keepdims=True), 1e-12))
    factor = np.clip(share**config.share, config.softest, 1.0)

    frames = [min(max(int(note.start * FRAME_RATE), 0), len(factor) - 1) for note in notes]
    factors = [factor[t, (n.pitch - MIN_PITCH) % CLASSES] for t, n in zip(frames, notes, strict=True)]
    strongest: dict[int, float] = {}
    for frame, of in zip(frames, factors, strict=True):
        strongest[frame] = max(strongest.get(frame, 0.0), of)
    return tuple(
        dataclasses.replace(note, velocity=float(note.velocity * of / strongest[frame]))
        for note, frame, of in zip(notes, frames, factors, strict=True)
    )


def by_rules(agent, heard, decided: np.ndarray, style: Style, steering: Steering = HEARD) -> tuple[Note, ...]:
    """Hits and chords of the gated clips, or those given in their place, arranged by the rules.

    The style's contour runs in the clip's own time, which begins after `LEAD_IN` frames.
    """
    del agent
    lead = LEAD_IN / FRAME_RATE
    rhythm, harmony = shifted(*steering.over(*read_pair(heard, decided)), -lead)
    notes = moved(arrange(rhythm, revoiced(harmony, style), style), lead)
    if steering.harmony is not None:  # the recording's balance is that of other chords
        return notes
    salience = gates.mixed(decided, "harmony", *(clip.harmony for clip in heard))
    levels = gates.mixed(decided, "harmony", *(clip.levels for clip in heard))
    return balanced(notes, salience, levels)


def by_network(
    agent, heard, decided: np.ndarray, style: Style, steering: Steering = HEARD
) -> tuple[Note, ...]:
    """The notes of the roll that the composer predicts; it composes on what it hears alone."""
    if steering:
        raise UserError(CANNOT_BE_STEERED)
    roll = agent.compose(*heard, decided, style.vector())
    onsets, frames, velocities = (np.asarray(part) for part in roll)
    hits = gates.mixed(decided, "rhythm", *(clip.voices for clip in heard)).max(axis=1)
    return roll_to_notes(answer_hits(onsets, hits), frames, velocities)


ARRANGERS: dict[str, Callable[..., tuple[Note, ...]]] = {"rules": by_rules, "network": by_network}
"""Name -> `(agent, heard, gates, style, steering) -> notes`."""
