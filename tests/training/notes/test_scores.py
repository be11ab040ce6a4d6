"""Stretches of real pieces, on files whose notes are known."""

import dataclasses

import numpy as np
import pytest
from small_score import BEAT, CHORDS, write_piece

from compjax.constants import MIN_PITCH
from compjax.errors import UserError
from compjax.models.composing.factor_frames import CLASSES, HARMONY, RHYTHM, frame_of
from compjax.music.score import MID
from compjax.training.notes import examples, scores
from compjax.training.notes.imagined import MistakesConfig


@pytest.fixture
def folder(tmp_path):
    write_piece(tmp_path / "piece.mid")
    return tmp_path


def test_a_stretch_has_the_parts_hits_the_pieces_chords_and_the_notes(folder):
    (piece,) = scores.read_pieces(str(folder))
    assert [len(part) for part in piece.parts] == [48, 16] and piece.beat == BEAT
    part, whole = scores.stretch_of(piece, piece.parts[0], 2.0, 0)
    assert [(hit.time, hit.voice) for hit in part.rhythm.hits if hit.time >= 0] == [
        (BEAT * beat, MID) for beat in range(8)
    ]
    assert len(whole.rhythm.hits) == 2 * len(part.rhythm.hits)
    at = {span.start: (span.pitches, span.bass) for span in part.harmony.spans}
    assert at[0.0] == ((36, 60, 64, 67), 36) and at[1.0] == ((41, 65, 69, 72), 41)
    assert {note.pitch for note in part.notes} == {*CHORDS[0], *CHORDS[1]}
    assert {n.pitch for n in scores.stretch_of(piece, piece.parts[0], 2.0, 2)[0].notes} == {
        pitch + 2 for chord in CHORDS for pitch in chord
    }


def test_an_example_asks_at_the_hits_and_is_answered_by_the_piece(folder, monkeypatch):
    monkeypatch.setattr(scores, "KEYS", (0, 0))
    monkeypatch.setattr(scores, "GIVEN", 1.0)
    drawn = scores.Scores(str(folder)).draw(np.random.default_rng(0), MistakesConfig())
    example = examples.example_of_score(drawn)
    wanted = {frame_of(note.start) for note in drawn.notes if 0.0 <= note.start < 4.0}
    assert set(example["moments"]) == wanted and example["asked"].all()
    for place, moment in enumerate(example["moments"]):
        struck = {note.pitch for note in drawn.notes if frame_of(note.start) == moment}
        assert set(np.flatnonzero(example["onsets"][place]) + MIN_PITCH) == struck
        told = example["heard"][:, min(moment + 4, 299), HARMONY][:, 2 * CLASSES : 3 * CLASSES]
        assert {pitch % CLASSES for pitch in struck} <= set(np.flatnonzero(told[1]))
        assert example["heard"][0, moment, RHYTHM][6:9].any()
    np.testing.assert_array_equal(example["gates"], [1, 0, 0, 0, 1, 1])


def test_what_is_heard_has_mistakes_and_other_hits_than_the_whole(folder, monkeypatch):
    monkeypatch.setattr(scores, "GIVEN", 0.0)
    pieces, kits = scores.Scores(str(folder)), set()
    for seed in range(6):
        drawn = pieces.draw(np.random.default_rng(seed), MistakesConfig())
        kits.add(float(drawn.clips[0].frames[0, RHYTHM][-1]))
        assert drawn.clips[1].frames[0, RHYTHM][-1] == 1.0
        assert not np.array_equal(drawn.clips[0].frames, drawn.clips[1].frames)
    assert kits == {0.0, 1.0}


def test_batches_with_scores_have_the_form_of_those_without(folder):
    config = examples.NotesDataConfig(pairs=2, first_pairs=2, moments=3, scores=str(folder), scores_share=0.5)
    mixed, alone = (
        examples.NotesPipeline(dataclasses.replace(config, scores_share=share), 2) for share in (0.5, 1.0)
    )
    without = examples.NotesPipeline(dataclasses.replace(config, scores=""), 2).batch(0)
    for pipeline in (mixed, alone):
        batch = pipeline.batch(0)
        assert {name: (x.shape, x.dtype) for name, x in batch.items()} == {
            name: (x.shape, x.dtype) for name, x in without.items()
        }
    for name, values in alone.batch(1).items():
        np.testing.assert_array_equal(values, alone.batch(1)[name])


def test_a_folder_without_music_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"config.data.scores=\S*nowhere: there are no MIDI files"):
        scores.Scores(str(tmp_path / "nowhere"))
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    with pytest.raises(UserError, match="no piece there"):
        scores.Scores(str(tmp_path))
