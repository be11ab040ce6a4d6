"""The codec through the loop: its data, its phases, its discriminators' state."""

import dataclasses
import json

import numpy as np
import pytest
from ml_collections import ConfigDict

from compjax.codec.vocos import vocos
from compjax.errors import UserError
from compjax.models.critics.waveform import WaveformDiscriminatorConfig
from compjax.training.codec import data
from compjax.training.codec.step import CodecTraining
from compjax.training.codec.task import Programs
from compjax.training.loop import train

TINY = CodecTraining(
    codec=vocos.VocosConfig(dim=8, layers=1, ffn=8, refine_steps=0),
    discriminator=WaveformDiscriminatorConfig(
        periods=(3,), resolutions=(512,), width=2, period_growth=(1, 2), resolution_strides=(4, 1)
    ),
    batch_size=4,
    frames=8,
    context=2,
    steps=4,
    warmup=1,
    learning_rate=1e-2,
    adversarial_from=2,
)


@pytest.fixture
def folder(tmp_path, rng):
    """A folder with two short recordings."""
    place = tmp_path / "audio"
    place.mkdir()
    for name in ("a", "b"):
        np.save(place / f"{name}.npy", (rng.standard_normal(24_000) * 3000).astype(np.int16))
    return place


def pipeline(folder, batch_size=2, index=0, count=1):
    """Crops of 640 samples."""
    config = data.CropConfig(1, batch_size, 640)
    return data.CropPipeline(data.open_folders((str(folder),)), config, index, count)


def test_clips_come_at_the_reference_loudness(folder):
    [[clip, _]] = data.open_folders((str(folder),)).groups
    assert float(np.sqrt(np.mean(clip.crop(0, 24_000) ** 2))) == pytest.approx(0.1, rel=0.01)
    assert clip.crop(23_000, 2000).shape == (2000,)


def test_batches_depend_on_the_step_alone(folder):
    whole, later = pipeline(folder).iterate(0), pipeline(folder).iterate(2)
    first = [next(whole) for _ in range(3)]
    for name, values in next(later).items():
        np.testing.assert_array_equal(first[2][name], values)
    assert not np.array_equal(first[0]["crops"], first[1]["crops"])
    whole.close()
    later.close()


def test_hosts_share_a_batch(folder):
    whole = pipeline(folder, 4).batch(3)
    parts = [pipeline(folder, 4, index, 2).batch(3) for index in range(2)]
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values)


def test_a_sample_id_says_which_file(folder):
    crops = pipeline(folder)
    text = crops.describe(int(crops.batch(0)["sample_ids"][0]))
    assert text.startswith(str(folder)) and text.endswith(" s")


def test_many_broken_files_are_an_error_and_the_fingerprint_sees_sizes(folder):
    before = pipeline(folder).fingerprint
    np.save(folder / "b.npy", np.ones(500, np.int16))
    assert pipeline(folder).fingerprint != before
    (folder / "b.npy").write_bytes(b"nothing")
    with pytest.raises(UserError, match="1 of 2 files cannot be used"):
        pipeline(folder)


def test_a_run_compiles_the_programs_that_it_needs():
    config = dataclasses.replace(TINY, audio_from=1, adversarial_from=3)
    programs = Programs(config)
    assert len(set(programs.all_from(0))) == 3
    assert len(set(programs.all_from(3))) == 1
    assert programs.at(0) is not programs.at(1) and programs.at(1) is programs.at(2)


def codec_config(folder, **top):
    """The tiny codec's experiment; its discriminators join in after two steps."""
    run = {"train": [str(folder)], "valid": [str(folder)], "validate_every": 2, "log_every": 2}
    values = {"kind": "codec", "run": run | {"validation_batches": 1}, "training": dataclasses.asdict(TINY)}
    return ConfigDict(values | top)


@pytest.mark.slow
def test_two_and_two_steps_are_four(folder, tmp_path):
    """The discriminators and their moments included."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(codec_config(folder), str(whole)).status == 0
    assert train(codec_config(folder, loop={"num_steps": 2}), str(parts)).step == 2
    outcome = train(codec_config(folder), str(parts))
    assert outcome.step == 4 and np.isfinite(outcome.scalars["mel"])
    read = [json.loads((p / "checkpoints/4/meta/metadata").read_text())["sums"] for p in (whole, parts)]
    assert read[0] == read[1] and any("discriminator_opt" in name for name in read[0])
    with np.load(whole / "vocos.npz") as one, np.load(parts / "vocos.npz") as other:
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.slow
def test_it_can_begin_with_given_weights(folder, tmp_path):
    train(codec_config(folder), str(tmp_path / "first"))
    config = codec_config(folder, loop={"num_steps": 1})
    config.run.start_from = str(tmp_path / "first" / "vocos.npz")
    config.training.learning_rate = 0.0
    config.training.weight_decay = 0.0
    train(config, str(tmp_path / "second"))
    with (
        np.load(tmp_path / "first" / "vocos.npz") as one,
        np.load(tmp_path / "second" / "vocos.npz") as other,
    ):
        for name in one.files:
            if name != "config":
                np.testing.assert_allclose(one[name], other[name], atol=1e-3)
