"""Which period is the beat, on strokes that are written out."""

import numpy as np
import pytest

from compjax.data.drawing.drum_clips import draw_clip
from compjax.data.drawing.drum_patterns import DrumPattern
from compjax.hearing import tempo
from compjax.hearing.grid import hear, strength
from compjax.music.time.meter import GridSettings, Meter

ROCK = DrumPattern("rock", (120, 120.001), "X- -- X- --", "-- X- -- X-", "xx xx xx xx")
SEVEN = DrumPattern(
    "seven", (240, 240.001), "X- -- X- -- X- -- --", "-- x- -- x- -- x- x-", "x- x- x- x- x- x- x-"
)


def drawn(pattern, seconds=10.0, seed=0):
    return draw_clip(pattern, seconds, np.random.default_rng(seed), vary=False)


def test_periods_hold_the_beat_and_its_octaves():
    clip = tempo.Repetition.of(strength(drawn(ROCK).audio), 100.0)
    found = np.array(tempo.candidates(clip))
    for period in (0.25, 0.5, 1.0):
        assert np.abs(found / period - 1).min() < 0.01
    assert tempo.sureness(clip, 0.5) > 0.9


def test_noise_is_unsure():
    noise = np.random.default_rng(0).exponential(size=(1000, 3))
    assert tempo.hear(noise, 100.0)[1] < 0.3
    assert tempo.hear(np.zeros((1000, 3)), 100.0) == (0.0, 0.0)


@pytest.mark.parametrize("bpm", [72, 96, 120, 150])
def test_tempo_of_a_plain_beat(bpm):
    pattern = DrumPattern("rock", (bpm, bpm + 0.001), ROCK.low, ROCK.mid, ROCK.high)
    assert hear(drawn(pattern).audio).tempo == pytest.approx(bpm, rel=0.01)


def test_known_meter_says_what_is_counted():
    """Seven eighths of 0.25 s: set as 7/8 the tempo is 120 whatever period was taken for the beat."""
    found = hear(drawn(SEVEN, 14.0).audio, GridSettings(meter=Meter(7, 8)))
    assert found.tempo == pytest.approx(120, rel=0.01) and found.bar == pytest.approx(1.75, rel=0.01)


def test_registers_are_looked_at_beside_each_other():
    """The snare of a backbeat lies one beat from the kick, that of half time two."""
    half = DrumPattern("half", (120, 120.001), "X- -- -- --", "-- -- X- --", "xx xx xx xx")
    backbeat, half_time = (
        tempo.Repetition.of(strength(drawn(p).audio), 100.0).between(0, 0.5) for p in (ROCK, half)
    )
    assert backbeat > 0.5 and backbeat > 2 * half_time
    clip = tempo.Repetition.of(strength(drawn(ROCK).audio), 100.0)
    assert clip.per_second[3] == pytest.approx(4.0, rel=0.2)
    assert clip.per_second[1] < 0.7 * clip.per_second[3]
    assert len(tempo.features(clip, 0.5)) == len(tempo.network("mean"))


def test_the_strongest_near_a_lag(rng):
    values = rng.standard_normal((2, 400))
    found = tempo._strongest_near(values)
    for lag in range(400):
        width = max(1, round(0.02 * lag))
        np.testing.assert_array_equal(
            found[:, lag], values[:, max(lag - width, 0) : lag + width + 1].max(axis=1)
        )


def test_steps_over_a_kick_on_every_beat_are_no_faster_beat():
    """Sixteenths without a backbeat were heard at twice their tempo."""
    pattern = DrumPattern(
        "", (96, 96.001), "X--- X--- X--- X---", "--X- -X-- X--X -X--", "xxxx xxxx xxxx xxxx"
    )
    assert hear(drawn(pattern, 12.0).audio).tempo == pytest.approx(96, rel=0.01)
