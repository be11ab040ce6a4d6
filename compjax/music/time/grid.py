"""The grid of a clip: tempo, beats, first downbeat and meter, each with how sure it is, in one value.

Tempo is in quarter notes per minute, as in MIDI and in every sequencer: 7/8 at 120 has seven eighths of
0.25 s to the bar. A beat is the note that the meter counts, here an eighth.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from compjax.music.time.meter import COMMON, Meter


@dataclasses.dataclass(frozen=True)
class Sureness:
    """How sure tempo, first downbeat and meter are, each in [0, 1]; 1 where a user has set it."""

    tempo: float = 0.0
    downbeat: float = 0.0
    meter: float = 0.0


KNOWN = Sureness(1.0, 1.0, 1.0)
"""Of a grid that is not heard but given."""


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Where a clip's beats and bars are.

    Attributes:
        tempo: quarter notes per minute; 0 if there is no steady beat.
        beats: `[N]` seconds of the beats within the clip, increasing.
        downbeat: seconds at which the first bar begins that begins in the clip (or up to an eighth of a beat
            before it).
        meter: beats to the bar, and their note.
        confidence: of tempo, downbeat and meter.
    """

    tempo: float = 0.0
    beats: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    downbeat: float = 0.0
    meter: Meter = COMMON
    confidence: Sureness = Sureness()

    @property
    def period(self) -> float:
        """Seconds of a beat at the tempo; there must be one."""
        return self.meter.beat_seconds(self.tempo)

    @property
    def bar(self) -> float:
        """Seconds of a bar at the tempo; there must be one."""
        return self.period * self.meter.beats

    @property
    def tempo_of_beats(self) -> float:
        """Beats, of the meter's note, per minute; 0 if there are none."""
        return 60.0 / self.period if self.tempo else 0.0

    @property
    def first_downbeat(self) -> int:
        """Index in `beats` of the first beat that begins a bar; it may be one that would follow the last."""
        if not self.beats.size:
            return 0
        near = int(np.argmin(np.abs(self.beats - self.downbeat)))
        return near + round((self.downbeat - float(self.beats[near])) / self.period)

    def summary(self) -> dict:
        """The figures, for the report."""
        return {
            "tempo": round(self.tempo, 3),
            "meter": str(self.meter),
            "first_downbeat": round(self.downbeat, 4),
            "beats": [round(float(beat), 4) for beat in self.beats],
            "confidence": {name: round(value, 3) for name, value in vars(self.confidence).items()},
        }

    def in_words(self) -> str:
        """Tempo, meter and first bar, such as "120 beats per minute in 4/4, its first bar at 0.25 s"."""
        if not self.tempo:
            return "no steady beat"
        return f"{self.tempo:.4g} quarters per minute in {self.meter}, its first bar at {self.downbeat:.2f} s"


NO_GRID = Grid()
"""Of a clip without a steady beat."""


def regular(tempo: float, meter: Meter, downbeat: float, seconds: float, confidence: Sureness) -> Grid:
    """The grid of an even tempo over a clip of `seconds`, any of whose bars begins at `downbeat`."""
    period = meter.beat_seconds(tempo)
    downbeat = first_within(downbeat, period, meter)
    first = math.ceil(-downbeat / period - 1e-9)
    count = max(math.ceil((seconds - downbeat) / period - 1e-9) - first, 0)
    beats = downbeat + period * (first + np.arange(count))
    return Grid(tempo, beats, downbeat, meter, confidence)


def first_within(downbeat: float, period: float, meter: Meter) -> float:
    """The beginning of the first bar that is not more than an eighth of a beat before the clip."""
    bar = period * meter.beats
    return float(downbeat - bar * math.floor((downbeat + period / 8) / bar))
