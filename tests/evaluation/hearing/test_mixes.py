"""Mixes have a bass under their chords, and hits are judged whatever their voice."""

import numpy as np

from compjax.evaluation.hearing.mixes import bass_of, hit_counts, table
from compjax.music.score import HIGH, LOW, Harmony, Hit, Rhythm, Span

RHYTHM = Rhythm(
    (Hit(0.0, 0.2, LOW, 0.9), Hit(0.0, 0.1, HIGH, 0.5), Hit(1.0, 0.2, LOW, 0.9), Hit(2.5, 0.1, HIGH, 0.5))
)
CHORDS = Harmony((Span(0.0, 1.0, (60, 64, 67), 48), Span(1.0, 8.0, (57, 60, 64), 33)))


def test_the_bass_follows_the_low_drums():
    first, second = bass_of(RHYTHM, CHORDS)
    assert (first.start, first.pitch, second.start, second.pitch) == (0.0, 36, 1.0, 33)
    assert first.end <= 1.0 and second.end <= 8.0


def test_hits_are_counted_once_whatever_their_voice():
    heard = Rhythm((Hit(0.02, 0.2, HIGH, 0.9), Hit(1.2, 0.2, LOW, 0.9)))
    np.testing.assert_array_equal(hit_counts(RHYTHM, RHYTHM), [3, 3, 3])
    np.testing.assert_array_equal(hit_counts(RHYTHM, heard), [1, 2, 3])
    assert table({"as it is": (np.array([1.0, 2.0, 3.0]), np.ones(3))}).split()[-2:] == ["0.40", "1.00"]
