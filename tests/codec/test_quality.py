import numpy as np
import pytest

from compjax.audio import waveform
from compjax.codec import quality
from compjax.errors import UserError


@pytest.fixture
def noise(rng):
    return rng.standard_normal(24_000).astype(np.float32) * 0.1


def test_same_clip_is_at_no_distance(noise):
    assert quality.stft_distance(noise, noise) == 0.0
    assert quality.mel_distance(noise, noise) == 0.0


def test_halved_clip_by_hand(noise):
    assert quality.stft_distance(noise, noise / 2) == pytest.approx(0.5 + np.log(2), abs=2e-3)
    assert quality.mel_distance(noise, noise / 2) == pytest.approx(np.log(2), abs=2e-3)


def test_perfect_codec_scores_perfectly(noise):
    score = quality.score_folder([noise], lambda x: x, lambda x: x, lambda a, b: 5.0)
    assert (score.mel, score.stft, score.visqol) == (0.0, 0.0, 5.0)


def test_excerpts_come_from_the_middle(tmp_path, noise):
    waveform.write(tmp_path / "a.wav", np.concatenate([0 * noise, noise, 0 * noise]))
    waveform.write(tmp_path / "silent.wav", 0 * noise)
    [clip] = quality.excerpts(tmp_path, 1.0, 5)
    assert clip.size == 24_000
    assert np.sqrt(np.mean(clip**2)) == pytest.approx(0.1, rel=1e-3)
    assert np.corrcoef(clip, noise)[0, 1] > 0.999


def test_folder_without_audio(tmp_path):
    with pytest.raises(UserError, match="no audio below"):
        quality.excerpts(tmp_path, 1.0, 5)
