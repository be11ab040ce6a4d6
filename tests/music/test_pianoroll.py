"""Notes and hits on the frame grid."""

import numpy as np

from compjax.music.pianoroll import fold_pitch, rasterise, rasterise_hits


def test_pitches_outside_come_in_by_octaves():
    assert fold_pitch(np.array([24, 87, 23, 12, 88, 100])).tolist() == [0, 63, 11, 0, 52, 52]


def test_a_note_fills_its_frames():
    notes = np.array([[0.1, 0.2, 60, 0.5], [0, 0, 0, 0]], np.float32)
    onsets, held = rasterise(notes, 30)
    assert onsets[7, 36] == 0.5 and onsets.sum() == 0.5
    assert np.flatnonzero(held[:, 36]).tolist() == list(range(7, 15))


def test_a_note_from_before_has_no_onset():
    onsets, held = rasterise(np.array([[-1.0, 0.04, 60, 0.5]], np.float32), 30)
    assert onsets.sum() == 0 and np.flatnonzero(held[:, 36]).tolist() == [0, 1, 2]


def test_the_shortest_note_has_a_frame():
    _, held = rasterise(np.array([[0.1, 0.1, 60, 0.5]], np.float32), 30)
    assert held[:, 36].sum() == 0.5


def test_hits_stand_in_their_voice():
    grid = rasterise_hits(np.array([[0.02, 0.1, 2, 0.9], [9.0, 0.1, 0, 0.9], [0, 0, 0, 0]], np.float32), 30)
    assert grid[1, 2] == np.float32(0.9) and np.count_nonzero(grid) == 1
