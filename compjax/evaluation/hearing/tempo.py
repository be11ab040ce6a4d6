"""How well tempo, meter and bars are heard: drum clips that are drawn, whose truth is known.

    python -m compjax.evaluation.hearing.tempo --seed=7 --count=4
    python -m compjax.evaluation.hearing.tempo --seed=7 --count=4 --upbeat

prints a table; with `--upbeat` all clips begin on a beat that is not the bar's first. The patterns
(`tempo_patterns.py`) are none of those that hearing was fitted to: straight, swung, half-time and double-time
feels, three, five, six and seven beats to the bar, 46 to 190 beats per minute (eighths of odd meters up to
300), played by kits that never were.
"""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
from absl import flags

from compjax.constants import SAMPLE_RATE
from compjax.data.drawing.drum_clips import DrumClip, draw_clip
from compjax.data.drawing.drum_patterns import DrumPattern
from compjax.evaluation.hearing import judging
from compjax.evaluation.hearing.tempo_patterns import KINDS, PATTERNS
from compjax.hearing.grid import hear
from compjax.music.time.grid import Grid

NEAR = 0.04
"""A tempo is right within 4 %, as is usual (Gouyon et al., IEEE TASLP 14(5), 2006)."""

ON_TIME = 0.07
"""A bar's beginning is right within 70 ms, as is usual for beats."""

SECONDS = (8.0, 14.0)
"""Length of the clips."""


@dataclasses.dataclass(frozen=True)
class HeardRight:
    """Whether tempo, tempo but for a factor of 2 or 3, meter and first bar of a clip are right."""

    tempo: bool
    octave: bool
    meter: bool
    downbeat: bool


def judge(clip: DrumClip, found: Grid) -> HeardRight:
    """A grid that was heard beside the truth."""
    if not found.tempo:
        return HeardRight(False, False, False, False)
    ratio = found.period / clip.period
    tempo = abs(ratio - 1.0) <= NEAR
    octave = any(abs(ratio / factor - 1.0) <= NEAR for factor in (1 / 3, 1 / 2, 1, 2, 3))
    bar = clip.period * clip.beats_per_bar
    off = (found.downbeat - clip.origin + bar / 2) % bar - bar / 2
    return HeardRight(tempo, octave, abs(found.bar / bar - 1.0) <= NEAR, abs(off) <= ON_TIME)


def drawn(pattern: DrumPattern, number: int, seed: int, turn: int) -> DrumClip:
    """Clip `turn` of a pattern."""
    generator = np.random.default_rng([seed, turn, number])
    return draw_clip(pattern, float(generator.uniform(*SECONDS)), generator, vary=bool(turn % 2))


def from_upbeat(clip: DrumClip, beat: int) -> DrumClip:
    """A clip from the first beat on that is number `beat` of its bar, counted from 0."""
    first = round(clip.first(beat) * SAMPLE_RATE)
    return dataclasses.replace(clip, audio=clip.audio[first:], origin=clip.origin - first / SAMPLE_RATE)


def measure(seed: int, count: int, upbeat: bool = False) -> dict[str, list[HeardRight]]:
    """`count` clips of each pattern, by its name; with `upbeat` each from a drawn beat on, but the first."""
    judged: dict[str, list[HeardRight]] = {}
    for number, pattern in enumerate(PATTERNS):
        for turn in range(count):
            clip = drawn(pattern, number, seed, turn)
            if upbeat:
                generator = np.random.default_rng([seed, turn, number, 1])
                clip = from_upbeat(clip, int(generator.integers(1, clip.beats_per_bar)))
            judged.setdefault(pattern.name, []).append(judge(clip, hear(clip.audio)))
    return judged


def table(judged: dict[str, list[HeardRight]]) -> str:
    """Shares by pattern, by kind of pattern, and of all."""
    names = [field.name for field in dataclasses.fields(HeardRight)]
    lines = [f"{'pattern':30}" + "".join(f"{name:>10}" for name in names)]
    everything = [one for several in judged.values() for one in several]
    kinds = {name: [one for key in keys for one in judged.get(key, ())] for name, keys in KINDS.items()}
    for part in (judged, {name: several for name, several in kinds.items() if several}, {"all": everything}):
        lines += [""] * bool(part)
        for name, several in part.items():
            shares = (np.mean([getattr(one, what) for one in several]) for what in names)
            lines.append(f"{name:30}" + "".join(f"{share:10.0%}" for share in shares))
    return "\n".join(lines)


def run(argv: list[str] | None = None) -> int:
    """The command."""

    def define(values):
        flags.DEFINE_bool("upbeat", False, "Clips begin on a beat, not a bar's first.", flag_values=values)

    def tell(values):
        return table(measure(values.seed, values.count, values.upbeat))

    return judging.run("tempo", __doc__, tell, 4, "Clips of each pattern.", define, argv)


if __name__ == "__main__":
    sys.exit(run())
