"""What hearing might say of a clip that is drawn and never rendered: the truth, with hearing's mistakes.

A network that is to compose from what is heard need not wait for sound: it needs the mistakes that hearing
makes. Hits are missed, put into a neighbouring voice, invented; tones are missed or added; chords begin a
little early or late; the bass is another tone of the chord. How often differs from clip to clip.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from compjax.constants import FRAME_RATE, NUM_VOICES
from compjax.data.drawing.swaps import CLIP_SECONDS
from compjax.hearing.reading import HearingConfig, chords_of, has_pitches, hits_of
from compjax.models.composing.factor_frames import (
    CLASSES,
    Likelihood,
    factor_frames,
    given_chords,
    given_hits,
    slots_of,
)
from compjax.music.score import Harmony, Note, Rhythm

FRAMES = int(CLIP_SECONDS * FRAME_RATE)
STRIDE = 4  # frames in which chords are heard to be the same


@dataclasses.dataclass(frozen=True)
class MistakesConfig:
    """How hearing errs; probabilities are for the worst clips, and the best have a share `least` of them.

    Attributes:
        least: mistakes of the best clips as a share of those of the worst.
        pitched: times as many mistakes about the hits of a pitched clip as about a kit's.
        jitter: standard deviation of when a hit is heard, seconds; `chord_jitter` of when a chord begins.
        wrong_voice, missed, invented: of hits; `invented` is a number in a clip.
        missed_tone, added_tone, wrong_bass: of chords.
        velocity: standard deviation of how hard a hit is heard to be.
    """

    least: float = 0.25
    pitched: float = 2.0
    jitter: float = 0.007
    chord_jitter: float = 0.04
    wrong_voice: float = 0.15
    missed: float = 0.12
    invented: float = 1.5
    missed_tone: float = 0.18
    added_tone: float = 0.075
    wrong_bass: float = 0.2
    velocity: float = 0.12


class AudibleClip(Protocol):
    """What of a clip can be heard: a `DrawnClip`, or a stretch of a real piece."""

    rhythm: Rhythm
    harmony: Harmony
    notes: tuple[Note, ...]
    is_kit: bool


@dataclasses.dataclass(frozen=True)
class HeardClip:
    """A clip as it was heard: `factor_frames` `[T, 62]` and the frames of its hits."""

    frames: np.ndarray
    slots: np.ndarray


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -9.0, 9.0)))


def imagine(
    clip: AudibleClip, generator: np.random.Generator, config: MistakesConfig = MistakesConfig()
) -> HeardClip:
    """What might be heard of a drawn clip."""
    badness = config.least + (1.0 - config.least) * generator.random()
    of_hits = badness * (1.0 if clip.is_kit else config.pitched)
    voices, velocities = imagined_hits(clip, of_hits, generator, config)
    classes, bass = imagined_chords(clip, badness, generator, config)
    return read(Likelihood(voices, velocities, classes, bass, has_pitches(classes)))


def as_given(clip: AudibleClip) -> HeardClip:
    """A clip whose hits and chords are not heard but given, as a user may give them."""
    said = Likelihood(*given_hits(clip.rhythm, FRAMES), *given_chords(clip.harmony, FRAMES), not clip.is_kit)
    return HeardClip(factor_frames(clip.rhythm, clip.harmony, said), slots_of(clip.rhythm, FRAMES))


def read(said: Likelihood, reading: HearingConfig = HearingConfig()) -> HeardClip:
    """Hits and chords as they are read of any clip, and all of it frame by frame."""
    longest = reading.pitched_seconds if said.is_pitched else reading.drum_seconds
    rhythm = Rhythm(hits_of(said.voices, said.velocities, longest, reading))
    frames = factor_frames(rhythm, chords_of(said.classes, said.bass, reading), said)
    return HeardClip(frames, slots_of(rhythm, len(frames)))


def imagined_hits(
    clip: AudibleClip, badness: float, generator: np.random.Generator, config: MistakesConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of hits and their velocities, `[T, 3]` each."""
    voices, velocities = (np.zeros((FRAMES + 2, NUM_VOICES), np.float32) for _ in range(2))
    for hit in clip.rhythm.hits:
        frame = int(np.floor((hit.time + generator.normal(0.0, config.jitter)) * FRAME_RATE)) + 1
        if not 1 <= frame <= FRAMES:
            continue
        voice = hit.voice
        if generator.random() < config.wrong_voice * badness:
            voice = int(np.clip(voice + generator.choice([-1, 1]), 0, NUM_VOICES - 1))
        missed = generator.random() < config.missed * badness
        sure = generator.uniform(0.0, 0.35) if missed else generator.beta(6.0, 1.0)
        leaks = generator.beta(1.0, 8.0, (3, NUM_VOICES)) * 0.5 * (1.0 + 3.0 * badness)
        leaks[:, voice] = 1.0
        shape = np.asarray([0.35, 1.0, 0.45])[:, None] * sure
        around = slice(frame - 1, frame + 2)
        voices[around] = np.maximum(voices[around], shape * leaks)
        hard = np.clip(hit.velocity + generator.normal(0.0, config.velocity), 0.0, 1.0)
        velocities[around, voice] = np.maximum(velocities[around, voice], hard)
    for _ in range(generator.poisson(config.invented * badness)):
        frame, voice = generator.integers(1, FRAMES + 1), generator.integers(NUM_VOICES)
        voices[frame, voice] = max(voices[frame, voice], generator.uniform(0.1, 0.8))
        velocities[frame, voice] = max(velocities[frame, voice], generator.uniform(0.1, 0.6))
    voices += np.abs(generator.normal(0.0, 0.01, voices.shape))
    return np.clip(voices[1:-1], 0.0, 0.999).astype(np.float32), velocities[1:-1]


def imagined_chords(
    clip: AudibleClip, badness: float, generator: np.random.Generator, config: MistakesConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of pitch classes and of the bass, `[T, 12]` each."""
    times = (np.arange(-(-FRAMES // STRIDE)) + 0.5) * STRIDE / FRAME_RATE
    classes = generator.normal(-3.5, 0.7, (len(times), CLASSES))
    lowest = generator.normal(-4.0, 0.5, (len(times), CLASSES + 1))
    lowest[:, CLASSES] = 0.0  # that there is none
    spans = clip.harmony.spans
    begun = [
        -np.inf,
        *(span.start + generator.normal(0.0, config.chord_jitter) for span in spans[1:]),
        np.inf,
    ]
    for span, first, last in zip(spans, begun, begun[1:], strict=False):
        inside = (times >= first) & (times < last)
        sounding = np.isin(np.arange(CLASSES), [pitch % CLASSES for pitch in span.pitches])
        odds = np.where(sounding, 4.0, -4.0) + generator.normal(0.0, 1.0, CLASSES)
        wrong = np.where(sounding, config.missed_tone, config.added_tone) * badness
        odds = np.where(generator.random(CLASSES) < wrong, generator.normal(0.0, 2.0, CLASSES), odds)
        classes[inside] = odds + generator.normal(0.0, 1.0, (inside.sum(), CLASSES))
        bass = span.bass % CLASSES
        if generator.random() < config.wrong_bass * badness:
            bass = int(generator.choice(np.flatnonzero(sounding)))
        lowest[inside, bass] = generator.normal(4.0, 1.0) + generator.normal(0.0, 0.5, inside.sum())
    quiet = ~np.any([(times >= n.start) & (times < n.end + 0.2) for n in clip.notes], axis=0)
    if spans:
        classes[quiet] = np.minimum(classes[quiet], generator.normal(-1.0, 1.5))
    shares = np.exp(lowest) / np.exp(lowest).sum(axis=1, keepdims=True)
    parts = (sigmoid(classes), shares[:, :CLASSES])
    return tuple(np.repeat(part, STRIDE, axis=0)[:FRAMES].astype(np.float32) for part in parts)
