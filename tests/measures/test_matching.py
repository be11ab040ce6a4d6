import types

import mir_eval
import numpy as np
import pytest

from compjax.measures import matching


def note(start, pitch, end=None):
    return types.SimpleNamespace(
        start=start, end=start + 0.2 if end is None else end, pitch=pitch, velocity=0.8
    )


def test_matches_are_one_to_one():
    assert matching.count_matches(np.array([1.0]), np.array([0.98, 1.02]), 0.05) == 1
    # Nearest first would pair 1.04 with 1.05 and lose the other two; two pairs are possible.
    assert matching.count_matches(np.array([1.0, 1.04]), np.array([1.05, 1.09]), 0.05) == 2


def test_f_measure_by_hand():
    # 2 of 3 references and 2 of 4 estimates: precision 1/2, recall 2/3, F = 4/7
    assert matching.event_f1(np.array([0.0, 1.0, 2.0]), np.array([0.03, 0.5, 1.03, 1.5])) == pytest.approx(
        4 / 7
    )


def test_empty_lists():
    none, some = np.zeros(0), np.array([1.0])
    assert matching.event_f1(none, none) == 1.0
    assert matching.event_f1(none, some) == matching.event_f1(some, none) == 0.0


def test_agrees_with_mir_eval(rng):
    for _ in range(20):
        reference, estimate = (np.sort(rng.uniform(0, 4, rng.integers(1, 30))) for _ in range(2))
        ours = matching.event_f1(reference, estimate)
        assert ours == pytest.approx(mir_eval.onset.f_measure(reference, estimate, window=0.05)[0])
        ours = matching.event_f1(reference, estimate, matching.BEAT_TOLERANCE)
        assert ours == pytest.approx(mir_eval.beat.f_measure(reference, estimate))


def test_constant_lag_is_removed_and_reported():
    reference = np.arange(10) * 0.3
    score, lag = matching.lagged_f1(reference, reference + 0.015, tolerance=0.002)
    assert score == 1.0 and lag == pytest.approx(0.015, abs=0.0026)
    assert matching.lagged_f1(reference, reference + 0.06, tolerance=0.005)[0] == 0.0  # more than 20 ms stays
    assert matching.lagged_f1(reference, reference) == (1.0, 0.0)


def test_times_are_validated():
    with pytest.raises(ValueError, match="decrease"):
        matching.event_f1(np.array([1.0, 0.0]), np.zeros(0))
    with pytest.raises(ValueError, match="finite"):
        matching.event_f1(np.array([np.nan]), np.zeros(0))


def test_notes_need_pitch_and_onset():
    reference = [note(0.0, 60), note(0.5, 64), note(1.0, 67)]
    estimate = [note(0.04, 60), note(0.5, 65), note(1.06, 67), note(2.0, 60)]
    assert matching.note_f1(reference, estimate) == pytest.approx(2 * 1 / (3 + 4))  # only the first


def test_note_f1_agrees_with_mir_eval(rng):
    for _ in range(10):
        lists = [
            [note(t, int(p)) for t, p in zip(rng.uniform(0, 2, n), rng.integers(60, 64, n), strict=True)]
            for n in rng.integers(1, 25, 2)
        ]
        tables = []
        for notes in lists:
            tables += [
                np.array([[n.start, n.end] for n in notes]),
                np.array([440 * 2 ** ((n.pitch - 69) / 12) for n in notes]),
            ]
        theirs = mir_eval.transcription.precision_recall_f1_overlap(*tables, offset_ratio=None)[2]
        assert matching.note_f1(*lists) == pytest.approx(theirs)
