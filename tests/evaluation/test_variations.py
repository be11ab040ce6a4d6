import types

import numpy as np
import pytest

from compjax.evaluation import variations
from compjax.evaluation.benchmark import Output
from compjax.evaluation.testsets import Pair
from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores


def notes(*pitches):
    return tuple(types.SimpleNamespace(start=0.5 * i, pitch=pitch) for i, pitch in enumerate(pitches))


def scores(onset_f1: float, gating_r2: float = 0.5, timbre: float = 0.3) -> FactorScores:
    values = dict.fromkeys(
        ("onset_lag", "mosaic_r2", "mix_r2", "mix_weaker", "copy_input", "copy_target", "timbre_margin"), 0.0
    )
    values |= dict.fromkeys(("onset_chance", "in_chord_chance", "brightness", "decay"), 0.1)
    values |= dict.fromkeys(("beat_f1", "envelope_cosine", "chroma_cosine", "in_chord"), 0.8)
    return FactorScores(onset_f1=onset_f1, gating_r2=gating_r2, timbre=timbre, **values)  # fmt: skip


@pytest.fixture
def pairs(clicks, chord):
    """Two recorded pairs."""
    return [Pair(f"pair {i}", clicks([0.2 + i / 10, 1.0], 2.0), 0.1 * chord((48, 52 + i))) for i in range(2)]


def test_likeness_is_the_f1_of_every_two():
    made = [Output(np.zeros(1), notes(*p)) for p in ((60, 62), (60, 64), (60, 62))]
    assert variations.likeness(made) == (0.5, 1.0, 0.5)
    with pytest.raises(ValueError, match="without notes"):
        variations.likeness([*made, Output(np.zeros(1))])


def test_each_pair_is_varied_once_and_judged_against_itself(pairs):
    asked = []

    def vary(pair, count):
        asked.append((pair.name, count))
        audio = (pair.given, pair.target, pair.given)[:count]
        played = ((60, 62), (60, 64), (60, 62)) if pair is pairs[0] else ((60,), (61,), (62,))
        return [Output(sound, notes(*pitches)) for sound, pitches in zip(audio, played, strict=True)]

    found = variations.run(pairs, vary, 3)
    assert asked == [("pair 0", 3), ("pair 1", 3)]
    assert found.alike == ((0.5, 1.0, 0.5), (0.0, 0.0, 0.0))
    results = variations.summarise(found)
    assert list(results["systems"]) == ["variation 1", "variation 2", "variation 3"]
    clicks, copy, _ = (figures["scores"]["timbre"]["mean"] for figures in results["systems"].values())
    assert copy == pytest.approx(1.0) and results["worst"]["scores"]["timbre"]["mean"] == clicks < 0.8
    assert results["mean"]["scores"]["timbre"]["mean"] == pytest.approx((2 * clicks + 1.0) / 3)
    alike = results["alike"]
    assert alike["note_f1"]["mean"] == pytest.approx(1 / 3)
    assert alike["pairs_different"] == 1.0 and alike["two_different"] == pytest.approx(5 / 6)
    assert alike["pairs"][0]["highest"] == 1.0
    first, second = variations.tables(results)
    assert "0.67: pair 0" in first and "83%" in first and second.count("\n") == 7


def test_mean_and_worst_by_hand():
    by_pair = [(scores(0.9, 0.4), scores(0.5, 0.6)), (scores(0.7, 0.2), scores(0.7, 0.3, timbre=0.1))]
    mean = variations.mean_figures(by_pair, (joint_score.FIXED,) * 2)
    worst = variations.worst_figures(by_pair, (joint_score.FIXED,) * 2)
    assert mean["scores"]["onset_f1"]["mean"] == pytest.approx(0.7)
    assert worst["scores"]["onset_f1"]["mean"] == pytest.approx(0.6)
    assert mean["scores"]["gating_r2"]["mean"] == pytest.approx(0.375)
    assert worst["scores"]["gating_r2"]["mean"] == pytest.approx(0.45)
    assert mean["scores"]["timbre"]["mean"] == pytest.approx(0.25)
    assert worst["scores"]["timbre"]["mean"] == pytest.approx(0.2)
    lowest = np.min([[joint_score.measure(one) for one in several] for several in by_pair], axis=1)
    by_hand = np.mean([joint_score.joint(one) for one in lowest])
    assert worst["joint"]["mean"] == pytest.approx(by_hand) and by_hand < mean["joint"]["mean"]
