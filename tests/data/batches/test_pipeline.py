"""Batches: the same whoever makes them, from any step on, with the same files left out."""

import hashlib
import itertools
import logging
import pathlib

import numpy as np
import pytest

from compjax.audio import waveform
from compjax.data.batches.pipeline import open_pipeline, open_sources, sources_of, validation_batches
from compjax.data.sources import rendered
from compjax.data.sources.opening import parse_sources
from compjax.data.sources.source import RECORDED, names_of_part
from compjax.errors import UserError

BATCH = 8


def write_noise(path, seconds, seed):
    rng = np.random.default_rng(seed)
    waveform.write(path, rng.normal(0, 0.1, int(seconds * 24_000)).astype(np.float32))


@pytest.fixture(scope="module")
def data(tmp_path_factory, shard_fields) -> dict:
    """Two shards, three pieces of music and two pairs, mixed; clips of a second."""
    place = tmp_path_factory.mktemp("data")
    for name in ("shards", "music", "pairs"):
        (place / name).mkdir()
    for i in range(2):
        np.savez(place / "shards" / f"shard_{i}.npz", **shard_fields(3 + i, 75, i))
        write_noise(place / "pairs" / f"pair_{i}_input.wav", 1.5, i)
        write_noise(place / "pairs" / f"pair_{i}_target.wav", 1.5, 9 + i)
    for i in range(3):
        write_noise(place / "music" / f"{i}.wav", 1.0 + i, 20 + i)
    train = {
        "shards": {"folder": str(place / "shards"), "weight": 2.0},
        "music": {"folder": str(place / "music"), "weight": 1.0, "unpaired": 0.5},
        "pairs": {"folder": str(place / "pairs"), "weight": 1.0},
        "rendered": {"weight": 0.0},
    }
    return {"train": train, "dev": str(place / "shards"), "dev_examples": 7}


def digests(data, hosts=1, workers=0, start=0, count=6, seed=0, batch=BATCH) -> list[str]:
    """A checksum of each global batch, put together from the parts of all hosts."""
    pipelines = [open_pipeline(data, batch, seed, host, hosts, workers) for host in range(hosts)]
    try:
        parts = zip(
            *(itertools.islice(pipeline.iterate(start), count) for pipeline in pipelines), strict=True
        )
        made = []
        for part in parts:
            whole = {name: np.concatenate([one[name] for one in part]) for name in part[0]}
            made.append(hashlib.sha256(b"".join(whole[name].tobytes() for name in sorted(whole))).hexdigest())
        return made
    finally:
        for pipeline in pipelines:
            pipeline.close()


@pytest.fixture(scope="module")
def truth(data) -> list[str]:
    found = digests(data)
    assert len(set(found)) == 6
    return found


@pytest.mark.parametrize(("hosts", "workers"), [(2, 0), (4, 0), (1, 1), (1, 2)])
def test_batches_are_the_same_for_any_hosts_and_workers(data, truth, hosts, workers):
    assert digests(data, hosts, workers) == truth


@pytest.mark.slow
@pytest.mark.parametrize("hosts", [1, 2, 4])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_all_of_hosts_and_workers(data, truth, hosts, workers):
    assert digests(data, hosts, workers) == truth


def test_a_run_goes_on_from_any_step(data, truth):
    assert digests(data, start=4, count=2) == truth[4:]
    assert digests(data, workers=2, start=3, count=3) == truth[3:]


def test_other_seeds_give_other_batches_and_fingerprints(data, truth):
    assert not set(digests(data, seed=1)) & set(truth)
    prints = {open_pipeline(data, batch, seed).fingerprint for batch, seed in ((8, 0), (8, 1), (16, 0))}
    assert len(prints) == 3 and open_pipeline(data, 8, 0).fingerprint in prints


def test_all_sources_are_in_it_with_their_masks(data):
    pipeline = open_pipeline(data, 64, 0)
    batch = next(pipeline.iterate(0))
    kinds = [pathlib.Path(pipeline.describe(i)).parent.name for i in batch["sample_ids"]]
    assert {"shards", "music", "pairs"} == set(kinds) and 20 < kinds.count("shards") < 44
    np.testing.assert_array_equal(batch["has_notes"], [kind == "shards" for kind in kinds])
    arranged = {(kind, bool(has)) for kind, has in zip(kinds, batch["has_arrangement"], strict=True)}
    assert arranged == {("shards", True), ("music", True), ("music", False), ("pairs", False)}
    assert {name: values.dtype for name, values in batch.items() if values.dtype != np.float32} == {
        "bass": np.int32,
        "sample_ids": np.int64,
    }
    assert pipeline.seconds == 1.0
    pipeline.close()


def test_an_epoch_is_as_long_as_its_longest_source(data):
    assert open_pipeline(data, 2, 0).epoch_steps == 12  # six segments of music, every fourth example
    assert open_pipeline({"train": data["dev"]}, 7, 0).epoch_steps == 1


def test_validation_is_the_same_first_examples(data):
    parts = [validation_batches(data, 2, host, 2).batches for host in range(2)]
    whole = validation_batches(data, 2).batches
    assert len(whole) == 3 and "sample_ids" not in whole[0]
    for step, batch in enumerate(whole):
        joined = np.concatenate([part[step]["arrangement"] for part in parts])
        np.testing.assert_array_equal(joined, batch["arrangement"])


def test_a_tenth_of_the_recordings_is_held_out_where_there_is_no_dev(tmp_path):
    write_noise(tmp_path / "00.wav", 1.0, 0)
    for i in range(1, 25):
        (tmp_path / f"{i:02d}.wav").hardlink_to(tmp_path / "00.wav")
    settings = {
        "train": {"music": {"folder": str(tmp_path)}, "pairs": {"folder": ""}},
        "dev": {},
        "seconds": 1.0,
    }
    parts = {}
    for split in ("train", "dev"):
        [source], _ = open_sources(sources_of(settings, split), 1.0, False)
        parts[split] = {sound.name for sound in source.sounds}
    assert len(parts["dev"]) == 3 and len(parts["train"]) == 22 and not parts["dev"] & parts["train"]
    held_out = validation_batches({**settings, "dev_examples": 3}, 3)
    assert len(held_out.batches[0]["gates"]) == 3 and held_out.families == ((RECORDED,) * 3,)
    with pytest.raises(UserError, match="set data.dev"):
        sources_of({"train": {"shards": {"folder": "x"}}, "dev": ""}, "dev")
    [rendered] = sources_of({"train": {"rendered": {}}}, "dev")
    assert rendered.split == "dev"


def test_names_are_held_out_by_themselves_alone():
    names = [f"song {i}" for i in range(50)]
    dev = names_of_part(names, "dev")
    assert dev | names_of_part(names, "train") == set(names) and len(dev) == 5
    assert names_of_part(names[::-1], "dev") == dev
    assert names_of_part(["one"], "dev") == names_of_part(["one"], "train") == {"one"}
    with pytest.raises(UserError, match="most"):
        names_of_part(names, "most")


def test_a_folder_is_known_by_its_files(data, tmp_path):
    folders = {kind: data["train"][kind]["folder"] for kind in ("shards", "music", "pairs")}
    assert {kind: parse_sources(folder)[0].kind for kind, folder in folders.items()} == {
        kind: kind for kind in folders
    }
    with pytest.raises(UserError, match="no sound files"):
        open_pipeline({"train": str(tmp_path)}, 1, 0)


@pytest.mark.parametrize(
    ("train", "text"),
    [
        ({"tapes": {}}, "unknown kind"),
        ({"music": {"path": "x"}}, "unknown settings"),
        ({"music": {"folder": "x", "weight": -1.0}}, "weight"),
        ({"rendered": {"weight": 0.0}}, "no training data"),
        ({"music": {"weight": 1.0}}, "set data.train.music.folder"),
        ({"music": {"folder": "x", "part": "most"}}, "no such folder"),
        ("/nowhere/at/all", "no such folder"),
    ],
)
def test_wrong_settings_are_the_users_error(train, text):
    with pytest.raises(UserError, match=text):
        open_pipeline({"train": train}, 1, 0)


def test_hosts_must_share_a_batch_evenly(data):
    with pytest.raises(UserError, match="multiple of the 3"):
        open_pipeline(data, 8, 0, 0, 3)


@pytest.fixture
def many(tmp_path):
    """120 short files, and one more that is damaged where its header does not show it."""
    write_noise(tmp_path / "000.wav", 1.0, 0)
    for i in range(1, 120):
        (tmp_path / f"{i:03d}.wav").hardlink_to(tmp_path / "000.wav")
    import soundfile

    soundfile.write(tmp_path / "bad.wav", np.full(24_000, np.nan), 24_000, subtype="FLOAT")
    return tmp_path


def test_what_breaks_on_the_way_is_replaced_counted_and_named(many, caplog):
    data = {"train": {"music": {"folder": str(many)}}, "seconds": 1.0}
    runs = []
    for workers in (0, 1):
        pipeline = open_pipeline(data, 11, 0, workers=workers)
        with caplog.at_level(logging.WARNING, logger="absl"):
            made = list(itertools.islice(pipeline.iterate(0), pipeline.epoch_steps))
        runs.append(np.concatenate([batch["input_latents"] for batch in made]))
        [skipped] = pipeline.skipped
        assert skipped.startswith(str(many / "bad.wav")) and "not numbers" in skipped
        pipeline.close()
    np.testing.assert_array_equal(*runs)
    assert np.isfinite(runs[0]).all() and caplog.text.count("bad.wav") == 2
    assert digests(data, count=4) == digests(data, hosts=2, count=4)


def test_more_than_one_in_a_hundred_is_an_error(many):
    for name in ("bad too.wav", "bad also.wav"):
        (many / name).hardlink_to(many / "bad.wav")
    for workers in (0, 1):
        pipeline = open_pipeline({"train": str(many), "seconds": 1.0}, 11, 0, workers=workers)
        with pytest.raises(UserError, match=r"2 of 123 files cannot be used, more than 1%.*bad"):
            list(itertools.islice(pipeline.iterate(0), pipeline.epoch_steps))
        pipeline.close()
    (many / "empty.wav").write_bytes(b"")
    (many / "empty too.wav").write_bytes(b"")
    with pytest.raises(UserError, match="2 of 125 files"):
        open_pipeline({"train": str(many), "seconds": 1.0}, 11, 0)


def test_a_broken_shard_among_many_is_left_out(tmp_path, shard_fields):
    np.savez(tmp_path / "shard_000.npz", **shard_fields(1, 2))
    for i in range(1, 100):
        (tmp_path / f"shard_{i:03d}.npz").hardlink_to(tmp_path / "shard_000.npz")
    (tmp_path / "shard_050.npz").unlink()
    (tmp_path / "shard_050.npz").write_bytes(b"PK")
    rendered.open_fields.cache_clear()
    pipeline = open_pipeline({"train": str(tmp_path)}, 4, 0)
    assert len(pipeline.skipped) == 1 and "shard_050" in pipeline.skipped[0]
    (tmp_path / "shard_051.npz").unlink()
    (tmp_path / "shard_051.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match="2 of 100"):
        open_pipeline({"train": str(tmp_path)}, 4, 0)
