"""Whatever is heard, there is an instrument; the same clip has the same one."""

import dataclasses

import numpy as np
import pytest
from fakes import FakeListener, chord, drums

from compjax.audio.loudness import rms
from compjax.codec.vocos import bands
from compjax.hearing import sound
from compjax.hearing.excerpt import FRAMES, Excerpt
from compjax.instrument.capture import Kit, Modelled, Sampled, capture
from compjax.instrument.mixing import Blended, mixed
from compjax.music.score import Note

NOTES = (Note(0.1, 0.6, 40, 0.8), Note(0.7, 1.2, 60, 0.5), Note(1.3, 1.6, 80, 0.8))


def excerpt_of(audio):
    return Excerpt.of(audio, 1.0, sound.analyse(audio, 1.0, bands.encode))


def heard_in(audio, pitched=True):
    excerpt = excerpt_of(audio)
    heard = FakeListener().hear(excerpt.sound)
    return excerpt, heard if pitched else dataclasses.replace(heard, classes=0.0 * heard.classes)


@pytest.mark.parametrize("way, kind", [("model", Modelled), ("samples", Sampled)])
def test_the_way_that_is_asked_for_plays_the_clips_pitches(way, kind):
    captured = capture(*heard_in(chord(3.0)), way)
    assert isinstance(captured, kind) and captured.explained > 0.2
    assert {note.pitch for note in captured.performer.heard} == {48, 52, 55}
    again = capture(*heard_in(chord(3.0)), way)
    first, second = (made.play(NOTES, 48_000, (0,)) for made in (captured, again))
    np.testing.assert_array_equal(first, second)
    assert np.isfinite(first).all() and first.any()


def test_a_held_tone_is_sustained():
    assert capture(*heard_in(chord(3.0))).performer.sustained


def test_drums_are_struck_with_their_own_hits():
    captured = capture(*heard_in(drums(3.0), pitched=False))
    assert isinstance(captured, Kit) and captured.performer.is_kit
    played = captured.play(NOTES, 48_000, (0,))
    own = drums(3.0)[: round(0.2 * 24_000)]
    begun = played[round(0.1 * 24_000) :][: len(own)]
    match = np.correlate(np.pad(begun, 400), own, "valid").max()
    assert match > 0.9 * np.linalg.norm(begun) * np.linalg.norm(own)


@pytest.mark.parametrize("pitched", [True, False])
@pytest.mark.parametrize("kind", ["silence", "noise", "click", "short"])
def test_nothing_clear_is_no_error(kind, pitched, rng):
    audio = {
        "silence": np.zeros(48_000, np.float32),
        "noise": 0.1 * rng.standard_normal(48_000).astype(np.float32),
        "click": np.eye(1, 24_000, 12_000, dtype=np.float32)[0],
        "short": chord(0.5),
    }[kind]
    captured = capture(*heard_in(audio, pitched))
    assert np.isfinite(captured.play(NOTES, 48_000, (0,))).all()


def test_models_mix_to_one_between_them_and_others_play_together():
    first, second = (
        capture(*heard_in(chord(3.0, pitches)), "model") for pitches in ((48, 52, 55), (60, 64, 67))
    )
    between = mixed([first, second], [0.25, 0.75])
    assert isinstance(between, Modelled) and between.performer is second.performer
    wanted = 0.25 * first.parameters.envelope + 0.75 * second.parameters.envelope
    np.testing.assert_allclose(between.parameters.envelope, wanted, rtol=1e-5)
    kit = capture(*heard_in(drums(2.0), pitched=False))
    both = mixed([kit, second], [0.5, 0.5])
    assert isinstance(both, Blended) and both.way == "strokes and model"
    assert both.play(NOTES, 48_000, (0,)).any()
    assert mixed([kit], [1.0]) is kit


def test_an_excerpt_is_the_loudest_part_at_the_reference_level(rng):
    audio = 0.01 * rng.standard_normal(20 * 24_000).astype(np.float32)
    audio[10 * 24_000 : 17 * 24_000] *= 10.0
    found = Excerpt.of(audio, 2.0, sound.analyse(audio, 2.0, bands.encode))
    assert found.audio.size == FRAMES * 320
    assert np.square(found.audio).sum() > 0.95 * np.square(2.0 * audio).sum()
    np.testing.assert_allclose(
        found.sound.clip_latents[100:300], bands.encode(found.audio)[100:300], atol=1e-4
    )


def test_notes_that_are_far_from_every_sample_are_the_models():
    captured = capture(*heard_in(chord(3.0)))
    assert isinstance(captured, Sampled)
    near, far = Note(0.1, 0.6, 53, 0.5), Note(1.0, 1.5, 64, 0.5)
    alone = dataclasses.replace(captured, model=None)
    np.testing.assert_array_equal(captured.play([near], 48_000), alone.play([near], 48_000))
    loudest = captured.model.play([far], 48_000)
    np.testing.assert_allclose(captured.play([far], 48_000), captured._restraint(64) * loudest, atol=1e-6)
    further = Note(1.0, 1.5, 84, 0.5)
    np.testing.assert_array_equal(captured.play([further], 48_000), alone.play([further], 48_000))
    together = captured.play([near, far], 48_000)
    np.testing.assert_allclose(
        together, captured.play([near], 48_000) + captured.play([far], 48_000), atol=1e-6
    )
    assert capture(*heard_in(chord(3.0)), "samples").model is None  # asked for by name, samples play all


def test_the_model_guesses_no_pitch_more_than_6_db_louder_than_samples(monkeypatch):
    captured, far = capture(*heard_in(chord(3.0))), Note(0.1, 0.5, 64, 1.0)
    plays = type(captured.model).play
    monkeypatch.setattr(type(captured.model), "play", lambda *a: 100.0 * plays(*a))
    guessed = captured.play([far], 24_000)
    samples = dataclasses.replace(captured, model=None).play([far], 24_000)
    assert 1.5 < rms(guessed) / rms(samples) < 2.5
