"""Puts together what can be shown of a pair of clips: see `views`."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy as np

from compjax.arranging.steering import HEARD, Steering
from compjax.compose import align, clips, report
from compjax.constants import FRAME_RATE, SAMPLE_RATE
from compjax.errors import UserError
from compjax.hearing import reading
from compjax.measures import beats
from compjax.music.groove import Groove
from compjax.music.score import LOW, Harmony, Rhythm, shifted
from compjax.pages import views


@dataclasses.dataclass(frozen=True, eq=False)
class Kept:
    """Names and beginnings of input, target and target along the input `[S]`, and lengths in seconds."""

    names: tuple[str, str]
    input: np.ndarray
    target: np.ndarray
    aligned: np.ndarray
    seconds: float
    target_seconds: float
    groove: Groove | None


def keep(
    sources: tuple[clips.Source, clips.Source],
    input_audio: np.ndarray,
    target_audio: np.ndarray,
    alignment: align.Alignment,
) -> Kept:
    """What is kept of two clips: where they come from, and their sound `[S1]`, `[S2]` at 24 kHz."""
    shown = views.kept(input_audio)
    aligned = align.apply_audio(target_audio, alignment.map, shown.size)
    names = tuple(_name(source, role) for source, role in zip(sources, ("input", "target"), strict=True))
    seconds = [audio.size / SAMPLE_RATE for audio in (input_audio, target_audio)]
    groove = sources[0] if isinstance(sources[0], Groove) else None
    return Kept(names, shown, views.kept(target_audio), aligned, *seconds, groove)


def _name(source: clips.Source, role: str) -> str:
    """What a clip is called: its file's name, or what it is."""
    if isinstance(source, str | os.PathLike):
        return pathlib.Path(source).name
    return "groove" if isinstance(source, Groove) else role


def see(
    kept: Kept,
    alignment: align.Alignment,
    references: report.References,
    heard: tuple,
    gates: np.ndarray,
    lead: int,
    steering: Steering = HEARD,
) -> views.PairView:
    """The view of a pair; `heard` and `gates` begin `lead` frames before the clips."""
    on_input, on_target = _beats(alignment, references)
    if kept.groove is not None and kept.groove.tempo:
        on_input = kept.groove.beats()
    seen = []
    for index, (audio, times) in enumerate(((kept.input, on_input), (kept.aligned, on_target))):
        rhythm, harmony = reading.read_clip(heard[index])
        if index == 0 and steering.rhythm is not None:
            rhythm = steering.later(lead / FRAME_RATE).rhythm
        rhythm, harmony = _within(rhythm, harmony, lead, kept.seconds)
        seen.append(views.ClipView(kept.names[index], audio, times, rhythm.hits, harmony, kept.seconds))
    both = steering.later(lead / FRAME_RATE).over(*reading.read_pair(heard, gates))
    keeps_time = not alignment.warped and alignment.repeats <= 1.01 and abs(alignment.lag) < 0.01
    rhythm, harmony = _within(*both, lead, kept.seconds)
    return views.PairView(
        *seen, kept.target, kept.target_seconds, keeps_time, gates[lead:], rhythm, harmony, kept.groove
    )


def see_clip(source: clips.Source, audio: np.ndarray, heard, lead: int) -> views.ClipView:
    """The view of one clip `[S]` at 24 kHz in its own time; `heard` begins `lead` frames before it."""
    found = align.find_beats(audio)
    times = found.times if found.confidence >= align.AlignConfig().min_confidence else beats.NO_BEATS.times
    seconds = audio.size / SAMPLE_RATE
    rhythm, harmony = _within(*reading.read_clip(heard), lead, seconds)
    return views.ClipView(_name(source, "clip"), views.kept(audio), times, rhythm.hits, harmony, seconds)


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


def groove_of(view: views.PairView) -> Groove:
    """The hits that a piece was composed on, with the grid of its beats.

    The beats of a recording are not quite even; tempo and first beat are those of the straight line
    that lies nearest to them.

    Raises:
        UserError: if there are no hits.
    """
    if view.groove is not None:
        return view.groove
    if not view.rhythm.hits:
        raise UserError("no hits were heard, so there is no groove; try a clip with clearer onsets")
    grid = view.input.beats[(view.input.beats >= -0.1) & (view.input.beats < view.seconds)]
    seconds = view.input.seconds
    if grid.size < align.AlignConfig().min_beats:
        return Groove(view.rhythm.hits, seconds)
    per_bar = align.AlignConfig().beats_per_bar
    period, first = np.polyfit(np.arange(grid.size), grid, 1)
    strongest = [_struck_at(view.rhythm.hits, grid[phase::per_bar], period) for phase in range(per_bar)]
    bar = first + period * int(np.argmax(strongest))
    while bar > view.rhythm.hits[0].time + period / 8:  # the bar that the clip begins in
        bar -= period * per_bar
    return Groove(view.rhythm.hits, seconds, round(60.0 / period, 4), per_bar, round(float(bar), 3))


def _struck_at(hits, times: np.ndarray, period: float) -> float:
    """How hard the low voice is struck at some beats, on average."""
    low = [hit for hit in hits if hit.voice == LOW]
    near = [hit.velocity for hit in low if times.size and np.abs(times - hit.time).min() < period / 8]
    return sum(near) / max(times.size, 1)
