"""What a user wants of a new piece's tempo, key and length. Pure Python: checked before NumPy loads."""

from __future__ import annotations

import dataclasses
import math

from compjax.errors import UserError
from compjax.music.time.meter import bpm_of

STEPS = (1, 2, 4, 8, 16, 32, 64, 3, 6, 12, 24, 48)
"""Notes of a whole note that can be quantized to; those that 3 divides are triplets."""

STRAIGHT, HARDEST_SWING = 0.5, 0.8
"""Shares of a pair of notes that its first can take."""

MOST_SEMITONES = 24
"""Of a transposition, up or down."""

MOST_BARS = 256
"""Bars of the longest loop."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """What is done to the notes between composing and playing.

    Attributes:
        bpm: quarter notes per minute of the new piece, all beats even; None keeps the input's beats.
        transpose: semitones up.
        quantize: notes of a whole note, such as 16, to which onsets are moved; None leaves them.
        quantize_strength: share of the way that they are moved, from 0 to 1.
        swing: share of a pair of eighths (or of `quantize`) that the first takes; None leaves them.
        loop: the new piece is whole bars, and its end leads into its beginning.
        bars: how many; None takes all whole bars of the input.

    Raises:
        UserError: at construction, if a value is none of these.
    """

    bpm: float | None = None
    transpose: int = 0
    quantize: int | None = None
    quantize_strength: float = 1.0
    swing: float | None = None
    loop: bool = False
    bars: int | None = None

    def __post_init__(self):
        if self.bpm is not None:
            bpm_of(self.bpm, "bpm")
        _check(self.transpose, "transpose", -MOST_SEMITONES, MOST_SEMITONES, whole=True)
        if self.quantize is not None and self.quantize not in STEPS:
            raise UserError(
                f"quantize must be one of {', '.join(map(str, sorted(STEPS)))}, not {self.quantize!r}"
            )
        _check(self.quantize_strength, "quantize_strength", 0.0, 1.0)
        if self.swing is not None:
            _check(self.swing, "swing", STRAIGHT, HARDEST_SWING)
        if self.bars is not None:
            _check(self.bars, "bars", 1, MOST_BARS, whole=True)
            if not self.loop:
                raise UserError("bars are counted for a loop: give loop (--loop) too")

    @property
    def moves(self) -> bool:
        """Whether it needs the input's beats."""
        return any((self.bpm, self.quantize, self.swing is not None, self.loop))

    def __bool__(self) -> bool:
        return self.moves or self.transpose != 0


def _check(value, name: str, low: float, high: float, whole: bool = False) -> None:
    kind = "a whole number" if whole else "a number"
    try:
        right = math.isfinite(value) and low <= value <= high and (not whole or value == int(value))
    except (TypeError, ValueError):
        right = False
    if not right:
        raise UserError(f"{name} must be {kind} from {low:g} to {high:g}, not {value!r}")
