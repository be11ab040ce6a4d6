"""From what was heard to the notes of the new part: two arrangers, called alike.

`rules` reads hits and chords from what was heard and applies the arranging rules of the training
data to them. `network` takes the piano roll that the composer predicts. The rules were better where
both were measured (BUILD_NOTES.md, "Agent"), and are the default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from compjax.audio.constants import FRAME_RATE, MIN_PITCH, NUM_VOICES
from compjax.audio.errors import UserError
from compjax.data.arrange import arrange, revoiced
from compjax.data.style import Style
from compjax.data.symbolic import Harmony, Hit, Note, Rhythm, Span
from compjax.inference import gates
from compjax.inference.notes import answer_hits, roll_to_notes
from compjax.inference.steering import HEARD, Steering

CLASSES = 12

CANNOT_BE_STEERED = (
    "a groove or chords from a file need the arranging agent and its rules: use the bundled model"
)


@dataclasses.dataclass(frozen=True)
class HearingConfig:
    """How hits and chords are read from probabilities.

    Attributes:
        hit_threshold: lowest probability of a hit.
        softest_hit: least velocity of a hit; softer ones would not be heard as onsets.
        reach: frames on either side among which a hit is the most probable of its voice.
        voice_share: what a voice needs of the most probable voice around it, to be struck too.
        drum_seconds: longest hit of a clip without pitches, and `pitched_seconds` of one with.
        window: frames over which salience is averaged.
        chord_threshold: lowest salience of a pitch class in a chord; lower where even the most
            salient class is not as sure: then `chord_share` of that.
        least_salience: below this nothing is a chord.
        balance: how far a chord tone's velocity follows its level in the recording: 0 not at all,
            1 in proportion.
        balance_window: frames over which those levels are averaged.
        softest: least factor of that.
    """

    hit_threshold: float = 0.35
    softest_hit: float = 0.05
    reach: int = 2
    voice_share: float = 0.9
    drum_seconds: float = 0.5
    pitched_seconds: float = 4.0
    window: int = 31
    chord_threshold: float = 0.95
    chord_share: float = 0.9
    least_salience: float = 0.15
    balance: float = 1.0
    balance_window: int = 75
    softest: float = 0.15


def hits_of(
    voices: np.ndarray, velocities: np.ndarray, longest: float, config: HearingConfig = HearingConfig()
) -> tuple[Hit, ...]:
    """Hits of voices `[T, 3]` (probabilities) and their velocities `[T, 3]`, sorted by time.

    A hit lasts until the next of its voice, at most `longest` seconds.
    """
    reach = config.reach
    padded = np.pad(voices, ((reach, reach), (0, 0)), constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)  # [T, 3, 2 reach + 1]
    best = around.max(axis=(1, 2))[:, None]
    struck = (voices >= config.hit_threshold) & (voices >= config.voice_share * best)
    struck &= (voices > around[..., :reach].max(-1)) & (voices >= around[..., reach + 1 :].max(-1))
    hits = []
    for voice in range(NUM_VOICES):
        frames = np.flatnonzero(struck[:, voice])
        lengths = np.diff(frames, append=len(voices)) / FRAME_RATE
        for frame, length in zip(frames, lengths, strict=True):
            velocity = float(np.clip(velocities[frame, voice], config.softest_hit, 1.0))
            hits.append(Hit((frame + 0.5) / FRAME_RATE, float(min(length, longest)), voice, velocity))
    return tuple(sorted(hits, key=lambda hit: (hit.time, hit.voice)))


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over `window` (odd) frames around each of `[T, N]`, edges repeated."""
    padded = np.pad(values, ((window // 2, window // 2), (0, 0)), mode="edge").astype(np.float64)
    total = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    return (total[window:] - total[:-window]) / window


def chords_of(salience: np.ndarray, config: HearingConfig = HearingConfig()) -> Harmony:
    """The chords of a salience `[T, 64]`: which pitch classes sound together when, and on which bass.

    A class sounds as surely as at least one of its pitches does (noisy or).
    """
    silent = 1.0 - np.clip(salience, 0.0, 0.999)
    classes = np.stack([1.0 - silent[:, c::CLASSES].prod(axis=1) for c in range(CLASSES)], axis=1)
    classes, smooth = moving_mean(classes, config.window), moving_mean(salience, config.window)
    surest = classes.max(axis=1, keepdims=True)
    sounding = classes >= np.minimum(config.chord_threshold, config.chord_share * surest)
    sounding &= surest >= config.least_salience
    changes = np.flatnonzero((sounding[1:] != sounding[:-1]).any(axis=1)) + 1
    spans = []
    for first, last in zip([0, *changes], [*changes, len(sounding)], strict=True):
        pitches = tuple(MIN_PITCH + int(c) for c in np.flatnonzero(sounding[first]))
        if pitches:
            heard = smooth[first:last].mean(axis=0)
            bass = MIN_PITCH + int(np.flatnonzero(heard > 0.5 * heard.max())[0])
            spans.append(Span(first / FRAME_RATE, last / FRAME_RATE, pitches, bass))
    return Harmony(tuple(spans))


def balanced(
    notes: tuple[Note, ...], salience: np.ndarray, levels: np.ndarray, config: HearingConfig = HearingConfig()
) -> tuple[Note, ...]:
    """Notes whose velocities follow how strongly their pitch class sounds in the recording just then.

    Only the balance among notes struck together changes: the loudest of them keeps its velocity, so
    that no hit gets lost. Salience and levels (magnitudes) are `[T, 64]`.
    """
    power = moving_mean(salience * levels**2, config.balance_window)
    classes = np.stack([power[:, c::CLASSES].sum(axis=1) for c in range(CLASSES)], axis=1)
    share = np.sqrt(classes / np.maximum(classes.max(axis=1, keepdims=True), 1e-12))
    factor = np.clip(share**config.balance, config.softest, 1.0)

    frames = [min(max(int(note.start * FRAME_RATE), 0), len(factor) - 1) for note in notes]
    factors = [factor[t, (n.pitch - MIN_PITCH) % CLASSES] for t, n in zip(frames, notes, strict=True)]
    strongest: dict[int, float] = {}
    for frame, of in zip(frames, factors, strict=True):
        strongest[frame] = max(strongest.get(frame, 0.0), of)
    return tuple(
        dataclasses.replace(note, velocity=float(note.velocity * of / strongest[frame]))
        for note, frame, of in zip(notes, frames, factors, strict=True)
    )


def read_clip(clip, config: HearingConfig = HearingConfig()) -> tuple[Rhythm, Harmony]:
    """The hits and the chords that an agent heard in one clip; none from an agent that hears neither."""
    if not (hasattr(clip, "voices") and hasattr(clip, "harmony")):
        return Rhythm(()), Harmony()
    return _read(clip.voices, clip.hit_velocities, clip.harmony, clip.harmony, config)


def read_pair(heard, decided: np.ndarray, config: HearingConfig = HearingConfig()) -> tuple[Rhythm, Harmony]:
    """The hits and the chords that two clips have together, by their gates `[T, 6]`."""
    if not all(hasattr(clip, "voices") and hasattr(clip, "harmony") for clip in heard):
        return Rhythm(()), Harmony()
    voices = gates.mixed(decided, "rhythm", *(clip.voices for clip in heard))
    velocities = gates.mixed(decided, "rhythm", *(clip.hit_velocities for clip in heard))
    own_salience = gates.mixed(decided, "rhythm", *(clip.harmony for clip in heard))
    salience = gates.mixed(decided, "harmony", *(clip.harmony for clip in heard))
    return _read(voices, velocities, own_salience, salience, config)


def _read(voices, velocities, own_salience, salience, config: HearingConfig) -> tuple[Rhythm, Harmony]:
    """Hits of voices `[T, 3]` in a clip of `own_salience` `[T, 64]`, and the chords of `salience`."""
    is_pitched = np.quantile(own_salience.max(axis=1), 0.75) > 0.8
    longest = config.pitched_seconds if is_pitched else config.drum_seconds
    return Rhythm(hits_of(voices, velocities, longest, config), 120.0, 4), chords_of(salience, config)


def by_rules(agent, heard, decided: np.ndarray, style: Style, steering: Steering = HEARD) -> tuple[Note, ...]:
    """Hits and chords of the gated clips, or those given in their place, arranged by the rules."""
    del agent
    rhythm, harmony = steering.over(*read_pair(heard, decided))
    if steering.harmony is not None:  # the recording's balance is that of other chords
        return arrange(rhythm, revoiced(harmony, style), style)
    salience = gates.mixed(decided, "harmony", *(clip.harmony for clip in heard))
    levels = gates.mixed(decided, "harmony", *(clip.levels for clip in heard))
    return balanced(arrange(rhythm, revoiced(harmony, style), style), salience, levels)


def by_network(
    agent, heard, decided: np.ndarray, style: Style, steering: Steering = HEARD
) -> tuple[Note, ...]:
    """The notes of the roll that the composer predicts; it composes on what it hears alone."""
    if steering:
        raise UserError(CANNOT_BE_STEERED)
    roll = agent.compose(*heard, decided, style.vector())
    onsets, frames, velocities = (np.asarray(part) for part in roll)
    hits = gates.mixed(decided, "rhythm", *(clip.voices for clip in heard)).max(axis=1)
    return roll_to_notes(answer_hits(onsets, hits), frames, velocities)


ARRANGERS: dict[str, Callable[..., tuple[Note, ...]]] = {"rules": by_rules, "network": by_network}
"""Name -> `(agent, heard, gates, style, steering) -> notes`."""
