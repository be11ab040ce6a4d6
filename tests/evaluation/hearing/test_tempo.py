"""The test of tempo hearing can fail, and its table says how."""

import numpy as np
import pytest

from compjax.data.drawing.drum_clips import DrumClip
from compjax.data.drawing.drum_patterns import GROOVES
from compjax.data.drawing.tempo_patterns import FEELS, PLAIN
from compjax.evaluation.hearing.tempo import HeardRight, drawn, from_upbeat, judge, measure, table
from compjax.evaluation.hearing.tempo_patterns import KINDS, PATTERNS
from compjax.music.time.grid import KNOWN, NO_GRID, regular
from compjax.music.time.meter import Meter

CLIP = DrumClip(np.zeros(1, np.float32), "a", 0.5, 4, -0.5)


def test_patterns_of_the_test_are_not_those_of_the_fit():
    fitted = {(p.low, p.mid, p.high) for p in (*GROOVES, *FEELS, *PLAIN)}
    assert not fitted & {(p.low, p.mid, p.high) for p in PATTERNS}
    slowest, fastest = (f(t for p in PATTERNS for t in p.tempos) for f in (min, max))
    assert slowest == 46 and fastest == 300 and any(p.swing for p in PATTERNS)


def test_every_pattern_is_of_one_kind():
    assert sorted(name for names in KINDS.values() for name in names) == sorted(p.name for p in PATTERNS)


def test_right_and_wrong_are_told_apart():
    assert judge(CLIP, regular(120.0, Meter(), 1.5, 8.0, KNOWN)) == HeardRight(True, True, True, True)
    assert judge(CLIP, regular(121.0, Meter(), 1.0, 8.0, KNOWN)) == HeardRight(True, True, True, False)
    assert judge(CLIP, regular(60.0, Meter(), 1.5, 8.0, KNOWN)) == HeardRight(False, True, False, True)
    assert judge(CLIP, regular(120.0, Meter(3, 4), 1.5, 8.0, KNOWN)) == HeardRight(True, True, False, False)
    assert judge(CLIP, regular(131.0, Meter(), 1.5, 8.0, KNOWN)) == HeardRight(False, False, False, True)
    assert judge(CLIP, NO_GRID) == HeardRight(False, False, False, False)


def test_table_counts_everything():
    lines = table(  # and of kinds: none of these is of one
        {"a": [HeardRight(True, True, True, True)], "b": [HeardRight(False, True, False, False)]}
    ).splitlines()
    assert lines[-1].split() == ["all", "50%", "100%", "50%", "50%"]


def test_tempo_is_heard_in_most_clips():
    judged = measure(seed=5, count=1)
    assert len(judged) == len(PATTERNS)
    assert np.mean([one.tempo for several in judged.values() for one in several]) > 0.75


def test_a_clip_from_an_upbeat_is_the_same_but_for_its_beginning():
    clip = drawn(PATTERNS[0], 0, 7, 0)
    later = from_upbeat(clip, 3)
    bar = clip.period * clip.beats_per_bar
    assert (later.origin % bar) / clip.period == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_array_equal(later.audio, clip.audio[-later.audio.size :])
    assert clip.origin - later.origin == pytest.approx((clip.audio.size - later.audio.size) / 24_000)
