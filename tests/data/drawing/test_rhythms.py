import numpy as np
import pytest

from compjax.data.drawing import rhythms
from compjax.music.score import LOW


def test_grid_times_with_and_without_swing():
    straight = rhythms.StepGrid(120.0, 4, 2, 0.0, -1.0, 4)
    swung = rhythms.StepGrid(120.0, 4, 2, 1 / 3, -1.0, 4)
    assert [straight.time(s) for s in (0, 1, 2)] == [-1.0, -0.75, -0.5]
    assert [swung.time(s) for s in (0, 1, 2)] == [-1.0, pytest.approx(-1 + 1 / 3), -0.5]
    assert straight.bar_time(1) == 1.0


def test_a_drawn_grid_covers_the_clip():
    generator = np.random.default_rng(0)
    for _ in range(100):
        grid = rhythms.draw_grid(-4.0, 4.0, generator)
        assert grid.origin <= -4.0 and grid.bar_time(grid.bars) >= 4.0
        assert 60 <= grid.tempo <= 180


def test_drum_hits_last_to_the_next_of_their_voice_at_most_half_a_second_and_a_beat():
    grid = rhythms.StepGrid(60.0, 4, 4, 0.0, 0.0, 1)
    hits = rhythms.drum_hits({LOW: [(0, 1.0), (1, 1.0), (8, 1.0)]}, grid)
    assert [(hit.time, hit.length) for hit in hits] == [(0.0, 0.25), (0.25, 0.5), (2.0, 0.5)]
    fast = rhythms.drum_hits({LOW: [(0, 1.0)]}, rhythms.StepGrid(180.0, 4, 4, 0.0, 0.0, 1))
    assert fast[0].length == pytest.approx(1 / 3)


def test_humanised_hits_stay_within_ten_milliseconds():
    hits = [rhythms.Hit(i * 0.1, 0.1, LOW, 0.7) for i in range(50)]
    for seed in range(10):
        played = rhythms.humanised(hits, np.random.default_rng(seed))
        late = [abs(a.time - b.time) for a, b in zip(played, hits, strict=True)]
        assert 0 < max(late) <= 0.010 + 1e-9
        assert all(0 < hit.velocity <= 1 for hit in played)


def test_euclidean_bars_spread_hits_evenly():
    grid = rhythms.StepGrid(120.0, 4, 4, 0.0, 0.0, 8)
    for voice in rhythms.euclidean_bars(grid, np.random.default_rng(3)).values():
        gaps = np.diff([step for step, _ in voice])
        assert gaps.size and gaps.max() - gaps.min() <= 1


def test_drums_are_reproducible_and_various():
    first = [rhythms.draw_drums(-4, 4, np.random.default_rng(s))[0] for s in range(60)]
    again = [rhythms.draw_drums(-4, 4, np.random.default_rng(s))[0] for s in range(60)]
    assert first == again
    counts = [len(rhythm.hits) for rhythm in first]
    assert min(counts) < 25 and max(counts) > 90
    assert len({rhythm.beats_per_bar for rhythm in first}) >= 3
