"""From a piano roll of probabilities to notes."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.music.score import Note, Reason


@dataclasses.dataclass(frozen=True)
class NoteConfig:
    """How notes are read from a roll.

    Attributes:
        onset_threshold: lowest probability of an onset.
        frame_threshold: a note sounds on while its frames are at least this probable.
        reach: frames on either side among which an onset must be the most probable.
        gap: frames below the threshold that do not end a note.
        merge_seconds: onsets of one pitch closer than this are one.
        min_seconds: shortest note.
        min_velocity: velocity of a note whose velocity was not learned.
        hit_threshold: lowest probability of a hit that must be answered by a note.
        answer_floor: lowest probability of the onset that answers a hit.
        answer_share: what an onset needs of the best one's probability to answer with it.
    """

    onset_threshold: float = 0.5
    frame_threshold: float = 0.4
    reach: int = 2
    gap: int = 2
    merge_seconds: float = 0.05
    min_seconds: float = 0.05
    min_velocity: float = 1 / 127
    hit_threshold: float = 0.5
    answer_floor: float = 0.1
    answer_share: float = 0.8


def roll_to_notes(
    onsets: np.ndarray, frames: np.ndarray, velocities: np.ndarray, config: NoteConfig = NoteConfig()
) -> tuple[Note, ...]:
    """Notes of a piano roll, sorted by start, then pitch.

    Args:
        onsets: `[T, 64]` probability of a note starting at the frame; pitches from MIDI 24.
        frames: `[T, 64]` probability of a note sounding.
        velocities: `[T, 64]` in [0, 1], read where notes start.
        config: thresholds.
    """
    times, pitches = np.nonzero(_peaks(onsets, config))
    notes = []
    for pitch in np.unique(pitches):
        at = _merge(times[pitches == pitch], onsets[:, pitch], config)
        ends = _ends(at, frames[:, pitch], config)
        for index, end in zip(at, ends, strict=True):
            velocity = float(np.clip(velocities[index, pitch], config.min_velocity, 1.0))
            start = _refined(index, onsets[:, pitch]) / FRAME_RATE
            stop = max(end / FRAME_RATE, start + config.min_seconds)
            reason = Reason("network", probability=float(onsets[index, pitch]))
            note = Note(start, float(stop), int(pitch) + MIN_PITCH, velocity, reason=reason)
            notes.append(note)
    return tuple(sorted(_without_overlaps(notes), key=lambda note: (note.start, note.pitch)))


def answer_hits(onsets: np.ndarray, hits: np.ndarray, config: NoteConfig = NoteConfig()) -> np.ndarray:
    """Onsets in which no hit goes without a note.

    A rhythm is heard more surely than its pitches are decided: a chord of four equally good choices may
    have no onset above the threshold. There the best choices are lifted to it.

    Args:
        onsets: `[T, 64]` probabilities.
        hits: `[T]` probability that the rhythm has a hit.
        config: thresholds.

    Returns:
        `[T, 64]`, at least `onsets`.
    """
    answered = onsets.copy()
    for time in np.flatnonzero(
        _peaks(hits[:, None], dataclasses.replace(config, onset_threshold=config.hit_threshold))
    ):
        around = slice(max(time - config.reach, 0), time + config.reach + 1)
        best = onsets[around].max(axis=0)
        if config.answer_floor <= best.max() < config.onset_threshold:
            for pitch in np.flatnonzero(best >= config.answer_share * best.max()):
                frame = around.start + int(onsets[around, pitch].argmax())
                answered[frame, pitch] = config.onset_threshold
    return answered


def _peaks(onsets: np.ndarray, config: NoteConfig) -> np.ndarray:
    """Where an onset is probable, and more so than around it; the first of equals. Bool `[T, 64]`."""
    reach = config.reach
    padded = np.pad(onsets, ((reach, reach), (0, 0)), constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)  # [T, 64, 2 reach + 1]
    before, after = around[..., :reach].max(-1), around[..., reach + 1 :].max(-1)
    return (onsets >= config.onset_threshold) & (onsets > before) & (onsets >= after)


def _merge(times: np.ndarray, onsets: np.ndarray, config: NoteConfig) -> np.ndarray:
    """Of peaks of one pitch closer than `merge_seconds`, the more probable."""
    kept: list[int] = []
    for time in times:
        if kept and (time - kept[-1]) / FRAME_RATE < config.merge_seconds:
            kept[-1] = max(kept[-1], int(time), key=lambda t: onsets[t])
        else:
            kept.append(int(time))
    return np.array(kept, int)


def _ends(starts: np.ndarray, frames: np.ndarray, config: NoteConfig) -> np.ndarray:
    """Frame at which each note of one pitch ends: its frames fade out, or the next note starts."""
    sounding = frames >= config.frame_threshold
    filled = np.convolve(sounding, np.ones(config.gap + 1))[: sounding.size] > 0  # bridges short gaps
    silent = np.append(np.flatnonzero(~filled), sounding.size)
    # A frame may be recognised a little after its onset: the first `gap` frames are taken as sounding.
    first = np.minimum(starts + config.gap, sounding.size)
    ends = silent[np.searchsorted(silent, first)]
    ends = np.where(ends < sounding.size, ends - config.gap, ends)  # the bridge reaches past the end
    return np.minimum(ends, np.append(starts[1:], sounding.size))


def _refined(index: int, onsets: np.ndarray) -> float:
    """Place of a peak in frames of time, between frames: the centre of mass of it and its neighbours."""
    low, high = max(index - 1, 0), min(index + 2, onsets.size)
    mass = onsets[low:high].astype(np.float64)
    return float((np.arange(low, high) * mass).sum() / mass.sum()) + 0.5


def _without_overlaps(notes: list[Note]) -> list[Note]:
    """Notes by pitch, each cut where the next of its pitch starts."""
    ordered = sorted(notes, key=lambda note: (note.pitch, note.start))
    for i, (note, after) in enumerate(zip(ordered, ordered[1:], strict=False)):
        if note.pitch == after.pitch and note.end > after.start:
            ordered[i] = dataclasses.replace(note, end=after.start)
    return ordered
