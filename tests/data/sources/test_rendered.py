"""Examples from shards and from the renderer: the same ones."""

import numpy as np
import pytest

from compjax.data.rendering import soundfont
from compjax.data.sources import rendered, shards
from compjax.data.sources.example import FIELDS, SMALL_FIELDS
from compjax.data.sources.opening import parse_sources
from compjax.data.sources.rendered import RenderedSource, ShardSource
from compjax.data.sources.source import BrokenFile, ExampleConfig, SourceConfig
from compjax.errors import UserError

PLAIN = ExampleConfig(4.0, None)


@pytest.fixture
def write_shards(shard_fields):
    def write(folder, counts=(3, 2), frames=20):
        made = [shard_fields(count, frames, seed) for seed, count in enumerate(counts)]
        for index, fields in enumerate(made):
            np.savez(folder / f"shard_{index:05d}.npz", more=np.zeros(3), **fields)
        return made

    return write


def open_shards(folder):
    return ShardSource.open(SourceConfig("shards", str(folder)), PLAIN)


def test_fields_are_read_as_numpy_reads_them(tmp_path, write_shards):
    [written] = write_shards(tmp_path, (3,))
    fields = rendered.map_fields(str(tmp_path / "shard_00000.npz"))
    assert set(fields) == set(FIELDS + SMALL_FIELDS)
    for name, values in fields.items():
        np.testing.assert_array_equal(values, written[name])


def test_rows_go_through_all_shards(tmp_path, write_shards):
    written = write_shards(tmp_path)
    source = open_shards(tmp_path)
    assert source.count == 5 and source.frames == 20
    for row, (shard, index) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        example = source.example(row, np.random.default_rng(0))
        np.testing.assert_array_equal(example["input_latents"], written[shard]["latents_a"][index])
        assert example["has_notes"] == example["has_gates"] == example["has_arrangement"] == 1
    assert source.describe(4).endswith("shard_00001.npz[1]")


def test_families_are_named(tmp_path, shard_fields):
    """Shards that are older than the name tell kits from instruments."""
    old = shard_fields(3, 20, 0)
    old["switches"] = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 1]], np.int8)
    old["is_kit_a"], old["is_kit_b"] = np.array([True, True, False]), np.array([False, False, True])
    np.savez(tmp_path / "shard_00000.npz", **old)
    np.savez(tmp_path / "shard_00001.npz", **old, family=np.array(["piano", "reed", ""]))
    found = open_shards(tmp_path)
    assert [found.family(row) for row in range(3)] == ["drum kit", "instrument", "drum kit"]
    assert [found.family(row) for row in range(3, 6)] == ["piano", "reed", "drum kit"]


def test_a_file_that_changes_changes_the_fingerprint(tmp_path, write_shards):
    write_shards(tmp_path)
    before = open_shards(tmp_path).fingerprint
    assert open_shards(tmp_path).fingerprint == before
    write_shards(tmp_path, (3, 3))
    assert open_shards(tmp_path).fingerprint != before


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_damaged_shards_are_broken_files(tmp_path, content):
    (tmp_path / "shard.npz").write_bytes(content)
    with pytest.raises(BrokenFile, match="render it again"):
        rendered.map_fields(str(tmp_path / "shard.npz"))


def test_a_shard_that_is_cut_off_is_broken(tmp_path, write_shards):
    write_shards(tmp_path, (3,))
    path = tmp_path / "shard_00000.npz"
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BrokenFile):
            rendered.map_fields(str(path))
    np.savez_compressed(path, switches=np.ones((3, 3), np.int8))
    with pytest.raises(BrokenFile, match="compressed"):
        rendered.map_fields(str(path))
    np.savez(path, other=np.ones(3))
    with pytest.raises(BrokenFile, match="without"):
        rendered.map_fields(str(path))


def test_values_that_are_not_numbers_are_not_trained_on(tmp_path, write_shards):
    fields = write_shards(tmp_path, (3,))[0]
    fields["latents_b"][1, 4, 5] = np.nan
    np.savez(tmp_path / "shard_00000.npz", **fields)
    rendered.open_fields.cache_clear()
    source = open_shards(tmp_path)
    source.example(0, np.random.default_rng(0))
    with pytest.raises(BrokenFile, match="example 1"):
        source.example(1, np.random.default_rng(0))


def test_shards_of_two_lengths_are_the_users_error(tmp_path, write_shards):
    write_shards(tmp_path, (2,))
    (tmp_path / "shard_00000.npz").rename(tmp_path / "shard_9.npz")
    write_shards(tmp_path, (2,), frames=30)
    with pytest.raises(UserError, match="one length"):
        open_shards(tmp_path)


def test_no_fluidsynth_is_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fluidsynth", None)
    with pytest.raises(UserError, match="apt-get install"):
        RenderedSource.open(SourceConfig("rendered"), PLAIN)


def test_wrong_settings_of_rendering_are_the_users_error():
    with pytest.raises(UserError, match="split"):
        RenderedSource.open(SourceConfig("rendered", split="all"), PLAIN)
    with pytest.raises(UserError, match="rendered clips last"):
        RenderedSource.open(SourceConfig("rendered"), ExampleConfig(2.0))


@pytest.mark.synth
def test_what_is_rendered_on_the_fly_is_what_a_shard_would_hold(tmp_path, one_font):
    assert soundfont.library()
    source = RenderedSource.open(SourceConfig("rendered"), PLAIN)
    shards.render_shard(tmp_path, 0, "train", source.first, 2)
    stored = open_shards(tmp_path)
    for row in range(2):
        fresh, kept = (s.example(row, np.random.default_rng(0)) for s in (source, stored))
        for name in fresh:
            np.testing.assert_array_equal(fresh[name], kept[name])
    assert source.describe(1) == f"train pair {source.first + 1}"


def test_drawn_instruments_need_neither_soundfont_nor_library(monkeypatch):
    def missing(*_):
        raise UserError("there is none")

    monkeypatch.setattr(soundfont, "library", missing)
    monkeypatch.setattr(soundfont, "find_font", missing)
    [config] = parse_sources("drawn:3")
    assert config.seed == 3
    source = RenderedSource.open(config, PLAIN)
    example = source.example(1, np.random.default_rng(0))
    assert example["input_latents"].shape == example["arrangement"].shape == (source.frames, 128)
    assert np.ptp(example["arrangement"]) > 0.5
