"""Notes and hits on the 75 Hz frame grid."""

from __future__ import annotations

import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH, NUM_PITCHES, NUM_VOICES


def fold_pitch(pitch: np.ndarray) -> np.ndarray:
    """Rows of the roll, 0 to 63, for MIDI pitches; notes outside come in by octaves."""
    row = np.asarray(pitch, np.int64) - MIN_PITCH
    row = np.where(row < 0, row % 12, row)
    top = NUM_PITCHES - 12 + (row - NUM_PITCHES) % 12
    return np.where(row >= NUM_PITCHES, top, row)


def rasterise(notes: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Notes `[N, 4]` (start, end in seconds, MIDI pitch, velocity) on the grid.

    Rows of velocity 0 are padding. A note that began before the clip has frames and no onset.

    Returns:
        onsets `[frames, 64]`, the velocity where a note starts; held `[frames, 64]`, the velocity of
        the note while it lasts.
    """
    onsets = np.zeros((frames, NUM_PITCHES), np.float32)
    held = np.zeros((frames, NUM_PITCHES), np.float32)
    notes = notes[notes[:, 3] > 0]
    rows = fold_pitch(np.round(notes[:, 2]))
    first = np.floor(notes[:, 0] * FRAME_RATE).astype(int)
    last = np.maximum(np.round(notes[:, 1] * FRAME_RATE).astype(int), first + 1)
    for start, end, row, velocity in zip(first, last, rows, notes[:, 3], strict=True):
        held[max(start, 0) : max(end, 0), row] = velocity
        if 0 <= start < frames:
            onsets[start, row] = velocity
    return onsets, held


def rasterise_hits(hits: np.ndarray, frames: int) -> np.ndarray:
    """Hits `[N, 4]` (time, length in seconds, voice, velocity) as velocities `[frames, 3]`."""
    grid = np.zeros((frames, NUM_VOICES), np.float32)
    hits = hits[hits[:, 3] > 0]
    place = np.floor(hits[:, 0] * FRAME_RATE).astype(int)
    for frame, voice, velocity in zip(place, hits[:, 2].astype(int), hits[:, 3], strict=True):
        if 0 <= frame < frames:
            grid[frame, voice] = max(grid[frame, voice], velocity)
    return grid
