import numpy as np
import pytest

from compjax.data.drawing import swaps
from compjax.data.sources import shards
from compjax.data.sources.shards import (
    FIELDS,
    hit_table,
    note_table,
    write_shard,
)
from compjax.music.score import Hit, Note


def blank_examples(count):
    return [{name: np.zeros(shape, kind) for name, (kind, shape) in FIELDS.items()} for _ in range(count)]


def test_tables_are_padded_with_zeros():
    notes = (Note(-0.5, 1.0, 60, 0.5), Note(1.0, 2.0, 61, 1.0))
    table = note_table(notes)
    assert table.shape == (256, 4) and not table[2:].any()
    np.testing.assert_array_equal(table[:2], [[-0.5, 1.0, 60, 0.5], [1.0, 2.0, 61, 1.0]])
    np.testing.assert_array_equal(hit_table([Hit(0.25, 0.5, 2, 0.75)])[0], [0.25, 0.5, 2, 0.75])


def test_shards_are_read_as_written(tmp_path):
    examples = blank_examples(3)
    examples[1]["seed"] = np.int64(42)
    examples[2]["latents_c"][299, 127] = 1.5
    write_shard(tmp_path / "s.npz", examples)
    fields = np.load(tmp_path / "s.npz")
    assert set(fields) == set(FIELDS) and fields["seed"].tolist() == [0, 42, 0]
    assert fields["latents_c"][2, 299, 127] == 1.5 and fields["salience_a"].shape == (3, 300, 8)


def test_a_shard_that_is_there_is_kept(tmp_path):
    path = shards.shard_path(tmp_path, 4)
    path.write_bytes(b"kept")
    assert shards.render_shard(tmp_path, 4, "train", 0, 2) is False
    assert path.read_bytes() == b"kept"


@pytest.mark.synth
def test_a_rendered_example_has_every_field_and_agrees_with_its_audio(tmp_path, one_font):
    assert shards.render_shard(tmp_path, 0, "train", 10, 3)
    fields = np.load(shards.shard_path(tmp_path, 0))
    assert fields["seed"].tolist() == [10, 11, 12]
    for i in range(3):
        assert np.isfinite(fields["latents_c"][i].astype(np.float32)).all()
        pair = swaps.draw_pair(10 + i)
        assert (fields["notes_c"][i, :, 3] > 0).sum() == len(
            swaps.arrange_swap(pair, pair.switches, pair.style)
        )
        assert fields["is_kit_a"][i] == pair.input.timbre.is_kit
        assert fields["family"][i] == swaps.family_of_swap(pair) != ""
        assert (fields["bass_b"][i] >= 0).any() != pair.target.timbre.is_kit


@pytest.mark.synth
def test_salience_is_where_the_latents_have_energy(one_font):
    pairs = [swaps.draw_pair(seed) for seed in range(200, 240)]
    clip = next(p.target for p in pairs if p.target.part == "held" and len(p.target.harmony.spans) == 1)
    fields = shards.clip_fields(clip, "b")
    sounding = np.unpackbits(fields["salience_b"], axis=-1).astype(bool)
    latents = fields["latents_b"].astype(np.float32)
    band = np.clip(np.round(1.25 * np.arange(64)).astype(int), 1, 126)
    energy = np.max([latents[:, band + step] for step in (-1, 0, 1)], axis=0)
    frames = sounding.any(axis=1)
    assert frames.any()
    assert energy[frames][sounding[frames]].mean() > energy[frames][~sounding[frames]].mean() + 0.5
