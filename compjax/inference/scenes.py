"""Puts together what can be shown of a pair of clips: see `views`."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.audio.constants import FRAME_RATE
from compjax.data.symbolic import Harmony, Rhythm, shifted
from compjax.evaluation import beats
from compjax.inference import align, arrangers, report, views


@dataclasses.dataclass(frozen=True, eq=False)
class Kept:
    """The beginnings of input, target and target along the input, `[S]` each; the length in seconds."""

    input: np.ndarray
    target: np.ndarray
    aligned: np.ndarray
    seconds: float


def keep(input_audio: np.ndarray, target_audio: np.ndarray, alignment: align.Alignment) -> Kept:
    """What is kept of two clips `[S1]`, `[S2]` at 24 kHz."""
    shown = views.kept(input_audio)
    aligned = align.apply_audio(target_audio, alignment.map, shown.size)
    return Kept(shown, views.kept(target_audio), aligned, input_audio.size / views.SAMPLE_RATE)


def see(
    kept: Kept,
    alignment: align.Alignment,
    references: report.References,
    heard: tuple,
    gates: np.ndarray,
    lead: int,
) -> views.PairView:
    """The view of a pair; `heard` and `gates` begin `lead` frames before the clips."""
    on_input, on_target = _beats(alignment, references)
    clips = []
    for audio, times, one in ((kept.input, on_input, heard[0]), (kept.aligned, on_target, heard[1])):
        rhythm, harmony = _within(*arrangers.read_clip(one), lead, kept.seconds)
        clips.append(views.ClipView(audio, times, rhythm.hits, harmony, kept.seconds))
    rhythm, harmony = _within(*arrangers.read_pair(heard, gates), lead, kept.seconds)
    return views.PairView(*clips, kept.target, gates[lead:], rhythm, harmony)


def _within(rhythm: Rhythm, harmony: Harmony, lead: int, seconds: float) -> tuple[Rhythm, Harmony]:
    """Both moved earlier by `lead` frames, without what lies outside the clip."""
    rhythm, harmony = shifted(rhythm, harmony, -lead / FRAME_RATE)
    hits = tuple(hit for hit in rhythm.hits if -0.05 <= hit.time < seconds)
    spans = [s for s in harmony.spans if s.end > 0.0 and s.start < seconds]
    spans = [dataclasses.replace(s, start=max(s.start, 0.0), end=min(s.end, seconds)) for s in spans]
    return dataclasses.replace(rhythm, hits=hits), Harmony(tuple(spans))


def _beats(alignment: align.Alignment, references: report.References) -> tuple[np.ndarray, np.ndarray]:
    """Beats of the input and of the target along it, those that are trusted."""
    if alignment.warped:
        return alignment.map.input_times, alignment.map.input_times
    least = align.AlignConfig().min_confidence
    found = (references.input.beats, references.target.beats)
    return tuple(b.times if b.confidence >= least else beats.NO_BEATS.times for b in found)
