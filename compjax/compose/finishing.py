"""The last of a composition's sound: loops closed, as loud as the input, limited; stems as the whole is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from compjax.audio import loudness, true_peak
from compjax.audio.sound_files import SoundFormat
from compjax.audio.waveform import resample
from compjax.compose.composers.contract import Rendition
from compjax.compose.shaping import Shaping
from compjax.constants import SAMPLE_RATE
from compjax.pages.views import KEPT_SECONDS


@dataclasses.dataclass(frozen=True, eq=False)
class Finished:
    """Sound as it is written.

    Attributes:
        audio: `[S]` or `[S, 2]`.
        form: its rate and channels.
        limited_by: dB by which its highest peak was turned down.
        stems: of the same shape, by name; together they are `audio`. Empty if none are asked for.
    """

    audio: np.ndarray
    form: SoundFormat
    limited_by: float
    stems: dict[str, np.ndarray]


def finish(
    rendition: Rendition, voices: Mapping[str, Rendition], shaping: Shaping | None, wanted: float
) -> Finished:
    """A rendition at a loudness of `wanted` LKFS, its true peaks limited.

    Args:
        rendition: the whole.
        voices: its voices by name, of which the whole is then the sum; none if no stems are wanted.
        shaping: what closes a loop.
        wanted: the loudness.
    """
    rate = rendition.form.rate
    stems = {name: _closed(voice, shaping) for name, voice in voices.items()}
    audio = sum(stems.values()) if stems else _closed(rendition, shaping)
    gain = np.float32(loudness.gain_to(wanted, loudness.sounding_loudness(audio, rate)))
    audio *= gain
    limiter = true_peak.limit(audio)
    for stem in stems.values():
        stem *= gain
        limiter.apply(stem)
    return Finished(audio, rendition.form, limiter.decibels, stems)


def _closed(rendition: Rendition, shaping: Shaping | None) -> np.ndarray:
    played = rendition.whole()
    return played if shaping is None else shaping.closed(played, rendition.form.rate)


def as_heard(audio: np.ndarray, form: SoundFormat) -> np.ndarray:
    """The beginning of a sound as it is measured and drawn, `[S]`: 24 kHz, one channel."""
    if form.is_heard:
        return audio
    kept = audio[: round(KEPT_SECONDS * form.rate)]
    return resample(kept if kept.ndim == 1 else kept.mean(axis=1), form.rate, SAMPLE_RATE)
