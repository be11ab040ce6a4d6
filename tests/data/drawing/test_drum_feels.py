"""Patterns that are drawn by rule are bars that can be played."""

import numpy as np
import pytest

from compjax.data.drawing.drum_clips import draw_clip
from compjax.data.drawing.drum_feels import FEELS, draw_bar, draw_feel


@pytest.mark.parametrize("feel", FEELS, ids=lambda feel: feel.name)
def test_bars_have_the_feels_meter_and_steps(feel):
    generator = np.random.default_rng(0)
    for _ in range(20):
        bar = draw_bar(feel, generator)
        assert bar.beats_per_bar in feel.meters and bar.steps_per_beat == feel.steps
        length = bar.beats_per_bar * bar.steps_per_beat
        assert all(len(bar.velocities(voice)) == length for voice in range(3))
        assert any(any(bar.velocities(voice)) for voice in range(3))
        assert bar.tempos == feel.tempos and bar.swing == feel.swing


def test_feels_are_many():
    generator = np.random.default_rng(0)
    drawn = [draw_feel(generator) for _ in range(200)]
    assert len({(bar.low, bar.mid, bar.high) for bar in drawn}) > 150
    assert {bar.beats_per_bar for bar in drawn} == {3, 4, 5, 6, 7}
    assert draw_clip(drawn[0], 4.0, generator).audio.shape == (96_000,)
