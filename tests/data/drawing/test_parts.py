import numpy as np
import pytest

from compjax.data.drawing import parts, rhythms
from compjax.music.score import HIGH, LOW, MID


@pytest.mark.parametrize("kind", parts.PARTS)
def test_every_part_gives_ordered_hits_of_known_voices(kind):
    for seed in range(10):
        generator = np.random.default_rng(seed)
        grid = rhythms.draw_grid(-4.0, 4.0, generator)
        hits = parts.draw_part(kind, grid, [-4.0, -1.0, 1.0, 3.0], generator).hits
        assert [hit.time for hit in hits] == sorted(hit.time for hit in hits)
        assert all(hit.length > 0 and hit.voice in (LOW, MID, HIGH) and 0 < hit.velocity <= 1 for hit in hits)


def test_held_parts_strike_at_the_changes_and_last_to_the_next():
    grid = rhythms.StepGrid(120.0, 4, 4, 0.0, -4.0, 6)
    hits = [hit for hit in parts.held(grid, [-4.0, -1.0, 2.0], np.random.default_rng(0)) if hit.voice == MID]
    assert [(hit.time, hit.length) for hit in hits[:2]] == [(-4.0, 3.0), (-1.0, 3.0)]


def test_the_shares_of_the_parts_make_one():
    assert sum(share for _, share in parts.PARTS.values()) == pytest.approx(1.0)
