"""In which form a composition can be played: what is asked for, and what its clips have."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from compjax.audio.original import Original
from compjax.audio.sound_files import OUTPUT_RATES, SoundFormat
from compjax.compose.clips.opening import Clip
from compjax.constants import SAMPLE_RATE
from compjax.hearing.excerpt import Excerpt
from compjax.music import gates

NEARLY = 0.9
"""Share of a sampling rate that a clip must have so that it is played at that rate: 44.1 of 48 kHz."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """What is needed of a clip to play its instrument in full: where it came from, and its gain."""

    name: str
    original: Original | None
    gain: float

    @classmethod
    def of(cls, clip: Clip) -> Origin:
        """That of a clip."""
        return cls(clip.name, clip.original, clip.mended * clip.gain)


@dataclasses.dataclass(frozen=True)
class Form:
    """The form to play in, and what there is to say about it."""

    form: SoundFormat = SoundFormat()
    remarks: tuple[str, ...] = ()

    def said(self, played: SoundFormat) -> tuple[str, ...]:
        """What there is to say where a composition was played in `played`."""
        if played == self.form:
            return self.remarks
        return (f"This agent's sound comes from its codec, so the new clip is {played}, not {self.form}.",)


def form_of(wanted: tuple[int | None, int | None], sources: Sequence[Origin], decided: np.ndarray) -> Form:
    """Rate and channels that are wanted, or those of the clip that gives most of the timbre.

    Where it has less than what is asked for, the file is what it truly is.

    Args:
        wanted: rate and channels, None for the clip's own.
        sources: input and target.
        decided: the gates `[T, 6]`.
    """
    source = sources[int(np.argmax(gates.timbre_weights(decided)))]
    if source.original is None:
        return Form()
    rate, channels = source.original.rate, source.original.channels
    own = max((known for known in OUTPUT_RATES if known <= rate), default=SAMPLE_RATE)
    possible = max((known for known in OUTPUT_RATES if NEARLY * known <= rate), default=SAMPLE_RATE)
    form = SoundFormat(min(wanted[0] or own, possible), min(wanted[1] or channels, channels))
    asked = SoundFormat(wanted[0] or form.rate, wanted[1] or form.channels)
    if asked == form:
        return Form(form)
    has = f"{source.name} has {rate / 1000:g} kHz and {channels} channel{'s' * (channels > 1)}"
    return Form(form, (f"{has}, so the new clip is {form} and not {asked}.",))


def in_full(excerpts: Sequence[Excerpt], sources: Sequence[Origin], form: SoundFormat) -> tuple[Excerpt, ...]:
    """The excerpts, with what they were read from in a form that has more than what is heard."""
    if form.is_heard:
        return tuple(excerpts)
    return tuple(
        excerpt if source.original is None else excerpt.with_original(source.original, source.gain, form)
        for excerpt, source in zip(excerpts, sources, strict=True)
    )
