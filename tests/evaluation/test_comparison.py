import dataclasses
import json

import numpy as np
import pytest

from compjax.evaluation import comparison, report
from compjax.evaluation.benchmark import Benchmark, Judged
from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.music.factors import Switches

ANCHORS = joint_score.Anchors(floor=(0.0, 0.0, 0.0, 0.0), ceiling=(1.0, 1.0, 1.0, 1.0))
PLAIN = FactorScores(
    onset_f1=0.5, onset_lag=0.0, beat_f1=0.5, envelope_cosine=0.5, chroma_cosine=0.5, in_chord=0.5,
    onset_chance=0.3, in_chord_chance=0.4, timbre=0.5, brightness=2.0, decay=1.0,
    timbre_margin=0.5, gating_r2=0.5, mosaic_r2=0.5, mix_r2=0.1, mix_weaker=0.0, copy_input=0.4,
    copy_target=0.5,
)  # fmt: skip
MARGINS = (0.1, 0.3, 0.5, 0.7)


def results(change: float = 0.0, pairs: str = "abcd", **systems) -> dict:
    """A run whose system "one" has the timbre margins above, all `change` larger; read back from JSON."""
    systems = {"one": change, **systems}
    judged = [
        Judged(name, tuple(dataclasses.replace(PLAIN, timbre=margin + more) for margin in MARGINS))
        for name, more in systems.items()
    ]
    return json.loads(
        json.dumps(
            report.as_dict(Benchmark(tuple(pairs), Switches(), tuple(judged), (ANCHORS,) * len(pairs)))
        )
    )


def test_a_constant_gain_is_certain_however_much_recordings_differ():
    [change] = comparison.between_systems(results(two=0.2), "one", "two")
    assert change.system == "one → two"
    assert (change.before["timbre"], change.after["timbre"]) == pytest.approx((0.4, 0.6))
    timbre = change.difference["timbre"]
    assert (timbre.mean, timbre.low, timbre.high) == pytest.approx((0.2, 0.2, 0.2))
    rhythm = change.difference["rhythm"]
    assert (rhythm.mean, rhythm.low, rhythm.high) == (0.0, 0.0, 0.0)
    expected = [np.mean([0.5**0.75 * (margin + more) ** 0.25 for margin in MARGINS]) for more in (0.0, 0.2)]
    assert change.difference["joint"].mean == pytest.approx(expected[1] - expected[0])
    assert 0 < change.difference["joint"].low < change.difference["joint"].high


def test_a_gain_on_one_recording_of_two_may_be_chance():
    before, after = np.full((2, 4), 0.5), np.full((2, 4), 0.5)
    after[0, 0] = 0.9
    rhythm = joint_score.paired_difference(before, after, (ANCHORS, ANCHORS))["rhythm"]
    assert rhythm.mean == pytest.approx(0.2) and rhythm.low == 0.0 and rhythm.high == pytest.approx(0.4)


def test_runs_on_the_same_pairs_have_paired_intervals():
    changes = comparison.between_runs(results(), results(0.2, new=0.0))
    assert [change.system for change in changes] == ["one"]
    text = comparison.table(changes, 4)
    assert "0.40 → 0.60 (+0.20, +0.20 to +0.20)" in text and "paired bootstrap over 4 recordings" in text
    assert comparison.as_dicts(changes)[0]["difference"]["timbre"]["low"] == pytest.approx(0.2)


def test_the_later_anchors_hold_for_both():
    before = results()
    before["anchors"][0]["ceiling"] = [2.0] * 4
    [change] = comparison.between_runs(before, results())
    assert change.difference["joint"].mean == 0.0


@pytest.mark.parametrize("damage", ["pairs", "order", "recordings", "switches"])
def test_other_pairs_have_no_intervals_and_it_says_so(damage):
    before = results(pairs={"pairs": "abcx", "order": "badc"}.get(damage, "abcd"))
    if damage == "recordings":
        del before["systems"]["one"]["recordings"][0]["in_chord"]
    if damage == "switches":
        before["switches"]["rhythm"] = "target"
    changes = comparison.between_runs(before, results(0.2))
    assert changes[0].difference is None
    text = comparison.table(changes, 4)
    assert "0.40 → 0.60 (+0.20)" in text and "no interval: the pairs differ" in text


def test_nothing_shared():
    earlier = results()
    earlier["systems"] = {"other": earlier["systems"]["one"]}
    assert comparison.table(comparison.between_runs(earlier, results()), 4).startswith(
        "The earlier run shares"
    )
