"""Notes by the rules of arranging: hits and chords that were heard, or given in their place.

The choices are those that define the truth in training (`music/arrange.py`); where notes lie and how long
they are held is the performer's (`performer.py`). The rules were better than the composer network where both
were measured (BUILD_NOTES.md), and are the default.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.arranging.performer import Performer
from compjax.arranging.steering import Steering
from compjax.constants import FRAME_RATE
from compjax.hearing.reading import CLASSES, HeardPair
from compjax.music.roles import USUAL
from compjax.music.score import Note, moved
from compjax.music.style import Style


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
    softest: float = 0.4


def balanced(
    notes: tuple[Note, ...], levels: np.ndarray, config: BalanceConfig = BalanceConfig()
) -> tuple[Note, ...]:
    """Notes whose velocities follow how strongly their pitch class sounds in the recording just then.

    Only the balance among notes struck together changes: the loudest of them keeps its velocity, so
    that no hit gets lost. `levels` `[T, 12]` are relative to the strongest class.
    """
    factor = np.clip(levels**config.share, config.softest, 1.0)
    frames = [min(max(int(note.start * FRAME_RATE), 0), len(factor) - 1) for note in notes]
    factors = [factor[t, n.pitch % CLASSES] for t, n in zip(frames, notes, strict=True)]
    strongest: dict[int, float] = {}
    for frame, of in zip(frames, factors, strict=True):
        strongest[frame] = max(strongest.get(frame, 0.0), of)
    return tuple(
        dataclasses.replace(note, velocity=float(note.velocity * of / strongest[frame]))
        for note, frame, of in zip(notes, frames, factors, strict=True)
    )


def by_rules(
    heard: HeardPair,
    decided: np.ndarray,
    style: Style,
    steering: Steering,
    performer: Performer,
    config: BalanceConfig = BalanceConfig(),
) -> tuple[Note, ...]:
    """Hits and chords of the gated clips, or those given in their place, arranged by the rules.

    Args:
        heard: what was heard in both clips.
        decided: the gates `[T, 6]`.
        style: the choices that the rules leave open.
        steering: what is given in the place of what was heard.
        performer: of the instrument that plays them.
        config: how velocities follow the recording.

    Returns:
        Notes by start, in seconds from the beginning of the clips; none begins before it.
    """
    rhythm, harmony = steering.over(*heard.music(decided))
    notes = moved(performer.play(rhythm, harmony, style, roles=steering.roles or USUAL), 0.0)
    if steering.harmony is not None or performer.is_kit:  # the recording's balance is that of other chords
        return notes
    return balanced_to(heard, decided, notes, config)


def balanced_to(
    heard: HeardPair, decided: np.ndarray, notes: tuple[Note, ...], config: BalanceConfig = BalanceConfig()
) -> tuple[Note, ...]:
    """`balanced`, to what was heard of the harmony's clip by the gates `[T, 6]`."""
    return balanced(notes, heard.class_levels(decided, config.window), config)
