import numpy as np
import pytest
from fakes import chord, drums

from compjax.audio.loudness import rms
from compjax.compose.clips.opening import open_clip
from compjax.errors import UserError


@pytest.mark.parametrize("rate", [24_000, np.int64(24_000), np.float32(24_000)])
def test_the_longer_axis_is_time(rate):
    stereo = np.stack([drums(2), 0.5 * drums(2)])
    first, last = (open_clip(samples, "input", rate) for samples in (stereo, stereo.T))
    np.testing.assert_array_equal(first.audio, last.audio)
    assert first.seconds == 2.0


@pytest.mark.parametrize(
    "rate", [0, -24_000, float("nan"), float("inf"), 24_000.5, "fast", 90_000_000, [24_000]]
)
def test_rates_that_are_none(rate):
    with pytest.raises(UserError, match="sample_rate of the input must be a whole number of Hz"):
        open_clip(drums(2), "input", rate)


@pytest.mark.parametrize("shape", [(0,), (48_000, 0), (0, 48_000), (300, 300), (2, 2, 24_000), ()])
def test_shapes_that_are_none(shape):
    with pytest.raises(UserError, match="the input"):
        open_clip(np.zeros(shape, np.float32), "input", 24_000)


@pytest.mark.parametrize(
    "kind, scale, middle", [("int16", 2**15, 0), ("int32", 2**31, 0), ("uint8", 128, 128)]
)
def test_whole_numbers_as_wav_files_hold_them(kind, scale, middle):
    whole = np.round(0.5 * drums(2) / np.abs(drums(2)).max() * scale + middle)
    audio = open_clip(whole.astype(kind), "input", 24_000).audio
    np.testing.assert_allclose(audio, (whole - middle) / scale, atol=1e-6)


def test_inverted_channels_are_told_of():
    clip = open_clip(np.stack([drums(2), -drums(2)]), "target", 24_000)
    np.testing.assert_allclose(clip.audio, drums(2), atol=1e-6)
    assert clip.remarks[0].startswith("target: its channels cancel")


def test_a_constant_is_taken_out():
    clip = open_clip(0.1 * drums(2) + 0.2, "input", 24_000)
    assert rms(clip.audio - 0.1 * drums(2)) < 0.1 * rms(0.1 * drums(2))
    assert "constant" in clip.remarks[0]


def test_a_constant_alone_is_silent():
    with pytest.raises(UserError, match="silent .a constant"):
        open_clip(np.full(48_000, 0.5), "input", 24_000)


@pytest.mark.parametrize("gain", [1e-3, 10.0, 1e38])
def test_levels_beyond_the_usual_are_brought_back(gain):
    clip, usual = (open_clip(drums(4) * g, "input", 24_000) for g in (gain, 1.0))
    assert 0.01 < rms(clip.audio) < 1.0 and clip.remarks
    assert clip.gridded().grid.tempo == pytest.approx(usual.gridded().grid.tempo)


def test_beats_do_not_depend_on_level():
    opened = (open_clip(drums(4) * np.float32(gain), "input", 24_000) for gain in (1.0, 5e-3))
    loud, quiet = (clip.gridded().grid for clip in opened)
    np.testing.assert_allclose(loud.beats, quiet.beats)


def test_usual_clips_are_left_as_they_are():
    clip = open_clip(chord(2), "target", 24_000)
    np.testing.assert_array_equal(clip.audio, chord(2))
    assert not clip.remarks
