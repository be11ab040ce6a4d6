import dataclasses

import numpy as np
import pytest

from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.measures.joint_score import Anchors

ANCHORS = Anchors(floor=(0.2, 0.3, 0.0, 0.0), ceiling=(0.8, 0.9, 0.5, 0.4))
GOOD = FactorScores(
    onset_f1=0.9, onset_lag=0.0, beat_f1=0.8, envelope_cosine=0.7, chroma_cosine=0.85, in_chord=0.95,
    onset_chance=0.3, in_chord_chance=0.4, timbre=0.5, brightness=2.0, decay=1.0,
    timbre_margin=0.5, gating_r2=0.5, mosaic_r2=0.6, mix_r2=0.1, mix_weaker=0.0, copy_input=0.4,
    copy_target=0.5,
)  # fmt: skip


def test_measures_by_hand():
    np.testing.assert_allclose(joint_score.measure(GOOD), [0.8, 0.9, 0.75, 0.4])


def test_ceiling_is_one_floor_is_zero_half_way_is_a_half():
    assert joint_score.joint(ANCHORS.ceiling, ANCHORS) == pytest.approx(1.0)
    assert joint_score.joint(ANCHORS.floor, ANCHORS) == 0.0
    assert joint_score.joint((0.5, 0.6, 0.375, 0.2), ANCHORS) == pytest.approx(0.5)  # timbre in squares
    assert joint_score.joint((9.0, 0.9, 0.5, 0.025), ANCHORS) == pytest.approx(
        0.5
    )  # (1 * 1 * 1 * 1/16) ** (1/4)


def test_a_ceiling_below_the_floor_is_reached_or_not():
    upside_down = Anchors(floor=(0.2, 0.3, 0.4, 0.0), ceiling=(0.8, 0.9, 0.3, 0.4))
    assert joint_score.normalised((0.8, 0.9, 0.3, 0.4), upside_down)["timbre"] == 1.0
    assert joint_score.normalised((0.8, 0.9, 0.2, 0.4), upside_down)["timbre"] == 0.0


def test_a_copy_scores_nothing():
    copy = dataclasses.replace(GOOD, onset_f1=1.0, timbre=1.0, in_chord=1.0, mosaic_r2=1.0)
    assert joint_score.joint(joint_score.measure(copy), ANCHORS) == 0.0


def test_anchors_are_the_controls_and_the_way_from_them_to_the_arrangement():
    floors = [[0.2, 0.5, 0.0, 0.0], [0.6, 0.0, 0.5, 0.0]]
    ceilings = [
        [0.6, 1.0, 0.5, 0.4],
        [0.9, 0.5, 0.5, 0.2],
    ]  # rhythm: half of the way, and three quarters of it
    one, other = joint_score.anchors_from(floors, ceilings)
    assert one.floor == tuple(floors[0]) and other.floor == tuple(floors[1])
    np.testing.assert_allclose(one.ceiling, [0.2 + 0.8 * 0.5625, 0.5 + 0.5 * 0.875, 0.375, 0.35])
    np.testing.assert_allclose(other.ceiling, [0.6 + 0.4 * 0.6875, 0.625, 0.5 + 0.5 * 0.125, 0.25])
    table = joint_score.factor_table(np.asarray(ceilings), (one, other))
    np.testing.assert_allclose(table[:, 0], [0.5 / 0.5625, 0.75 / 0.6875])  # one falls short, one exceeds
    mean = joint_score.mean_anchors(floors, ceilings)
    assert mean.floor == pytest.approx((0.4, 0.25, 0.25, 0.0)) and mean.ceiling[0] == pytest.approx(0.75)


def test_a_control_as_good_as_perfection_is_no_division_by_zero():
    [only] = joint_score.anchors_from([[1.0, 1.0, 1.0, 1.0]], [[1.0, 1.0, 1.0, 1.0]])
    assert only.ceiling == only.floor
    assert joint_score.normalised((1.0,) * 4, only)["rhythm"] == 1.0


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


def test_system_joint_is_the_mean_of_the_pairs():
    copy = dataclasses.replace(GOOD, mosaic_r2=1.0)
    measures = np.asarray([joint_score.measure(one) for one in (GOOD, copy)])
    estimate = joint_score.system_joint(measures, (ANCHORS, ANCHORS))
    assert estimate.mean == pytest.approx(0.5)
    assert (estimate.low, estimate.high) == (0.0, pytest.approx(1.0))


def test_every_pair_is_scored_by_its_own_anchors():
    hard = Anchors(floor=ANCHORS.ceiling, ceiling=(1.0, 1.0, 1.0, 1.0))
    table = joint_score.factor_table(np.asarray([ANCHORS.ceiling] * 2), (ANCHORS, hard))
    np.testing.assert_allclose(table, [[1.0] * 4, [0.0] * 4])


def test_factors_are_kept_in_range_and_the_joint_score_within_0_and_1():
    measures = ((-9.0, 9.0, 9.0, 9.0), (9.0,) * 4)
    table = joint_score.factor_table(np.asarray(measures), (ANCHORS, ANCHORS))
    assert table.min() == -0.5 and table.max() == 1.5
    assert [joint_score.joint(one, ANCHORS) for one in measures] == [0.0, 1.0]


def test_excess_takes_off_what_chance_adds():
    chance, apart, another = (
        0.5,
        0.3,
        0.8,
    )  # distances: of one instrument's clips, of the output's, of another's
    squares = [chance**2 + one**2 for one in (apart, another)]
    share = (squares[1] - squares[0]) / (squares[1] - chance**2)
    assert joint_score.excess(share) == pytest.approx(1.0 - apart / another)
    assert joint_score.excess(0.0) == 0.0 and joint_score.excess(1.0) == 1.0
    assert joint_score.excess(1.25) == 1.5 and joint_score.excess(-3.0) == -1.0
