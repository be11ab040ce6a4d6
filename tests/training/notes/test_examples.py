"""Drawn pairs, heard with mistakes and arranged again and again."""

import dataclasses

import numpy as np
import pytest

from compjax.data.drawing import swaps
from compjax.errors import UserError
from compjax.models.composing.factor_frames import CLASSES, HARMONY, NUM_COLUMNS, RHYTHM, frame_of
from compjax.music.score import Note
from compjax.music.style import Style
from compjax.training.notes import examples
from compjax.training.notes.imagined import FRAMES, MistakesConfig, imagine

NO_MISTAKES = MistakesConfig(**{field.name: 0.0 for field in dataclasses.fields(MistakesConfig)})
FEW = examples.NotesDataConfig(pairs=8, first_pairs=2, moments=6)


def test_without_mistakes_hits_and_chords_are_the_clips_own():
    pair = next(p for p in (swaps.draw_pair(seed) for seed in range(50)) if p.kind == "drums, pitched")
    generator = np.random.default_rng(3)
    drums, pitched = (imagine(clip, generator, NO_MISTAKES) for clip in (pair.input, pair.target))
    assert drums.frames.shape == (FRAMES, NUM_COLUMNS)
    wanted = {frame_of(hit.time) for hit in pair.input.rhythm.hits if 0 <= frame_of(hit.time) < FRAMES}
    read = set(np.flatnonzero(drums.frames[:, RHYTHM][:, 6:9].any(axis=1)))
    assert len(wanted & read) >= 0.9 * len(wanted)  # of two hits within two frames one is heard
    middle = len(pair.target.harmony.spans) // 2
    span = pair.target.harmony.spans[middle]
    frame = frame_of((max(span.start, 0.0) + min(span.end, swaps.CLIP_SECONDS)) / 2)
    sounding = pitched.frames[frame, HARMONY][2 * CLASSES : 3 * CLASSES]
    assert set(np.flatnonzero(sounding)) == {pitch % CLASSES for pitch in span.pitches}


def test_mistakes_are_made():
    pair = swaps.draw_pair(2)
    first, second = (imagine(pair.input, np.random.default_rng(seed)).frames for seed in (0, 1))
    assert not np.array_equal(first[:, RHYTHM][:, 6:9], second[:, RHYTHM][:, 6:9])


def test_notes_belong_to_the_nearest_moment():
    moments = np.array([10, 20], np.int32)
    notes = (Note(10.5 / 75, 0.4, 60, 0.8), Note(21.0 / 75, 1.0, 24, 0.5), Note(35 / 75, 1.0, 30, 1.0))
    found = examples.notes_at(notes, moments)
    np.testing.assert_array_equal(np.argwhere(found["onsets"]), [[0, 36], [1, 0]])
    assert found["velocities"][0, 36] == pytest.approx(0.8)
    assert found["velocities"].sum() == pytest.approx(1.3)


def test_a_batch_is_a_function_of_its_step():
    whole, again = examples.NotesPipeline(FEW, 2), examples.NotesPipeline(FEW, 2)
    feed = again.iterate(3)
    for name, values in next(feed).items():
        np.testing.assert_array_equal(values, whole.batch(3)[name])
    again.close()
    halves = [examples.NotesPipeline(FEW, 2, index, 2).batch(3) for index in (0, 1)]
    np.testing.assert_array_equal(
        np.concatenate([half["onsets"] for half in halves]), whole.batch(3)["onsets"]
    )


def test_the_same_clips_are_arranged_in_other_ways():
    heard = examples.draw_heard(FEW, 0)
    low, high = (examples.make_example(heard, (0, 1, 1), Style(bass=bass)) for bass in (0.5, 0.9))
    np.testing.assert_array_equal(low["heard"], high["heard"])
    assert low["style"][0, 3] == np.float32(0.5) and high["style"][0, 3] == np.float32(0.9)


def test_moments_are_drawn_or_padded():
    heard = examples.draw_heard(FEW, 0)
    example = examples.make_example(heard, (0, 1, 1), Style())
    found = len(example["moments"])
    padded = examples.fitted(example, found + 3)
    assert padded["asked"].sum() == found and padded["onsets"].shape == (found + 3, 64)
    some = examples.fitted(example, 2, np.random.default_rng(0))
    assert set(some["moments"]) <= set(example["moments"]) and len(set(some["moments"])) == 2


def test_rendered_pairs_come_from_their_file(tmp_path):
    drawn = examples.draw_heard(FEW, 0)
    frames = np.stack([clip.frames for clip in drawn.clips])
    np.savez(tmp_path / "heard.npz", frames=frames[None].astype(np.float16), seeds=[drawn.pair.seed])
    stored = examples.RenderedPairs(str(tmp_path / "heard.npz"), "train")(0)
    assert stored.pair.switches == drawn.pair.switches and stored.pair.kind == drawn.pair.kind
    for own, clip in zip(stored.clips, drawn.clips, strict=True):
        np.testing.assert_array_equal(own.slots, clip.slots)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(UserError, match="nowhere.npz"):
        examples.NotesPipeline(dataclasses.replace(FEW, heard="nowhere.npz"), 2)


def test_ideal_switches_are_those_that_the_selector_should_choose():
    pipeline = examples.NotesPipeline(dataclasses.replace(FEW, switches="ideal", usual=0.5), 4)
    for batch in (pipeline.batch(step) for step in range(3)):
        np.testing.assert_array_equal(batch["gates"], batch["ideal_gates"])
    with pytest.raises(UserError, match="best.*drawn, ideal"):
        dataclasses.replace(FEW, switches="best")
