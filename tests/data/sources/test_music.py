"""The self-supervised examples: what is destroyed is gone, and what is kept is still there."""

import numpy as np
import pytest

from compjax.audio import waveform
from compjax.audio.loudness import normalize_rms
from compjax.codec.vocos import bands
from compjax.data.sources import music
from compjax.data.sources.source import ExampleConfig, SourceConfig
from compjax.errors import UserError


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def onset_strength(latents: np.ndarray) -> np.ndarray:
    return np.maximum(np.diff(latents, axis=0), 0.0).mean(axis=1)


def pitch_detail(latents: np.ndarray) -> np.ndarray:
    """What is left of each frame once half an octave's average is taken off."""
    return latents - np.stack([np.convolve(row, np.ones(9) / 9, "same") for row in latents])


@pytest.fixture(scope="module")
def plucked() -> np.ndarray:
    """Chords struck at uneven times, 4 s."""
    time = np.arange(4 * 24_000) / 24_000
    audio = np.zeros_like(time)
    for start, pitches in (
        (0.1, (48, 55, 64)),
        (0.9, (50, 57, 65)),
        (1.4, (48, 55, 64)),
        (2.6, (53, 60, 69)),
    ):
        since = np.maximum(time - start, 0.0)
        for pitch in pitches:
            wave = sum(
                np.sin(2 * np.pi * h * 440 * 2 ** ((pitch - 69) / 12) * time) / h for h in (1, 2, 3, 4)
            )
            audio += (time > start) * np.exp(-3 * since) * wave
    return normalize_rms(audio.astype(np.float32))


def test_destroying_pitch_keeps_the_rhythm(plucked, rng):
    noise = bands.encode(normalize_rms(music.destroy_pitch(plucked, rng)))
    clip = bands.encode(plucked)
    assert correlation(onset_strength(clip), onset_strength(noise)) > 0.6
    assert abs(correlation(pitch_detail(clip), pitch_detail(noise))) < 0.2


def test_smearing_onsets_keeps_the_pitches(plucked, rng):
    smeared = bands.encode(normalize_rms(music.smear_onsets(plucked, rng)))
    clip = bands.encode(plucked)
    assert correlation(onset_strength(clip), onset_strength(smeared)) < 0.4
    assert correlation(pitch_detail(clip), pitch_detail(smeared)) > 0.6


@pytest.fixture
def folder(tmp_path, rng):
    for i, seconds in enumerate((1.2, 3.0)):
        tone = np.sin(2 * np.pi * 220 * (i + 1) * np.arange(int(seconds * 24_000)) / 24_000)
        waveform.write(tmp_path / f"clip {i}.wav", (0.3 * tone).astype(np.float32))
    return tmp_path


def open_music(folder, unpaired=0.0, seconds=1.0):
    return music.MusicSource.open(
        SourceConfig("music", str(folder), unpaired=unpaired), ExampleConfig(seconds, None)
    )


def test_long_files_have_more_examples(folder):
    source = open_music(folder)
    assert source.count == 1 + 3 and source.frames == 75
    assert source.describe(0).endswith("clip 0.wav") and source.describe(3).endswith("clip 1.wav")


def test_an_example_is_the_clip_between_its_sources(folder):
    source = open_music(folder)
    made = [source.example(2, np.random.default_rng(seed)) for seed in range(20)]
    swapped = [example["gates"].tolist() == [0, 1, 1, 1, 0, 0] for example in made]
    assert 0 < sum(swapped) < 10
    for example, is_swapped in zip(made, swapped, strict=True):
        assert example["has_arrangement"] == 1 and example["has_notes"] == 0 and example["has_gates"] == 1
        tonal = example["input_latents" if is_swapped else "target_latents"]
        noisy = example["target_latents" if is_swapped else "input_latents"]
        truth = pitch_detail(example["arrangement"])
        assert correlation(truth, pitch_detail(tonal)) > correlation(truth, pitch_detail(noisy)) + 0.3


def test_unpaired_examples_have_no_arrangement(folder):
    source = open_music(folder, unpaired=1.0)
    made = [source.example(row, np.random.default_rng(row)) for row in range(4)]
    assert all(example["has_arrangement"] == 0 and not example["arrangement"].any() for example in made)
    assert all(example["has_gates"] == 0 for example in made)


def test_a_clip_is_taken_from_elsewhere_if_it_would_be_silent(tmp_path, rng):
    audio = np.zeros(24_000 * 6, np.float32)
    audio[24_000:] = rng.normal(0, 0.1, 24_000 * 5)
    waveform.write(tmp_path / "late.wav", audio)
    source = open_music(tmp_path)
    assert all(np.abs(source.crop(0, np.random.default_rng(seed))).max() > 0 for seed in range(5))


def test_a_wrong_share_is_the_users_error(folder):
    with pytest.raises(UserError, match="unpaired"):
        open_music(folder, unpaired=1.5)
