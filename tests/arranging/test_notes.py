import numpy as np
import pytest

from compjax.arranging.notes import NoteConfig, answer_hits, roll_to_notes
from compjax.constants import FRAME_RATE, MIN_PITCH


def roll(onsets, frames, num_frames=60, velocity=0.5):
    """Arrays `[T, 64]` of onset probabilities {(frame, row): p} and sounding frames {row: (start, stop)}."""
    onset, frame = np.zeros((num_frames, 64)), np.zeros((num_frames, 64))
    for (time, row), probability in onsets.items():
        onset[time, row] = probability
    for row, (start, stop) in frames.items():
        frame[start:stop, row] = 0.9
    return onset, frame, np.full((num_frames, 64), velocity)


def test_one_note():
    [note] = roll_to_notes(*roll({(10, 36): 0.9}, {36: (10, 25)}))
    assert note.pitch == MIN_PITCH + 36 == 60
    assert note.start == pytest.approx(10.5 / FRAME_RATE)
    assert note.end == pytest.approx(25 / FRAME_RATE)
    assert note.velocity == 0.5


def test_only_probable_peaks_are_notes():
    assert roll_to_notes(*roll({(10, 0): 0.49}, {0: (10, 20)})) == ()
    onsets = {(10, 0): 0.7, (11, 0): 0.9, (12, 0): 0.7}
    [note] = roll_to_notes(*roll(onsets, {0: (10, 20)}))
    assert note.start == pytest.approx(11.5 / FRAME_RATE)  # symmetric, so its centre is the peak


def test_onset_between_frames():
    [note] = roll_to_notes(*roll({(10, 0): 0.9, (11, 0): 0.9}, {0: (10, 20)}))
    assert note.start == pytest.approx(11.0 / FRAME_RATE)


def test_note_ends_where_the_next_of_its_pitch_starts():
    first, second = roll_to_notes(*roll({(10, 0): 0.9, (20, 0): 0.9}, {0: (10, 30)}))
    assert first.end == pytest.approx(20 / FRAME_RATE)
    assert second.end == pytest.approx(30 / FRAME_RATE)
    assert first.end <= second.start


def test_close_onsets_of_a_pitch_are_one():
    [note] = roll_to_notes(*roll({(10, 0): 0.6, (13, 0): 0.9}, {0: (10, 30)}))
    assert note.start == pytest.approx(13.5 / FRAME_RATE)  # 40 ms apart: the more probable


def test_short_gap_does_not_end_a_note():
    onset, frame, velocity = roll({(10, 0): 0.9}, {0: (10, 30)})
    frame[15:17] = 0.0
    [note] = roll_to_notes(onset, frame, velocity)
    assert note.end == pytest.approx(30 / FRAME_RATE)
    frame[15:18] = 0.0
    [note] = roll_to_notes(onset, frame, velocity)
    assert note.end == pytest.approx(15 / FRAME_RATE)


def test_note_without_frames_has_the_shortest_length():
    [note] = roll_to_notes(*roll({(10, 0): 0.9}, {}))
    assert note.end - note.start == pytest.approx(NoteConfig().min_seconds)


def test_note_at_the_end_stays_within_the_clip():
    [note] = roll_to_notes(*roll({(50, 0): 0.9}, {0: (50, 60)}))
    assert note.end == pytest.approx(60 / FRAME_RATE)


def test_velocity_is_read_at_the_onset_and_never_zero():
    onset, frame, velocity = roll({(10, 0): 0.9, (30, 0): 0.9}, {0: (10, 50)})
    velocity[10], velocity[30] = 0.25, 0.0
    first, second = roll_to_notes(onset, frame, velocity)
    assert (first.velocity, second.velocity) == (0.25, NoteConfig().min_velocity)


def test_sorted_by_start_then_pitch():
    notes = roll_to_notes(*roll({(30, 2): 0.9, (10, 5): 0.9, (10, 3): 0.9}, {}))
    assert [(round(n.start * FRAME_RATE - 0.5), n.pitch) for n in notes] == [(10, 27), (10, 29), (30, 26)]


def hits_at(*times):
    hits = np.zeros(60)
    hits[list(times)] = 0.9
    return hits


def test_hit_without_an_onset_is_answered_by_the_best_pitches():
    onsets, frames, velocities = roll({(11, 5): 0.4, (10, 9): 0.35, (10, 20): 0.2}, {})
    answered = answer_hits(onsets, hits_at(10))
    assert [n.pitch for n in roll_to_notes(answered, frames, velocities)] == [MIN_PITCH + 9, MIN_PITCH + 5]
    assert roll_to_notes(onsets, frames, velocities) == ()


def test_hit_that_has_its_onset_is_left_alone():
    onsets, _, _ = roll({(11, 5): 0.6, (10, 9): 0.49}, {})
    np.testing.assert_array_equal(answer_hits(onsets, hits_at(10)), onsets)


def test_nothing_is_made_of_nothing():
    onsets, _, _ = roll({(30, 5): 0.05, (50, 5): 0.4}, {})
    np.testing.assert_array_equal(answer_hits(onsets, hits_at(30)), onsets)


def test_empty_roll():
    assert roll_to_notes(*roll({}, {})) == ()
