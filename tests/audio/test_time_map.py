import numpy as np
import pytest

from compjax.audio.time_map import TimeMap, frames_along, sound_along
from compjax.constants import FRAME_RATE, SAMPLE_RATE


def ramp(seconds: float) -> np.ndarray:
    """Latents `[T, 1]` whose value at a frame is its time in seconds."""
    return ((np.arange(round(seconds * FRAME_RATE)) + 0.5) / FRAME_RATE).astype(np.float32)[:, None]


def test_latents_are_read_at_other_times():
    time_map = TimeMap(np.array([0.0, 4.0]), np.array([0.0, 1.0]), np.array([0.5, 2.5]))  # half speed
    read = frames_along(ramp(4), time_map, 300)
    np.testing.assert_allclose(read, 0.5 + ramp(4) / 2, atol=1e-5)


def test_lead_in_goes_at_the_targets_own_speed():
    """Frames before the input's beginning are read from before the loop's, whatever the map's speed."""
    time_map = TimeMap(np.array([0.0, 4.0]), np.array([0.0, 1.0]), np.array([0.5, 2.5]))
    with_lead = ramp(4) - 8 / FRAME_RATE  # value: seconds since the clip began
    read = frames_along(with_lead, time_map, 200, lead=8)
    assert read.shape == (208, 1)
    np.testing.assert_allclose(read[:8, 0], 0.5 + (np.arange(-8, 0) + 0.5) / FRAME_RATE, atol=1e-5)
    np.testing.assert_allclose(read[8:], 0.5 + ramp(200 / FRAME_RATE) / 2, atol=1e-5)


def test_loop_is_cross_faded():
    """A loop of 1 s over 2 s: in 40 ms the sound beyond the loop gives way to its beginning."""
    time_map = TimeMap(np.array([0.0, 2.0]), np.array([0.0, 2.0]), np.array([1.0, 2.0]))
    read = frames_along(ramp(4), time_map, 150)[:, 0]
    np.testing.assert_allclose(read[:75], 1 + ramp(1)[:, 0], atol=1e-5)
    np.testing.assert_allclose(read[78:], 1 + ramp(1)[3:, 0], atol=1e-5)
    weight = (0.5 / FRAME_RATE) / 0.04
    first = 1 + 0.5 / FRAME_RATE
    assert read[75] == pytest.approx(weight * first + (1 - weight) * (first + 1), abs=1e-4)


def test_aligned_sound_is_exact_where_speed_is_kept(rng):
    audio = rng.normal(size=3 * SAMPLE_RATE).astype(np.float32)
    time_map = TimeMap(np.array([0.0, 2.0]), np.array([0.0, 1.0]), np.array([0.5, 2.5]))
    aligned = sound_along(audio, time_map, 2 * SAMPLE_RATE)
    inside = slice(SAMPLE_RATE // 10, -SAMPLE_RATE // 10)
    np.testing.assert_allclose(
        aligned[inside], audio[SAMPLE_RATE // 2 :][: 2 * SAMPLE_RATE][inside], atol=1e-5
    )


def test_what_is_read_does_not_depend_on_how_much_is_read(rng):
    audio = rng.normal(size=3 * SAMPLE_RATE).astype(np.float32)
    time_map = TimeMap(np.array([0.0, 4.0]), np.array([0.0, 2.0]), np.array([0.5, 2.5]))
    whole = sound_along(audio, time_map, 4 * SAMPLE_RATE)
    np.testing.assert_array_equal(sound_along(audio, time_map, 40_001), whole[:40_001])


@pytest.mark.parametrize("speed", [0.84, 1.0, 1.07])
def test_low_pitches_are_kept_at_another_speed(speed):
    """Grains that meet at odds made A#1 (58 Hz) sound as B or F."""
    hz = 58.27
    audio = np.sin(2 * np.pi * hz * np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    time_map = TimeMap(np.array([0.0, 4.0]), np.array([0.0, 1.0]), np.array([0.5, 0.5 + 4.0 * speed]))
    read = sound_along(audio, time_map, 4 * SAMPLE_RATE)[SAMPLE_RATE // 2 : -SAMPLE_RATE // 2]
    power = np.abs(np.fft.rfft(read * np.hanning(read.size))) ** 2
    frequency = np.fft.rfftfreq(read.size, 1 / SAMPLE_RATE)
    near = np.abs(frequency - hz) < 1.5
    assert power[near].sum() > 0.9 * power.sum()
