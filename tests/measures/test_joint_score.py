import dataclasses

import numpy as np
import pytest

from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.measures.joint_score import Anchors

ANCHORS = Anchors(floor=(0.2, 0.3, 0.0, 0.0), ceiling=(0.8, 0.9, 0.5, 0.4))
GOOD = FactorScores(
    onset_f1=0.9, onset_lag=0.0, beat_f1=0.8, envelope_cosine=0.7, chroma_cosine=0.85, in_chord=0.95,
    timbre_margin=0.5, gating_r2=0.5, mosaic_r2=0.6, mix_r2=0.1, mix_weaker=0.0, copy_input=0.4,
    copy_target=0.5,
)  # fmt: skip


def test_measures_by_hand():
    np.testing.assert_allclose(joint_score.measure(GOOD), [0.8, 0.9, 0.5, 0.4])


def test_ceiling_is_one_floor_is_zero_half_way_is_a_half():
    assert joint_score.joint(ANCHORS.ceiling, ANCHORS) == pytest.approx(1.0)
    assert joint_score.joint(ANCHORS.floor, ANCHORS) == 0.0
    assert joint_score.joint((0.5, 0.6, 0.25, 0.2), ANCHORS) == pytest.approx(0.5)
    assert joint_score.joint((9.0, 0.9, 0.5, 0.025), ANCHORS) == pytest.approx(
        0.5
    )  # (1 * 1 * 1 * 1/16) ** (1/4)


def test_a_ceiling_below_the_floor_is_reached_or_not():
    upside_down = Anchors(floor=(0.2, 0.3, 0.4, 0.0), ceiling=(0.8, 0.9, 0.3, 0.4))
    assert joint_score.normalised((0.8, 0.9, 0.3, 0.4), upside_down)["timbre"] == 1.0
    assert joint_score.normalised((0.8, 0.9, 0.2, 0.4), upside_down)["timbre"] == 0.0


def test_a_copy_scores_nothing():
    copy = dataclasses.replace(GOOD, onset_f1=1.0, timbre_margin=1.0, in_chord=1.0, mosaic_r2=1.0)
    assert joint_score.joint(joint_score.measure(copy), ANCHORS) == 0.0


def test_anchors_come_from_floor_and_ceiling():
    poor = dataclasses.replace(
        GOOD, onset_f1=0.3, beat_f1=0.2, envelope_cosine=0.1, timbre_margin=-0.4, in_chord=0.15, mosaic_r2=0.1
    )
    anchors = joint_score.anchors_from([poor, poor], [GOOD])
    np.testing.assert_allclose(anchors.floor, [0.2, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(anchors.ceiling, [0.8, 0.9, 0.5, 0.4])


def test_bootstrap_interval_holds_the_mean_and_shrinks(rng):
    small, large = (joint_score.bootstrap(rng.normal(3.0, 1.0, n)) for n in (10, 1000))
    for estimate in (small, large):
        assert estimate.low < estimate.mean < estimate.high
    assert large.high - large.low == pytest.approx(
        4 * 0.98 / np.sqrt(1000), rel=0.15
    )  # 2 * 1.96 sigma / sqrt(n)
    assert small.high - small.low > 3 * (large.high - large.low)
    assert joint_score.bootstrap([0.5, 0.5]) == joint_score.Estimate(0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="at least one"):
        joint_score.bootstrap([])


def test_system_joint_is_of_the_means():
    copy = dataclasses.replace(GOOD, mosaic_r2=1.0)
    estimate = joint_score.system_joint([GOOD, copy], ANCHORS)
    assert estimate.mean == pytest.approx(0.5**0.25)
    assert (estimate.low, estimate.high) == (0.0, pytest.approx(1.0))
