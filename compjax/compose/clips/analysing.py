"""Two clips opened, aligned and analysed: all that is done of a pair before any network hears it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from compjax.audio.time_map import TimeMap
from compjax.compose.asked.options import ComposeOptions
from compjax.compose.clips import align, forms, opening
from compjax.compose.clips.aligned_pair import AlignedPair
from compjax.hearing import sound
from compjax.hearing.excerpt import Excerpt
from compjax.side_by_side import side_by_side


@dataclasses.dataclass(frozen=True, eq=False)
class Analysed:
    """A pair, ready to be heard.

    Attributes:
        shown: its beginning.
        sounds: the input, and the target along it.
        excerpts: of both, in their own time.
        sources: where they came from.
        frames: latent frames of the input.
        length: seconds of the input.
        loudness: of the input, LKFS.
    """

    shown: AlignedPair
    sounds: tuple[sound.Sound, sound.Sound]
    excerpts: tuple[Excerpt, Excerpt]
    sources: tuple[forms.Origin, forms.Origin]
    frames: int
    length: float
    loudness: float


def analyse(input, target, sample_rate, options: ComposeOptions, encode: Callable, phase) -> Analysed:
    """Open, align and analyse two clips; the clips themselves are let go.

    Args:
        input: see `Session.compose`.
        target: the same.
        sample_rate: Hz of clips that are arrays, of both or of each.
        options: how they are aligned, and what is set of their grids.
        encode: the codec's, see `sound.analyse`.
        phase: a context in which work counts as what it is called with.
    """
    with phase("read"):
        rates = sample_rate if isinstance(sample_rate, tuple) else (sample_rate, sample_rate)
        opened = functools.partial(opening.open_clip, input, "input", rates[0])
        clip, other = side_by_side(opened, functools.partial(opening.open_clip, target, "target", rates[1]))
    with phase("align"):
        gridded = functools.partial(clip.gridded, options.input_grid)
        clip, other = side_by_side(gridded, functools.partial(other.gridded, options.target_grid))
        grids = clip.grid, other.grid
        alignment = align.find_alignment(clip.audio, other.audio, options.align, grids=grids)
        shown = AlignedPair.of(clip, other, alignment).beginning()
    with phase("encode"):
        of_input, excerpt = _heard_of(clip, encode)
        of_target, other_excerpt = _heard_of(other, encode, (alignment.map, clip.frames))
    return Analysed(
        shown,
        (of_input, of_target),
        (excerpt, other_excerpt),
        (forms.Origin.of(clip), forms.Origin.of(other)),
        clip.frames,
        clip.length,
        clip.loudness(),
    )


def _heard_of(
    clip: opening.Clip, encode: Callable[[np.ndarray], np.ndarray], along: tuple[TimeMap, int] | None = None
) -> tuple[sound.Sound, Excerpt]:
    """A clip as it is heard, along another if that is given, and its excerpt."""
    heard = sound.analyse(clip.audio, clip.gain, encode)
    excerpt = Excerpt.of(clip.audio, clip.gain, heard)
    return heard if along is None else heard.along(*along), excerpt
