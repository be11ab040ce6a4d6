"""From what an agent heard to hits and chords.

The agent gives probabilities frame by frame; here they are read as events, in the way that is most
probable over the whole: hits by their peaks, chords by the best division of the clip into stretches
of one chord each.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib

import numpy as np

from compjax.audio.transforms.pitch_spectrum import STRIDE
from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_VOICES
from compjax.hearing.lines import is_line
from compjax.hearing.listener import Heard, stack
from compjax.hearing.sound import LEAD_IN, LEAD_SECONDS
from compjax.music import gates
from compjax.music.score import Harmony, Hit, Rhythm, Span, shifted

CLASSES = 12


@dataclasses.dataclass(frozen=True)
class HearingConfig:
    """How hits and chords are read from probabilities.

    Attributes:
        hit_threshold: lowest probability of a hit.
        softest_hit: least velocity of a hit; softer ones would not be heard as onsets.
        reach: frames on either side among which a hit is the most probable of its voice.
        voice_share: what a voice needs of the most probable voice around it, to be struck too.
        drum_seconds: longest hit of a clip without pitches, and `pitched_seconds` of one with.
        odds_bound: most that one frame says for or against a class, natural log odds.
        change_penalty: natural log odds that a new chord must gain over the old one going on.
        longest_chord: frames of the pitch spectrum after which a chord is decided anew.
        energy_weight: how much a class's own energy counts beside what the agent hears; 0 not at all.
        energy_even: natural log of the power, relative to the strongest class's, that speaks neither for nor
            against a class, and `energy_bounds` what it says at the least and at the most (log odds).
        energy_reach: frames on either side over which energy is averaged.
        single: whether at most one class sounds at a time; see `lines.py`.
    """

    hit_threshold: float = 0.3
    softest_hit: float = 0.05
    reach: int = 2
    voice_share: float = 0.7
    drum_seconds: float = 0.5
    pitched_seconds: float = 4.0
    odds_bound: float = 4.0
    change_penalty: float = 8.0
    longest_chord: int = 150
    energy_weight: float = 0.75
    energy_even: float = -1.5
    energy_bounds: tuple[float, float] = (-2.0, 1.0)
    energy_reach: int = 37
    single: bool = False


LINE = {"single": True, "energy_reach": 8, "change_penalty": 2.0}
"""How a single line is read: its tones are shorter than chords."""


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


def log_odds(probability: np.ndarray, bound: float) -> np.ndarray:
    """Natural log odds, within `bound` of even: frames are not as independent as a product makes them."""
    clipped = np.clip(probability, 1e-6, 1.0 - 1e-6)
    return np.clip(np.log(clipped) - np.log1p(-clipped), -bound, bound)


def seconded(classes: np.ndarray, levels: np.ndarray, config: HearingConfig = HearingConfig()) -> np.ndarray:
    """Probabilities `[T, 12]` of classes as their own energy confirms or doubts them.

    The agent has learned sounds, and a recording may have one that it never heard. Energy at the pitches'
    fundamentals knows nothing of overtones and cannot be told anything about a sound in advance.

    Args:
        classes: `[T, 12]` probability that each pitch class sounds, C first.
        levels: `[T, 64]` magnitude at each pitch's fundamental, from `MIN_PITCH` on.
        config: how much it counts.
    """
    folded = np.zeros(classes.shape)
    for place in range(levels.shape[1]):
        folded[:, (MIN_PITCH + place) % CLASSES] += np.square(levels[:, place], dtype=np.float64)
    window = np.hanning(2 * config.energy_reach + 3)[1:-1]
    around = np.stack([np.convolve(one, window, "full") for one in folded.T], axis=1)
    around = around[config.energy_reach :][: len(folded)]
    strongest = np.maximum(around.max(axis=1, keepdims=True), 1e-30)
    share = np.log(np.maximum(around / strongest, 1e-12))
    said = config.energy_weight * np.clip(share - config.energy_even, *config.energy_bounds)
    return 1.0 / (1.0 + np.exp(-log_odds(classes, np.inf) - said))


def divide(odds: np.ndarray, penalty: float, longest: int, single: bool = False) -> list[tuple[int, int]]:
    """The stretches of frames `[first, last)` over which the same classes sound, from log odds `[T, 12]`.

    At most one class sounds at a time if `single`.

    The most probable division, every stretch paying `penalty`, none over `longest` frames: dynamic
    programming over where each ends (Bellman, "On the approximation of curves by line segments using
    dynamic programming", CACM 4(6), 1961).
    """
    total = np.concatenate([np.zeros((1, odds.shape[1])), np.cumsum(odds, axis=0)])
    best, begun = np.zeros(len(total)), np.zeros(len(total), int)
    for end in range(1, len(total)):
        first = max(0, end - longest)
        gained = np.maximum(total[end] - total[first:end], 0.0)
        gain = (gained.max(axis=1) if single else gained.sum(axis=1)) + best[first:end]
        begun[end] = first + gain.argmax()
        best[end] = gain.max() - penalty
    ends = [len(odds)]
    while ends[-1] > 0:
        ends.append(begun[ends[-1]])
    return list(zip(ends[:0:-1], ends[-2::-1], strict=True))


def chords_of(classes: np.ndarray, bass: np.ndarray, config: HearingConfig = HearingConfig()) -> Harmony:
    """The chords of a clip: which pitch classes sound together when, and on which bass.

    Args:
        classes: `[T, 12]` probability that each pitch class sounds, C first.
        bass: `[T, 12]` probability that it is the lowest.
        config: how they are read.
    """
    odds = log_odds(classes[STRIDE // 2 :: STRIDE], config.odds_bound)
    lowest = np.log(np.maximum(bass[STRIDE // 2 :: STRIDE], 1e-6))
    spans: list[Span] = []
    for first, last in divide(odds, config.change_penalty, config.longest_chord, config.single):
        for_classes = odds[first:last].sum(axis=0)
        sounding = np.flatnonzero(for_classes > 0)
        if config.single and sounding.size:
            sounding = for_classes.argmax(keepdims=True)
        if not sounding.size:
            continue
        ended = len(classes) if last == len(odds) else last * STRIDE
        start, end = first * STRIDE / FRAME_RATE, ended / FRAME_RATE
        root = sounding[lowest[first:last].sum(axis=0)[sounding].argmax()]
        pitches, under = tuple(MIN_PITCH + int(c) for c in sounding), MIN_PITCH + int(root)
        if spans and spans[-1].end == start and (spans[-1].pitches, spans[-1].bass) == (pitches, under):
            spans[-1] = dataclasses.replace(spans[-1], end=end)
        else:
            spans.append(Span(start, end, pitches, under))
    return Harmony(tuple(spans))


def has_pitches(classes: np.ndarray, share: float = 0.25) -> bool:
    """Whether some class of `[T, 12]` surely sounds in that share of the frames; if not, it is drums."""
    return bool(np.quantile(classes.max(axis=1), 1.0 - share) > 0.8)


@dataclasses.dataclass(frozen=True)
class HeardPitches:
    """What is heard of pitches, after the lead-in, as `Heard` has it."""

    salience: np.ndarray
    levels: np.ndarray
    classes: np.ndarray
    bass: np.ndarray

    def chords(self, config: HearingConfig) -> Harmony:
        """The chords, or the tones of a single line."""
        odds = log_odds(self.classes[STRIDE // 2 :: STRIDE], config.odds_bound)
        if is_line(self.salience[LEAD_IN:], self.levels[LEAD_IN:], odds[LEAD_IN // STRIDE :]):
            config = dataclasses.replace(config, **LINE)
        return chords_of(seconded(self.classes, self.levels, config), self.bass, config)


def read_clip(heard: Heard, config: HearingConfig = HearingConfig()) -> tuple[Rhythm, Harmony]:
    """The hits and the chords that were heard in one clip, in its own time."""
    pitches = HeardPitches(heard.harmony, heard.levels, heard.classes, heard.bass)
    return _read(heard.voices, heard.hit_velocities, heard.classes, pitches, config)


@dataclasses.dataclass(frozen=True)
class HeardPair:
    """What was heard in input and target. Gates `[T, 6]` and all that is said are in the clips' own time."""

    clips: tuple[Heard, Heard]

    def music(self, decided: np.ndarray, config: HearingConfig = HearingConfig()) -> tuple[Rhythm, Harmony]:
        """The hits and the chords that the clips have together, by their gates; read once."""
        asked = hashlib.sha256(np.ascontiguousarray(decided)).digest(), config
        if asked not in self._read:
            self._read[asked] = self._together(decided, config)
        return self._read[asked]

    @functools.cached_property
    def _read(self) -> dict[tuple, tuple[Rhythm, Harmony]]:
        return {}

    def _together(self, decided: np.ndarray, config: HearingConfig) -> tuple[Rhythm, Harmony]:
        voices, velocities, own_classes = (
            self._mixed(decided, "rhythm", name) for name in ("voices", "hit_velocities", "classes")
        )
        pitches = HeardPitches(
            *(self._mixed(decided, "harmony", name) for name in ("harmony", "levels", "classes", "bass"))
        )
        return _read(voices, velocities, own_classes, pitches, config)

    def class_levels(self, decided: np.ndarray, window: int) -> np.ndarray:
        """How strongly pitch classes sound, `[T, 12]` as a share of the strongest, over `window` frames."""
        salience, levels = (self._mixed(decided, "harmony", name) for name in ("harmony", "levels"))
        power = moving_mean(salience * levels**2, window)
        classes = np.stack([power[:, c::CLASSES].sum(axis=1) for c in range(CLASSES)], axis=1)
        return np.sqrt(classes / np.maximum(classes.max(axis=1, keepdims=True), 1e-12))[LEAD_IN:]

    @functools.cached_property
    def each(self) -> tuple[tuple[Rhythm, Harmony], ...]:
        """The hits and the chords that were heard in each clip, in its own time."""
        return tuple(read_clip(clip) for clip in self.clips)

    @property
    def components(self) -> np.ndarray:
        """The six components of the clips, `[T, 6, 64]`."""
        return stack(*self.clips)[LEAD_IN:]

    def hits(self, decided: np.ndarray) -> np.ndarray:
        """Probability that anything is struck, `[T]`."""
        return self._mixed(decided, "rhythm", "voices").max(axis=1)[LEAD_IN:]

    def _mixed(self, decided: np.ndarray, factor: str, name: str) -> np.ndarray:
        """An array of both clips by the gates of a factor, `[LEAD_IN + T, N]`."""
        whole = gates.led_in(decided, LEAD_IN)
        return gates.mixed(whole, factor, *(getattr(clip, name) for clip in self.clips))


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over `window` (odd) frames around each of `[T, N]`, edges repeated."""
    padded = np.pad(values, ((window // 2, window // 2), (0, 0)), mode="edge").astype(np.float64)
    total = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    return (total[window:] - total[:-window]) / window


def _read(
    voices, velocities, own_classes, pitches: HeardPitches, config: HearingConfig
) -> tuple[Rhythm, Harmony]:
    """Hits of voices `[LEAD_IN + T, 3]` in a clip with `own_classes`, and the chords of `pitches`."""
    longest = config.pitched_seconds if has_pitches(own_classes) else config.drum_seconds
    rhythm = Rhythm(hits_of(voices, velocities, longest, config), 120.0, 4)
    return shifted(rhythm, pitches.chords(config), -LEAD_SECONDS)
