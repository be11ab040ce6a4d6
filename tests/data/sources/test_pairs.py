"""Folders of paired files."""

import numpy as np
import pytest

from compjax.audio import waveform
from compjax.data.sources.pairs import PairSource
from compjax.data.sources.source import ExampleConfig, SourceConfig
from compjax.errors import UserError


def write_tone(path, frequency, seconds=1.5):
    time = np.arange(int(seconds * 24_000)) / 24_000
    waveform.write(path, (0.2 * np.sin(2 * np.pi * frequency * time)).astype(np.float32))


@pytest.fixture
def folder(tmp_path):
    for i in range(2):
        write_tone(tmp_path / f"pair_000{i}_input.wav", 110 * (i + 1))
        write_tone(tmp_path / f"pair_000{i}_target.wav", 440 * (i + 1))
    write_tone(tmp_path / "pair_0001_arrangement.flac", 1760)
    return tmp_path


def open_pairs(folder, seconds=1.0):
    return PairSource.open(SourceConfig("pairs", str(folder)), ExampleConfig(seconds, None))


def loudest_band(latents):
    return int(latents.mean(axis=0).argmax())


def test_pairs_are_found_with_and_without_arrangement(folder):
    source = open_pairs(folder)
    assert [pair.name for pair in source.pairs] == ["pair_0000", "pair_0001"] and source.count == 2
    without, with_it = (source.example(row, np.random.default_rng(0)) for row in range(2))
    assert without["has_arrangement"] == 0 and not without["arrangement"].any()
    assert with_it["has_arrangement"] == 1 and with_it["has_notes"] == 0
    bands = [loudest_band(with_it[name]) for name in ("input_latents", "target_latents", "arrangement")]
    assert bands == sorted(bands) and bands[2] - bands[1] == pytest.approx(15, abs=1)  # an octave higher
    assert with_it["gates"].tolist() == [1, 0, 0, 0, 1, 1]
    assert with_it["input_latents"].shape == (75, 128)


def test_the_files_of_a_pair_are_cropped_together(tmp_path):
    steps = np.repeat([0.05, 0.8, 0.05, 0.8], 12_000) * np.sin(np.arange(48_000) / 10)
    for role in ("input", "target", "arrangement"):
        waveform.write(tmp_path / f"pair_1_{role}.wav", steps.astype(np.float32))
    example = open_pairs(tmp_path).example(0, np.random.default_rng(3))
    np.testing.assert_array_equal(example["input_latents"], example["arrangement"])
    np.testing.assert_array_equal(example["input_latents"], example["target_latents"])


def test_a_pair_that_is_not_whole_is_left_out_by_name(folder):
    for i in range(100):
        (folder / f"pair_1{i:03d}_input.wav").write_bytes((folder / "pair_0000_input.wav").read_bytes())
        (folder / f"pair_1{i:03d}_target.wav").write_bytes((folder / "pair_0000_target.wav").read_bytes())
    (folder / "pair_1007_target.wav").unlink()
    source = open_pairs(folder)
    assert source.count == 101
    assert list(source.skipped.values()) == ["the pair has no target"]


def test_a_pair_that_is_too_short_is_left_out_and_no_damage(folder):
    write_tone(folder / "pair_0002_input.wav", 110, 0.6)
    write_tone(folder / "pair_0002_target.wav", 110, 2.0)
    source = open_pairs(folder)
    assert source.count == 2 and source.broken == 0
    assert "too short" in source.skipped[str(folder / "pair_0002_input.wav")]


def test_no_pairs_is_the_users_error(folder, tmp_path):
    with pytest.raises(UserError, match="none of its pairs"):
        open_pairs(folder, seconds=9.0)
    other = tmp_path / "other"
    other.mkdir()
    write_tone(other / "song.wav", 110)
    with pytest.raises(UserError, match="pair_0000_input.wav"):
        open_pairs(other)
