"""Meters, and what a user can set of a clip's grid. Pure Python, so that it is checked before NumPy loads."""

from __future__ import annotations

import dataclasses
import math

from compjax.errors import UserError

SLOWEST, FASTEST = 20.0, 400.0
"""Tempi that can be set, in quarter notes per minute."""

UNITS = (1, 2, 4, 8, 16, 32)
"""Notes that a meter can count: its denominators."""

MOST_BEATS = 32
"""Beats of the longest bar."""


@dataclasses.dataclass(frozen=True)
class Meter:
    """Beats to the bar, and the note that is a beat (4 a quarter, 8 an eighth)."""

    beats: int = 4
    unit: int = 4

    def __post_init__(self):
        if not (1 <= self.beats <= MOST_BEATS and self.unit in UNITS):
            raise UserError(
                f"a meter is 1 to {MOST_BEATS} beats of one of {', '.join(f'1/{unit}' for unit in UNITS)}, "
                f"not {self}"
            )

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @property
    def quarters(self) -> float:
        """Length of the bar in quarter notes."""
        return 4.0 * self.beats / self.unit

    def beat_seconds(self, tempo: float) -> float:
        """Seconds of a beat at `tempo` quarter notes per minute."""
        return 240.0 / (tempo * self.unit)

    @classmethod
    def parse(cls, text: str, what: str = "a meter") -> Meter:
        """The meter of a text such as 7/8.

        Raises:
            UserError: if it is none.
        """
        parts = str(text).strip().split("/")
        if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
            raise UserError(f"{what} is given as beats/note, such as 4/4 or 7/8, not {text!r}")
        return cls(*(int(part) for part in parts))


COMMON = Meter()
"""Four quarters: what a meter is taken for where nothing tells."""


@dataclasses.dataclass(frozen=True)
class GridSettings:
    """What a user knows of a clip's grid; None is to be heard.

    Attributes:
        bpm: quarter notes per minute, 20 to 400.
        meter: beats to the bar and their note.
        downbeat: seconds of any bar's beginning.
    """

    bpm: float | None = None
    meter: Meter | None = None
    downbeat: float | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.bpm, self.meter, self.downbeat))


HEARD = GridSettings()
"""Nothing is set: everything is heard."""


def bpm_of(value, what: str = "a tempo") -> float:
    """A tempo as a number; UserError if it is none from 20 to 400."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not SLOWEST <= number <= FASTEST:
        raise UserError(f"{what} must be {SLOWEST:g} to {FASTEST:g} quarter notes per minute, not {value!r}")
    return number
