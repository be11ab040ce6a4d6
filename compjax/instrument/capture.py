"""An instrument of a clip: read from what was heard in it, and ready to play."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from compjax.arranging.performer import Performer
from compjax.audio.loudness import SILENCE_RMS, rms
from compjax.audio.sound_files import SoundFormat
from compjax.codec.vocos.bands import log_bands
from compjax.constants import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from compjax.hearing.excerpt import FRAMES, Excerpt
from compjax.hearing.listener import Heard
from compjax.hearing.notes import HeardNote, notes_of
from compjax.hearing.reading import has_pitches
from compjax.instrument import additive, cutting, full_band, sampler, strokes
from compjax.instrument.envelopes import LEVEL, Air, goes_on, release_seconds
from compjax.instrument.fit import Fitted, fit
from compjax.instrument.full_band import Image
from compjax.instrument.model import Parameters
from compjax.music.score import Note
from compjax.side_by_side import side_by_side


@dataclasses.dataclass(frozen=True)
class CaptureConfig:
    """How an instrument is read.

    Attributes:
        sustained: share of a note's power left after half a second from which it counts as sustained.
        preference: by what factor samples may explain the clip worse than the model and are still taken.
        trueness: share of its power that every sample must have on its pitch's partials to be taken.
    """

    sustained: float = 0.2
    preference: float = 2.0
    trueness: float = 0.75


PITCHED_SHARE = 0.1
"""Share of the frames in which pitches are heard from which a clip is an instrument, not a kit."""

LOUDEST_GUESS = 2.0
"""How much louder than samples the model may be at pitches that nothing was heard near."""
PROBE = 0.4
"""Seconds of the note by which that is judged."""

JUDGED = 300
"""Frames by which it is judged how much an instrument explains."""

PLAIN = additive.AdditiveConfig(attack=(0.001, 0.5), least_release=1.0)
"""The model as it was fitted: quick attacks and releases are the player's."""


UP_TO_THE_TOP = cutting.CuttingConfig(all_partials=True)
"""How samples are cut where there is more than the bands that are heard."""


class Instrument(Protocol):
    """What plays.

    Attributes:
        way: "model", "samples" or "strokes".
        explained: share of the clip's log spectrum that the instrument's own playing of its notes explains.
        performer: who plays it.
        form: rate and channels of what it plays.
    """

    way: str
    explained: float
    performer: Performer
    form: SoundFormat

    def play(self, notes: Sequence[Note], samples: int, seed: Sequence[int]) -> np.ndarray:
        """Sound of notes, whose velocities are amplitudes, at the instrument's own level.

        `[samples]`, or `[samples, 2]` where its form has two channels.
        """
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Modelled:
    """The fitted model, and what it has above the heard bands and between left and right."""

    parameters: Parameters
    cents: float
    performer: Performer
    explained: float = 0.0
    way: str = "model"
    form: SoundFormat = SoundFormat()
    air: Air | None = None
    image: Image | None = None

    def play(self, notes: Sequence[Note], samples: int, seed: Sequence[int] = (0,)) -> np.ndarray:
        """See `Instrument`."""
        sound = additive.play(self.parameters, notes, samples, self.form.rate, self.cents, seed, air=self.air)
        return sound if self.image is None else self.image.spread(sound)


@dataclasses.dataclass(frozen=True, eq=False)
class Sampled:
    """Samples in the instrument's form; notes far from all are left to the model, if there is one."""

    samples: tuple[cutting.Sample, ...]
    release: float
    performer: Performer
    explained: float = 0.0
    way: str = "samples"
    form: SoundFormat = SoundFormat()
    model: Modelled | None = None

    def play(self, notes: Sequence[Note], samples: int, seed: Sequence[int] = (0,)) -> np.ndarray:
        """See `Instrument`; nothing but the model's part is random."""
        far: Sequence[Note] = ()
        if self.model is not None:
            notes, far = sampler.near_and_far(self.samples, notes)
        sound = self._voices.play(notes, samples, self.release)
        gains = [self._restraint(note.pitch) for note in far]
        far = [dataclasses.replace(n, velocity=n.velocity * gain) for n, gain in zip(far, gains, strict=True)]
        return sound + self.model.play(far, samples, seed) if far else sound

    def _restraint(self, pitch: int) -> float:
        """Below 1 where the model would play a pitch more than `LOUDEST_GUESS` times as loud as samples."""
        if pitch not in self._restraints:
            probe, length = [Note(0.0, PROBE, pitch, 1.0)], round(PROBE * self.form.rate)
            sampled = rms(self._voices.play(probe, length, self.release))
            guessed = rms(self.model.play(probe, length))
            self._restraints[pitch] = min(1.0, LOUDEST_GUESS * sampled / max(guessed, SILENCE_RMS))
        return self._restraints[pitch]

    @functools.cached_property
    def _restraints(self) -> dict[int, float]:
        return {}

    @functools.cached_property
    def _voices(self) -> sampler.Voices:
        """The samples at the pitches that were played: variations want the same again."""
        return sampler.Voices(self.samples, self.form.rate, self.performer.sustained)


@dataclasses.dataclass(frozen=True, eq=False)
class Kit:
    """A clip's own strokes, low, mid and high."""

    strokes: tuple[tuple[strokes.Stroke, ...], ...]
    performer: Performer = Performer(is_kit=True)
    explained: float = 1.0
    way: str = "strokes"
    form: SoundFormat = SoundFormat()

    def play(self, notes: Sequence[Note], samples: int, seed: Sequence[int] = (0,)) -> np.ndarray:
        """See `Instrument`; nothing is random."""
        return strokes.play(self.strokes, notes, samples, self.form.rate)


def capture(
    excerpt: Excerpt, heard: Heard, way: str = "auto", config: CaptureConfig = CaptureConfig()
) -> Instrument:
    """The instrument of an excerpt in which `heard` was heard; one without pitches is its own strokes.

    Everything is decided by what is heard; then it is made again of the clip as it came, if that is given.
    """
    bands = log_bands(excerpt.audio)[:FRAMES]
    notes = notes_of(heard, bands) if has_pitches(heard.classes, PITCHED_SHARE) else ()
    if not notes:
        audio, form = _source(excerpt)
        return Kit(strokes.cut_strokes(audio, heard, form.rate), form=form)
    fitted = fit(notes, bands, excerpt.cents)
    performer = Performer(fitted.notes, goes_on(fitted.parameters) > config.sustained)
    given = excerpt, fitted, performer, bands
    model, sampled = side_by_side(
        lambda: _modelled(*given), lambda: None if way == "model" else _sampled(*given)
    )
    if way == "samples" and sampled:
        return _in_full(sampled, excerpt, fitted)
    return _in_full(_chosen(sampled, model, config), excerpt, fitted)


def _chosen(sampled: Sampled | None, model: Modelled, config: CaptureConfig) -> Modelled | Sampled:
    """Samples and the model if all samples are true and explain the clip well enough; else the model."""
    if sampled is None or 1.0 - sampled.explained > config.preference * (1.0 - model.explained):
        return model
    true = min(cutting.trueness(sample, sampled.form.rate) for sample in sampled.samples)
    return dataclasses.replace(sampled, model=model) if true >= config.trueness else model


def _source(excerpt: Excerpt) -> tuple[np.ndarray, SoundFormat]:
    """What strokes and samples are cut from: `[S]`, or `[S, 2]` in a form that has two channels."""
    if excerpt.full is None:
        return excerpt.audio, SoundFormat()
    form, audio = excerpt.full.form, excerpt.full.audio
    return (audio if form.channels == 2 else audio[:, 0]), form


def _in_full(instrument: Modelled | Sampled, excerpt: Excerpt, fitted: Fitted) -> Instrument:
    """The instrument as it plays in the form of the clip as it came, if that is given."""
    if excerpt.full is None:
        return instrument
    (audio, form), parameters, cents = _source(excerpt), fitted.parameters, excerpt.cents
    if isinstance(instrument, Sampled):
        cut = cutting.cut(audio, form.rate, parameters, fitted.notes, cents, UP_TO_THE_TOP)
        model = instrument.model and _in_full(instrument.model, excerpt, fitted)
        own = sampler.balanced(cut, form.rate)
        return dataclasses.replace(instrument, samples=own, model=model, form=form)
    image = full_band.image_of(excerpt.full) if form.channels == 2 else None
    if form.rate == SAMPLE_RATE:
        return dataclasses.replace(instrument, form=form, image=image)
    own = [Note(note.start, note.end, note.pitch, note.level) for note in fitted.notes]
    made = additive.play(parameters, own, len(audio), form.rate, cents, config=PLAIN, air=LEVEL)
    return dataclasses.replace(instrument, form=form, air=full_band.air_of(excerpt.full, made), image=image)


def _modelled(excerpt: Excerpt, fitted: Fitted, performer: Performer, bands: np.ndarray) -> Modelled:
    """The model, and how much it explains as it was fitted."""

    def as_heard(played: Sequence[Note], length: int, rate: int) -> np.ndarray:
        return additive.play(fitted.parameters, played, length, rate, excerpt.cents, config=PLAIN)

    return Modelled(fitted.parameters, excerpt.cents, performer, _explained(as_heard, fitted.notes, bands))


def _sampled(excerpt: Excerpt, fitted: Fitted, performer: Performer, bands: np.ndarray) -> Sampled | None:
    """The samples of an excerpt, None if it has none; judged on notes of other pitches than their own."""
    parameters, notes = fitted.parameters, fitted.notes
    cut = cutting.cut(excerpt.audio, SAMPLE_RATE, parameters, notes, excerpt.cents)
    samples, release = sampler.balanced(cut, SAMPLE_RATE), release_seconds(parameters)
    if not samples:
        return None

    def on_others(played: Sequence[Note], length: int, rate: int) -> np.ndarray:
        return sampler.play(samples, played, length, rate, performer.sustained, release, strange=True)

    return Sampled(samples, release, performer, _explained(on_others, notes, bands))


def _explained(play, notes: Sequence[HeardNote], bands: np.ndarray) -> float:
    """How much of a clip's log bands `[T, 128]` playing its own notes explains, see `explained`."""
    bands = bands[:JUDGED]
    seconds = len(bands) / FRAME_RATE
    own = [Note(note.start, note.end, note.pitch, note.level) for note in notes if note.start < seconds]
    made = log_bands(play(own, len(bands) * HOP_LENGTH, SAMPLE_RATE))[: len(bands)]
    return explained(bands, made)


def explained(bands: np.ndarray, made: np.ndarray, depth: float = 6.9) -> float:
    """1 minus the mean distance of log magnitudes beside that of their mean, both no deeper than `depth`."""
    wanted = np.maximum(bands, bands.max() - depth)
    got = np.maximum(made + np.median(wanted.max(axis=1) - made.max(axis=1)), wanted.max() - depth)
    spread = np.abs(wanted - wanted.mean()).mean()
    return float(1.0 - np.abs(wanted - got).mean() / max(spread, 1e-9))
