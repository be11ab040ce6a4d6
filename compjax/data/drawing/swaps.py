"""Pairs of clips whose factors are known, and every recombination of their factors.

DrawnClip A (the input) and clip B (the target) are performances: a rhythm, a harmony and a style
arranged into notes, played by a timbre. A swap takes each factor from A (switch 0) or B
(switch 1) and arranges them afresh: the arrangement is the truth for that switch setting.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from compjax.audio.loudness import normalize_rms
from compjax.data.drawing import parts, rhythms
from compjax.data.drawing.harmonies import draw_harmony
from compjax.data.rendering import effects, timbres
from compjax.data.rendering.soundfont import PREROLL, Timbre, render
from compjax.data.splits import SPLITS
from compjax.music import score
from compjax.music.arrange import arrange, revoiced
from compjax.music.score import Harmony, Note, Rhythm
from compjax.music.style import Style, random_style

CLIP_SECONDS = 4.0
MAX_NOTES = 256
MAX_HITS = 128
MARGIN = 4.0  # seconds of pattern before the clip, so that long notes are sounding when it begins

LOW_SHARE = 0.15
"""How much of what is not tested on is played an octave lower."""

Recombination = tuple[int, int, int]
"""Rhythm, harmony, timbre: 0 from the input, 1 from the target."""

KINDS = (("drums, pitched", 0.45), ("pitched, drums", 0.10), ("pitched, pitched", 0.45))
SETTINGS: dict[str, tuple[tuple[Recombination, float], ...]] = {
    "drums, pitched": (
        ((0, 1, 1), 0.75), ((1, 1, 1), 0.11), ((1, 1, 0), 0.07), ((0, 1, 0), 0.05), ((0, 0, 0), 0.02),
    ),
    "pitched, drums": (
        ((1, 0, 0), 0.60), ((0, 0, 0), 0.18), ((1, 0, 1), 0.09), ((0, 0, 1), 0.09), ((1, 1, 1), 0.04),
    ),
    "pitched, pitched": tuple((s, 1 / 8) for s in itertools.product((0, 1), repeat=3)),
}  # fmt: skip
"""Switch settings of each kind of pair, and how common: a kit's harmony is only asked for with the kit."""


@dataclasses.dataclass(frozen=True)
class DrawnClip:
    """A performance of `CLIP_SECONDS`: its factors as they can be heard, and its notes."""

    rhythm: Rhythm
    harmony: Harmony
    timbre: Timbre
    style: Style
    notes: tuple[Note, ...]
    recording: effects.Recording
    part: str

    @property
    def is_kit(self) -> bool:
        """Whether a drum kit plays it."""
        return self.timbre.is_kit


@dataclasses.dataclass(frozen=True)
class DrawnPair:
    """Input and target, and the switches and style drawn for their arrangement."""

    input: DrawnClip
    target: DrawnClip
    kind: str
    switches: Recombination
    style: Style
    seed: int


@dataclasses.dataclass(frozen=True)
class Performance:
    """Notes and the audio float32 `[S]` of them, at the reference level."""

    notes: tuple[Note, ...]
    audio: np.ndarray


def ideal_gates(pair: DrawnPair) -> tuple[float, ...]:
    """The six gates the selector should learn: rhythm from the one, harmony and timbre from the other.

    The rhythm comes from the input, except where only the target is a drum kit.
    """
    return (0, 1, 1, 1, 0, 0) if pair.kind == "pitched, drums" else (1, 0, 0, 0, 1, 1)


def usable_section(generator: np.random.Generator) -> tuple[float, float]:
    """Seconds between which the clip plays: all of it, but for an occasional silence at an end."""
    first, last = -MARGIN, CLIP_SECONDS
    if generator.random() < 0.06:
        first = generator.uniform(0.2, 1.5)
    if generator.random() < 0.06:
        last = CLIP_SECONDS - generator.uniform(0.2, 1.5)
    return first, last


def cut(rhythm: Rhythm, generator: np.random.Generator) -> Rhythm:
    """What of a pattern belongs to the clip: hits from the preroll on and held ones before."""
    first, last = usable_section(generator)
    started = tuple(hit for hit in rhythm.hits if hit.time >= first and hit.time + hit.length > -PREROLL / 2)
    return score.between(dataclasses.replace(rhythm, hits=started), -PREROLL, last)


def draw_style(part: str, generator: np.random.Generator) -> Style:
    """A style for a clip of its own: chords held mostly whole, arpeggios mostly wide."""
    style = random_style(generator)
    if part in ("held", "strummed") and generator.random() < 0.7:
        style = dataclasses.replace(style, density=generator.uniform(0.7, 1.0))
    if part in ("held",):
        style = dataclasses.replace(style, articulation=generator.uniform(0.6, 1.0))
    if part in ("arpeggiated", "line") and generator.random() < 0.7:
        style = dataclasses.replace(style, contour_depth=generator.uniform(0.6, 1.0))
    return style


def draw_drum_clip(split: str, generator: np.random.Generator) -> tuple[DrawnClip, rhythms.StepGrid]:
    """A drum kit's clip, and the grid it was played on."""
    pattern, grid = rhythms.draw_drums(-MARGIN, CLIP_SECONDS, generator)
    rhythm, style = cut(pattern, generator), random_style(generator)
    notes = arrange(rhythm, Harmony(), style)
    timbre, recording = timbres.draw_kit(split, generator), effects.draw_recording(generator)
    return DrawnClip(rhythm, Harmony(), timbre, style, notes, recording, "drums"), grid


def draw_pitched_clip(
    split: str, grid: rhythms.StepGrid, part: str, generator: np.random.Generator
) -> DrawnClip:
    """A pitched instrument's clip on a grid; its harmony is what its own notes let one hear."""
    written = draw_harmony(-MARGIN, CLIP_SECONDS, grid.origin, grid.beat, grid.beats_per_bar, generator)
    if split != "test" and generator.random() < LOW_SHARE:
        written = score.lowered(written)
    changes = [span.start for span in written.spans]
    rhythm = cut(parts.draw_part(part, grid, changes, generator), generator)
    style = draw_style(part, generator)
    notes = arrange(rhythm, written, style)
    harmony = score.heard(written, notes, CLIP_SECONDS)
    timbre, recording = timbres.draw_instrument(split, generator), effects.draw_recording(generator)
    return DrawnClip(rhythm, harmony, timbre, style, notes, recording, part)


def related_grid(grid: rhythms.StepGrid, generator: np.random.Generator) -> rhythms.StepGrid:
    """The other clip's grid: half the time the same beats, else its own."""
    if generator.random() < 0.5:
        return rhythms.draw_grid(-MARGIN, CLIP_SECONDS, generator)
    steps = int(generator.choice([grid.steps_per_beat, 2, 4]))
    swing = grid.swing if steps == grid.steps_per_beat else 0.0
    return dataclasses.replace(grid, steps_per_beat=steps, swing=swing)


def draw_clips(kind: str, split: str, generator: np.random.Generator) -> tuple[DrawnClip, DrawnClip]:
    """Input and target of a kind of pair."""
    if kind == "pitched, pitched":
        grid = rhythms.draw_grid(-MARGIN, CLIP_SECONDS, generator)
        first = draw_pitched_clip(split, grid, parts.draw_kind(generator), generator)
        other = related_grid(grid, generator)
        return first, draw_pitched_clip(split, other, parts.draw_kind(generator), generator)
    drums, grid = draw_drum_clip(split, generator)
    is_held = generator.random() < (0.45 if kind == "drums, pitched" else 0.0)  # 0.6 with those drawn below
    part = "held" if is_held else parts.draw_kind(generator)
    pitched = draw_pitched_clip(split, related_grid(grid, generator), part, generator)
    return (drums, pitched) if kind == "drums, pitched" else (pitched, drums)


def is_usable(clip: DrawnClip) -> bool:
    """Whether something is struck or held within the clip, and no more than a shard holds."""
    sounding = [n for n in clip.notes if n.end > 0.1 and n.start < CLIP_SECONDS - 0.1]
    has_harmony = clip.timbre.is_kit or bool(clip.harmony.spans)
    fits = len(clip.notes) <= MAX_NOTES and len(clip.rhythm.hits) <= MAX_HITS
    return bool(sounding) and has_harmony and fits


def draw_pair(seed: int, split: str = "train") -> DrawnPair:
    """The pair of a seed: the same seed and split give the same pair anywhere."""
    generator = np.random.default_rng([SPLITS.index(split), seed])
    while True:
        kind = str(generator.choice([k for k, _ in KINDS], p=[p for _, p in KINDS]))
        first, second = draw_clips(kind, split, generator)
        settings = SETTINGS[kind]
        switches = settings[generator.choice(len(settings), p=[p for _, p in settings])][0]
        pair = DrawnPair(first, second, kind, switches, random_style(generator), seed)
        if is_usable(first) and is_usable(second):
            notes = arrange_swap(pair, switches, pair.style)
            if 0 < len(notes) <= MAX_NOTES and any(n.end > 0.1 for n in notes):
                return pair


def arrange_swap(pair: DrawnPair, switches: Recombination, style: Style) -> tuple[Note, ...]:
    """The notes of a recombination. A kit plays the rhythm alone: it has no harmony to follow."""
    clips = (pair.input, pair.target)
    rhythm, harmony, timbre = clips[switches[0]].rhythm, clips[switches[1]].harmony, clips[switches[2]].timbre
    return arrange(rhythm, Harmony() if timbre.is_kit else revoiced(harmony, style), style)


def arrangement(pair: DrawnPair, switches: Recombination, style: Style) -> Performance:
    """Notes and audio of the pair's factors recombined as the switches say."""
    notes = arrange_swap(pair, switches, style)
    timbre = (pair.input, pair.target)[switches[2]].timbre
    return Performance(notes, normalize_rms(render(notes, timbre, CLIP_SECONDS)))


def family_of_swap(pair: DrawnPair) -> str:
    """The family of instruments that the pair's arrangement is played on."""
    return timbres.family_of((pair.input, pair.target)[pair.switches[2]].timbre)


def perform(clip: DrawnClip) -> Performance:
    """A clip's own notes and audio, as recorded."""
    audio = effects.apply_recording(render(clip.notes, clip.timbre, CLIP_SECONDS), clip.recording)
    return Performance(clip.notes, normalize_rms(audio))
