import pytest

from compjax import constants


@pytest.mark.parametrize(("pitch", "hertz"), [(69, 440.0), (57, 220.0), (60, 261.6256), (24, 32.7032)])
def test_midi_to_hz(pitch, hertz):
    assert constants.midi_to_hz(pitch) == pytest.approx(hertz, abs=1e-4)


def test_frames():
    assert constants.FRAME_RATE == 75.0
