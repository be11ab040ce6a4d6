"""The factors of a clip, the two clips that they come from, and the switches between them."""

from __future__ import annotations

import dataclasses

FACTORS = ("rhythm", "harmony", "timbre")
"""The factors of a clip, in the order of every table and vector."""

INPUT, TARGET = SOURCES = ("input", "target")
"""The two clips, in the order of the components."""

CHOICES = (*SOURCES, "auto")
"""What a factor's switch can say; auto leaves it to the selector."""

COMPONENTS = tuple(f"{source} {factor}" for source in SOURCES for factor in FACTORS)
"""The six components, in the order of the gates."""

PLACES = tuple((source, factor) for source in SOURCES for factor in FACTORS)
"""Clip and factor of each of the six gates, in their order."""

GATE_NAMES = tuple("_".join(place) for place in PLACES)
"""The gates by a name for scalars, such as "input_rhythm"."""


@dataclasses.dataclass(frozen=True)
class Switches:
    """Which clip each factor is taken from: "input" or "target"; the original's way round by default."""

    rhythm: str = INPUT
    harmony: str = TARGET
    timbre: str = TARGET

    def __post_init__(self):
        for field, value in dataclasses.asdict(self).items():
            if value not in SOURCES:
                raise ValueError(f"{field} must be {INPUT!r} or {TARGET!r}, not {value!r}")

    @property
    def label(self) -> str:
        """Sources of rhythm, harmony and timbre by initial, such as "ITT"."""
        return "".join(getattr(self, factor)[0] for factor in FACTORS).upper()
