"""Notes of a table as a roll and as notes."""

import numpy as np

from compjax.models.composing.factor_frames import log_length
from compjax.training.notes.shown import likely_notes, roll_of


def test_a_roll_and_notes_say_what_the_table_says():
    table = {name: np.zeros((2, 64), np.float32) for name in ("onsets", "velocities", "lengths")}
    table["moments"] = np.array([10, 20])
    table["onsets"][0, 5], table["velocities"][0, 5], table["lengths"][0, 5] = 1.0, 0.7, log_length(0.2)
    table["onsets"][1, 9], table["lengths"][1, 9] = 0.4, log_length(0.12)
    roll = roll_of(table, 75)
    np.testing.assert_allclose(roll[8:28, 5], [0] * 2 + [1] * 2 + [0.5] * 13 + [0] * 3)
    np.testing.assert_allclose(roll[18:30, 9], [0] * 2 + [0.4] * 2 + [0.2] * 7 + [0] * 1, rtol=1e-6)
    assert not roll[:, [4, 6, 8, 10]].any()
    (note,) = likely_notes(table)
    assert (note.pitch, round(note.start, 3), round(note.end - note.start, 3)) == (29, 0.14, 0.2)
    assert note.velocity == np.float32(0.7)
