"""Drum clips whose tempo, meter and bars are known: a pattern on a grid, played by a kit that never was."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.data.drawing import rhythms
from compjax.data.drawing.drum_patterns import DrumPattern
from compjax.data.rendering.drums import Drums
from compjax.music.score import HIGH, LOW, MID, Hit

KEYS = {LOW: (35, 36), MID: (37, 38, 39, 40), HIGH: (42, 44, 46, 51, 70)}
"""General MIDI percussion of the voices, of which a clip draws one each."""


@dataclasses.dataclass(frozen=True, eq=False)
class DrumClip:
    """Sound `[S]` at 24 kHz, the pattern's name, seconds of a beat, beats to the bar, where bar 0 begins."""

    audio: np.ndarray
    name: str
    period: float
    beats_per_bar: int
    origin: float

    def first(self, beat: float) -> float:
        """Seconds of the clip's first place that is `beat` beats behind where a bar begins."""
        return (self.origin + beat * self.period) % (self.period * self.beats_per_bar)


def draw_clip(
    pattern: DrumPattern, seconds: float, generator: np.random.Generator, vary: bool = True
) -> DrumClip:
    """A pattern at a tempo of its range, begun within a bar in one of three clips, played loosely."""
    tempo = float(np.exp(generator.uniform(*np.log(pattern.tempos))))
    swing = 2.0 * generator.uniform(0.1, 1 / 6) if pattern.swing else 0.0
    beats, steps = pattern.beats_per_bar, pattern.steps_per_beat
    bar = beats * 60.0 / tempo
    origin = -bar * generator.uniform(0.0, 1.0) if generator.random() < 1 / 3 else 0.0
    grid = rhythms.StepGrid(tempo, beats, steps, swing, origin, int(np.ceil((seconds - origin) / bar)))
    if vary:
        voices = rhythms.groove_bars(pattern, grid.bars, generator)
    else:
        written = {v: [(s, x) for s, x in enumerate(pattern.velocities(v)) if x] for v in (LOW, MID, HIGH)}
        length = grid.steps_per_bar
        voices = {
            v: [(b * length + s, x) for b in range(grid.bars) for s, x in w] for v, w in written.items()
        }
    hits = rhythms.humanised(rhythms.drum_hits(voices, grid), generator)
    audio = played(hits, seconds, generator)
    return DrumClip(audio, pattern.name, 60.0 / tempo, beats, origin)


def played(hits: tuple[Hit, ...], seconds: float, generator: np.random.Generator) -> np.ndarray:
    """Hits by a drawn kit, `[S]` float32 at 24 kHz at RMS 0.1."""
    keys = {voice: int(generator.choice(choices)) for voice, choices in KEYS.items()}
    events = [
        (round(hit.time * SAMPLE_RATE), keys[hit.voice], round(127 * hit.velocity))
        for hit in hits
        if 0.0 <= hit.time < seconds
    ]
    audio = Drums().render(
        events, 0, int(generator.integers(1 << 30)), round(seconds * SAMPLE_RATE), SAMPLE_RATE
    )
    return audio * np.float32(0.1 / max(float(np.sqrt(np.mean(audio**2))), 1e-6))
