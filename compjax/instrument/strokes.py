"""Drums and other unpitched sounds as an instrument: their own hits, cut out and struck again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from compjax.constants import FRAME_RATE, NUM_VOICES, REGISTER_EDGES
from compjax.hearing.listener import Heard
from compjax.hearing.notes import NoteHearingConfig, stroke_frames
from compjax.hearing.sound import LEAD_IN
from compjax.instrument.cutting import attack_begins
from compjax.music.score import Note


@dataclasses.dataclass(frozen=True)
class StrokeConfig:
    """How strokes are cut and played.

    Attributes:
        longest: seconds of a stroke.
        shortest: seconds under which the next stroke is too near.
        before: seconds before a hit in which its attack is looked for.
        share: of the attack's loudest, at which a stroke begins.
        fade: seconds of fading out.
        kept: strokes of each voice, the clearest.
    """

    longest: float = 0.6
    shortest: float = 0.06
    before: float = 0.02
    share: float = 0.15
    fade: float = 0.02
    kept: int = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Stroke:
    """A hit cut out: sound `[S]` or `[S, C]`, and how surely it is of its voice."""

    sound: np.ndarray
    certainty: float


def cut_strokes(
    audio: np.ndarray, heard: Heard, rate: int, config: StrokeConfig = StrokeConfig()
) -> tuple[tuple[Stroke, ...], ...]:
    """The clearest strokes of low, mid and high; the whole beginning where nothing is struck.

    Args:
        audio: `[S]` or `[S, C]`, in which `heard` was heard.
        heard: what was heard.
        rate: Hz.
        config: how they are cut.
    """
    voices = heard.voices[LEAD_IN:]
    frames = stroke_frames(voices, NoteHearingConfig())
    if not frames.size:
        return ((_stroke(audio, 0, len(voices), rate, 1.0, config),),) * NUM_VOICES
    strokes: list[list[Stroke]] = [[] for _ in range(NUM_VOICES)]
    for frame, after in zip(frames, [*frames[1:], len(voices)], strict=True):
        if after - frame >= config.shortest * FRAME_RATE:
            voice = int(voices[frame].argmax())
            others = float(np.delete(voices[frame], voice).max())
            certainty = float(voices[frame, voice]) - 0.5 * others
            strokes[voice].append(_stroke(audio, frame, after, rate, certainty, config))
    ranked = [sorted(own, key=lambda stroke: -stroke.certainty)[: config.kept] for own in strokes]
    all_of = [stroke for own in ranked for stroke in own]
    if not all_of:
        return ((_stroke(audio, int(frames[0]), len(voices), rate, 1.0, config),),) * NUM_VOICES
    return tuple(tuple(own) or (_brightest(all_of, voice),) for voice, own in enumerate(ranked))


def _stroke(audio: np.ndarray, frame: int, after: int, rate: int, certainty: float, config) -> Stroke:
    """The sound from a hit's attack to the next hit."""
    hop = round(rate / FRAME_RATE)
    begin = max(int((frame + 0.5) * hop) - round(config.before * rate), 0)
    begin += attack_begins(audio[begin : begin + round(3 * config.before * rate)], rate, config.share)
    begin = max(begin - rate // 500, 0)
    length = min(round(config.longest * rate), max((after - 1) * hop - begin, rate // 50))
    sound = audio[begin : begin + length].copy()
    fade = min(round(config.fade * rate), len(sound))
    falling = np.linspace(1.0, 0.0, fade, dtype=np.float32)
    sound[len(sound) - fade :] *= falling.reshape(-1, *[1] * (sound.ndim - 1))
    return Stroke(sound, certainty)


def _brightest(strokes: Sequence[Stroke], voice: int) -> Stroke:
    """The stroke that stands in for a voice which has none: the darkest for low, the brightest for high."""

    def brightness(stroke: Stroke) -> float:
        change = np.square(np.diff(stroke.sound, axis=0)).sum()
        return float(change / max(np.square(stroke.sound).sum(), 1e-20))

    ordered = sorted(strokes, key=brightness)
    return ordered[(len(ordered) - 1) * voice // (NUM_VOICES - 1)]


def play(
    strokes: tuple[tuple[Stroke, ...], ...], notes: Sequence[Note], length: int, rate: int
) -> np.ndarray:
    """Sound `[length]` of notes: a note's register says which voice is struck, its strokes take turns.

    With channels, `[length, C]`.
    """
    shape = strokes[0][0].sound.shape[1:]
    out, struck = np.zeros((length, *shape), np.float32), [0] * NUM_VOICES
    for note in notes:
        voice = int(np.searchsorted(REGISTER_EDGES, note.pitch, side="right"))
        own = strokes[voice]
        sound = own[struck[voice] % len(own)].sound
        struck[voice] += 1
        first = max(round(note.start * rate), 0)
        part = sound[: max(length - first, 0)]
        out[first : first + len(part)] += np.float32(note.velocity) * part
    return out
