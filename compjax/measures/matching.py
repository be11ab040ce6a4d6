"""Matching of event times and of notes, with the meaning of `mir_eval.onset` and `mir_eval.transcription`.

Times in seconds, rising; pitches as MIDI numbers. Every score lies in [0, 1]; two empty lists agree
perfectly (1.0), an empty list against a full one scores 0.0. (mir_eval answers 0 to both.)
"""

import numpy as np

ONSET_TOLERANCE = 0.05
"""Onsets this near, in seconds, are the same (mir_eval's default)."""

BEAT_TOLERANCE = 0.07
"""Beats this near, in seconds, are the same (Dixon 2001; mir_eval's default)."""

MAX_LAG = 0.02
"""A constant delay up to this, in seconds, is removed before onsets are compared, and reported."""

LAG_STEP = 0.0025


def validate_times(times: np.ndarray) -> np.ndarray:
    """`[N]` float64 of finite, non-decreasing times, or ValueError."""
    times = np.asarray(times, np.float64)
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ValueError(f"event times must be a list of finite numbers, not of shape {times.shape}")
    if (np.diff(times) < 0).any():
        raise ValueError("event times must not decrease")
    return times


def count_matches(reference: np.ndarray, estimate: np.ndarray, tolerance: float) -> int:
    """Size of the largest one-to-one matching within the tolerance.

    For points on a line and one tolerance for all, taking the earliest pair that fits is optimal, so no
    general bipartite matching is needed.
    """
    reference, estimate = np.asarray(reference).tolist(), np.asarray(estimate).tolist()  # faster one by one
    i = j = matches = 0
    while i < len(reference) and j < len(estimate):
        difference = estimate[j] - reference[i]
        if abs(difference) <= tolerance + 1e-9:
            matches, i, j = matches + 1, i + 1, j + 1
        elif difference > 0:
            i += 1
        else:
            j += 1
    return matches


def f_measure(matches: int, references: int, estimates: int) -> float:
    """Harmonic mean of precision and recall."""
    if references + estimates == 0:
        return 1.0
    return 2.0 * matches / (references + estimates)


def event_f1(reference: np.ndarray, estimate: np.ndarray, tolerance: float = ONSET_TOLERANCE) -> float:
    """F-measure of event times."""
    reference, estimate = validate_times(reference), validate_times(estimate)
    return f_measure(count_matches(reference, estimate, tolerance), len(reference), len(estimate))


def lagged_f1(
    reference: np.ndarray, estimate: np.ndarray, tolerance: float = ONSET_TOLERANCE, max_lag: float = MAX_LAG
) -> tuple[float, float]:
    """Best F-measure over constant delays up to `max_lag`, and that delay in seconds (the smallest wins)."""
    steps = int(round(max_lag / LAG_STEP))
    lags = sorted((step * LAG_STEP for step in range(-steps, steps + 1)), key=abs)
    scores = [event_f1(reference, np.asarray(estimate) - lag, tolerance) for lag in lags]
    best = int(np.argmax(scores))
    return scores[best], float(lags[best])


def note_f1(reference, estimate, tolerance: float = ONSET_TOLERANCE) -> float:
    """F-measure of notes: the same pitch and onsets within the tolerance (offsets are not compared).

    Args: two sequences of notes with `start` (seconds) and `pitch` (MIDI number).
    The meaning of `mir_eval.transcription` with offset_ratio=None, for whole pitches.
    """
    matches = 0
    for pitch in {note.pitch for note in reference}:
        starts = [
            sorted(note.start for note in notes if note.pitch == pitch) for notes in (reference, estimate)
        ]
        matches += count_matches(np.asarray(starts[0]), np.asarray(starts[1]), tolerance)
    return f_measure(matches, len(reference), len(estimate))
