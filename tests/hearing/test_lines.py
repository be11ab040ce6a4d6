"""Single lines are told from chords."""

import numpy as np

from compjax.constants import MIN_PITCH
from compjax.hearing.lines import is_line
from compjax.hearing.reading import HearingConfig, chords_of, log_odds

FRAMES = 160


def heard(*pitches: int, overtones: tuple[int, ...] = ()):
    """Salience, levels and log odds of pitches that sound one after the other with their overtones."""
    salience, levels = np.zeros((FRAMES, 64)), np.full((FRAMES, 64), 1e-4)
    classes = np.full((FRAMES, 12), 0.01)
    for turn, frames in enumerate(np.array_split(np.arange(FRAMES), len(pitches))):
        for above in (0, *overtones):
            place = pitches[turn] + above - MIN_PITCH
            salience[frames, place], levels[frames, place] = (0.9, 0.1) if not above else (0.6, 0.05)
        classes[frames, pitches[turn] % 12] = 0.99
    return salience, levels, log_odds(classes[2::4], 4.0)


def test_a_tone_with_overtones_is_a_line():
    assert is_line(*heard(60, 62, 64, overtones=(12, 19)))


def test_a_triad_is_none():
    assert not is_line(*heard(60, overtones=(4, 7)))


def test_classes_beside_the_surest_speak_against_a_line():
    salience, levels, odds = heard(60)
    odds[:, [4, 7]] = 3.0
    assert not is_line(salience, levels, odds)


def test_silence_is_none():
    assert not is_line(np.zeros((FRAMES, 64)), np.zeros((FRAMES, 64)), np.full((40, 12), -4.0))


def test_a_line_has_one_class_at_a_time():
    classes = np.full((FRAMES, 12), 0.02)
    classes[:80, 0], classes[80:, 2], classes[:, 7] = 0.99, 0.99, 0.7
    bass = np.full((FRAMES, 12), 0.01)
    spans = chords_of(classes, bass, HearingConfig(single=True)).spans
    assert [span.pitches for span in spans] == [(MIN_PITCH,), (MIN_PITCH + 2,)]
    assert len(chords_of(classes, bass).spans[0].pitches) == 2
