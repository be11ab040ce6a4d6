"""Latents kept on disk: keyed, checksummed, and the same bytes whatever ended the work before."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from compjax.data.rendering import analysis
from compjax.data.sources import latent_cache
from compjax.data.sources.latent_cache import LatentCache
from compjax.data.sources.opening import open_source
from compjax.data.sources.source import ExampleConfig, SourceConfig
from compjax.data.splits import SPLITS
from compjax.errors import UserError

SAMPLES = 3200


def tone(seed: int, split: str) -> dict[str, np.ndarray]:
    """In the place of rendering: noise that differs by seed, split and clip."""
    place = SPLITS.index(split)
    rng = np.random.default_rng([seed, place])
    return {x: rng.normal(0, 0.1, SAMPLES).astype(np.float32) for x in "abc"}


def encoder(audio: np.ndarray) -> np.ndarray:
    """Another codec: `[3, S]` to `[3, 10, 128]`."""
    return np.repeat(audio.reshape(3, 10, -1).std(axis=2)[..., None], 128, axis=2)


def write_shard(path, seeds, split="train"):
    audio = [tone(seed, split) for seed in seeds]
    count, frames = len(seeds), SAMPLES // 320
    fields = {
        f"latents_{x}": np.stack([analysis.encode(a[x]) for a in audio]).astype(np.float16) for x in "abc"
    }
    fields |= {f"spectrum_{x}": np.zeros((count, -(-frames // 4), 300), np.float16) for x in "ab"}
    fields |= {f"bass_{x}": np.zeros((count, frames), np.int8) for x in "ab"}
    fields |= {f"is_kit_{x}": np.zeros(count, bool) for x in "ab"}
    fields |= {f"salience_{x}": np.zeros((count, frames, 8), np.uint8) for x in "ab"}
    fields |= {f"hits_{x}": np.zeros((count, 4, 4), np.float32) for x in "ab"}
    fields |= {"notes_c": np.zeros((count, 4, 4), np.float32), "style": np.zeros((count, 8), np.float32)}
    fields |= {"switches": np.zeros((count, 3), np.int8), "ideal": np.zeros((count, 6), np.float32)}
    np.savez(path, seed=np.asarray(seeds, np.int64), **fields)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three shards of two examples, and rendering that costs nothing."""
    monkeypatch.setattr(latent_cache, "render_pair", tone)
    (tmp_path / "train").mkdir()
    for index in range(3):
        write_shard(tmp_path / "train" / f"shard_{index:05d}.npz", [2 * index, 2 * index + 1])
    return tmp_path


def open_cache(folder, codec="other", weights="f" * 64) -> LatentCache:
    return LatentCache(folder / "train", folder / "latents", codec, weights)


def contents(cache: LatentCache) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(cache.folder.iterdir())}


def filled(folder) -> LatentCache:
    cache = open_cache(folder)
    cache.fill(encoder)
    return cache


def test_examples_have_the_other_latents_and_are_otherwise_the_same(folder):
    cache = filled(folder)
    with np.load(cache.shard(1)) as kept, np.load(cache.sources[1]) as rendered:
        assert set(kept.files) == set(rendered.files)
        for name in rendered.files:
            if not name.startswith("latents_"):
                np.testing.assert_array_equal(kept[name], rendered[name])
        audio = tone(3, "train")
        expected = encoder(np.stack([audio[x] for x in "abc"]))
        for place, clip in enumerate("abc"):
            np.testing.assert_allclose(kept[f"latents_{clip}"][1], expected[place], rtol=1e-3)


def test_training_reads_them_as_it_reads_shards(folder):
    cache = filled(folder)
    source = open_source(SourceConfig("shards", str(cache.folder)), ExampleConfig(augment=None))
    example = source.example(3, np.random.default_rng(0))
    audio = tone(3, "train")
    np.testing.assert_allclose(example["arrangement"], encoder(audio["c"][None].repeat(3, 0))[0], rtol=1e-3)
    assert (source.count, source.skipped) == (6, {})


def test_checksums_are_what_sha256sum_checks(folder):
    cache = filled(folder)
    for index in range(3):
        done = subprocess.run(
            ["sha256sum", "--check", cache.checksum(index).name],
            cwd=cache.folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_work_goes_on_where_it_ended(folder):
    """The encoder fails at the second shard; what was there is not encoded again."""
    calls = []

    def failing(audio):
        calls.append(1)
        if len(calls) > 3:
            raise RuntimeError("power cut")
        return encoder(audio)

    cache = open_cache(folder)
    with pytest.raises(RuntimeError):
        cache.fill(failing)
    assert cache.missing() == [1, 2]
    again, encoded = open_cache(folder), []
    again.fill(lambda audio: encoded.append(1) or encoder(audio))
    assert len(encoded) == 4 and again.missing() == []
    whole = contents(again)
    for path in again.folder.iterdir():
        path.unlink()
    assert contents(filled(folder)) == whole


@pytest.mark.parametrize("what", ["flipped", "truncated", "no checksum", "no shard", "garbled checksum"])
def test_damage_is_found_and_mended(folder, what):
    cache = filled(folder)
    whole = contents(cache)
    shard, checksum = cache.shard(1), cache.checksum(1)
    if what == "flipped":
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 1
        shard.write_bytes(data)
    elif what == "truncated":
        shard.write_bytes(shard.read_bytes()[:-100])
    elif what == "garbled checksum":
        checksum.write_bytes(b"\xff\xfe")
    else:
        (checksum if what == "no checksum" else shard).unlink()
    assert open_cache(folder).missing() == [1]
    assert contents(filled(folder)) == whole


SLOW = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[2])
import test_latent_cache as t
from compjax.data import latent_cache
latent_cache.render_pair = t.tone
def slow(audio):
    time.sleep(0.1)
    return t.encoder(audio)
t.open_cache(pathlib.Path(sys.argv[1])).fill(slow)
"""


def test_killed_and_run_again_gives_the_same_bytes(folder):
    command = [sys.executable, "-c", SLOW, str(folder), os.path.dirname(__file__)]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    cache, deadline = open_cache(folder), time.monotonic() + 60
    while not cache.shard(0).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert 1 in cache.missing() or 2 in cache.missing()
    after = contents(filled(folder))
    assert set(after) >= {"cache.json", "shard_00002.npz", "shard_00002.npz.sha256"}
    other = LatentCache(folder / "train", folder / "elsewhere", "other", "f" * 64)
    other.fill(encoder)
    fresh = contents(other)
    assert {name: after[name] for name in fresh} == fresh


def test_machines_share_the_work_and_each_ends_with_all(folder):
    cache, encoded = open_cache(folder), []
    cache.fill(encoder, place=1, places=2)
    assert cache.missing() == []
    open_cache(folder).fill(lambda audio: encoded.append(1) or encoder(audio), place=0, places=2)
    assert not encoded


def test_another_codec_weights_or_audio_is_another_cache(folder):
    first = filled(folder)
    names = {first.folder.name, open_cache(folder, codec="third").folder.name}
    names.add(open_cache(folder, weights="e" * 64).folder.name)
    write_shard(folder / "train" / "shard_00002.npz", [7, 8])
    names.add(open_cache(folder).folder.name)
    assert len(names) == 4


def test_each_split_is_recognised(folder):
    write_shard(folder / "train" / "shard_00000.npz", [0, 1], "dev")
    cache = filled(folder)
    with np.load(cache.shard(0)) as kept:
        expected = encoder(np.stack(list(tone(1, "dev").values())))[0]
        np.testing.assert_allclose(kept["latents_a"][1], expected, rtol=1e-3)


def test_audio_that_cannot_be_made_again_is_refused(folder, monkeypatch):
    monkeypatch.setattr(latent_cache, "render_pair", lambda seed, split: tone(seed + 1, split))
    with pytest.raises(UserError, match="shard_00000.npz was rendered by another version") as caught:
        filled(folder)
    assert "\n" not in str(caught.value)


def test_latents_that_are_no_numbers_are_refused(folder):
    with pytest.raises(UserError, match="not finite, or above 65,504"):
        open_cache(folder).fill(lambda audio: 1e6 * encoder(audio))
    assert open_cache(folder).missing() == [0, 1, 2]


def test_bad_folders_are_one_line(folder):
    with pytest.raises(UserError, match="no shards"):
        LatentCache(folder / "nothing", folder / "latents", "other", "f" * 64)
    cache = filled(folder)
    (cache.folder / "cache.json").write_text(json.dumps({"codec": "x"}))
    with pytest.raises(UserError, match="holds latents of something else"):
        open_cache(folder)
    (cache.folder / "cache.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        open_cache(folder)
    (folder / "train" / "shard_00001.npz").write_bytes(b"no shard")
    with pytest.raises(UserError, match="shard_00001.npz is not a shard"):
        LatentCache(folder / "train", folder / "latents", "third", "f" * 64).fill(encoder)


@pytest.mark.synth
def test_rendered_audio_is_made_again(tmp_path, one_font):
    from compjax.data.drawing import swaps
    from compjax.data.sources import shards

    pairs = [swaps.draw_pair(seed, "dev") for seed in (3, 4)]
    shards.write_shard(tmp_path / "shard_00000.npz", [shards.example_of(pair) for pair in pairs])
    [first, second] = latent_cache.audio_of(tmp_path / "shard_00000.npz")
    made = swaps.arrangement(pairs[1], pairs[1].switches, pairs[1].style)
    np.testing.assert_array_equal(second["c"], made.audio)
    np.testing.assert_array_equal(first["a"], swaps.perform(pairs[0].input).audio)
