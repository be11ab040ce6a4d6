"""Puts together what can be shown of a pair of clips: see `views`."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.arranging.steering import Steering
from compjax.compose.clips.aligned_pair import AlignedPair
from compjax.compose.clips.opening import Clip
from compjax.compose.composers.contract import HeardClips
from compjax.errors import UserError
from compjax.music.groove import Groove
from compjax.music.score import Harmony, Rhythm
from compjax.pages import views


def see(pair: AlignedPair, heard: HeardClips, decided: np.ndarray, steering: Steering) -> views.PairView:
    """The view of the beginning of a pair that was heard, by its gates `[T, 6]`."""
    seconds, (on_input, on_target) = pair.input.seconds, pair.beats
    (struck, of_input), (other, of_target) = heard.of_clip(0), heard.of_clip(1)
    struck, of_input = _within(steering.rhythm or struck, of_input, seconds)
    other, of_target = _within(other, of_target, seconds)
    rhythm, harmony = _within(*steering.over(*heard.together(decided)), seconds)
    at_its_own_time = abs(pair.alignment.lag) < 0.01 and pair.alignment.repeats <= 1.01
    return views.PairView(
        input=views.ClipView(
            pair.input.name, pair.input.audio, on_input, struck.hits, of_input, seconds, pair.input.grid
        ),
        target=views.ClipView(pair.target.name, pair.along, on_target, other.hits, of_target, seconds),
        target_as_given=pair.target.audio,
        target_seconds=pair.target.seconds,
        target_keeps_time=at_its_own_time and not pair.alignment.warped,
        gates=decided,
        rhythm=rhythm,
        harmony=harmony,
        groove=pair.input.groove,
    )


def see_clip(clip: Clip, rhythm: Rhythm, harmony: Harmony) -> views.ClipView:
    """The view of one clip in its own time, with the hits and chords that were heard in it."""
    rhythm, harmony = _within(rhythm, harmony, clip.seconds)
    shown = clip.beginning(views.KEPT_SECONDS)
    return views.ClipView(
        clip.name, shown.audio, clip.grid.beats, rhythm.hits, harmony, clip.seconds, clip.grid
    )


def _within(rhythm: Rhythm, harmony: Harmony, seconds: float) -> tuple[Rhythm, Harmony]:
    """Both without what lies outside the clip."""
    hits = tuple(hit for hit in rhythm.hits if -0.05 <= hit.time < seconds)
    spans = [s for s in harmony.spans if s.end > 0.0 and s.start < seconds]
    spans = [dataclasses.replace(s, start=max(s.start, 0.0), end=min(s.end, seconds)) for s in spans]
    return dataclasses.replace(rhythm, hits=hits), Harmony(tuple(spans))


def groove_of(view: views.PairView) -> Groove:
    """The hits that a piece was composed on, with the tempo, meter and bars of its grid.

    Raises:
        UserError: if there are no hits.
    """
    if view.groove is not None:
        return view.groove
    if not view.rhythm.hits:
        raise UserError("no hits were heard, so there is no groove; try a clip with clearer onsets")
    seconds, grid = view.input.seconds, view.input.grid
    if not grid.tempo:
        return Groove(view.rhythm.hits, seconds)
    bar = grid.downbeat
    while bar > view.rhythm.hits[0].time + grid.period / 8:  # the bar that the clip begins in
        bar -= grid.bar
    return Groove(
        view.rhythm.hits, seconds, round(grid.tempo, 4), grid.meter.beats, round(bar, 3), grid.meter.unit
    )
