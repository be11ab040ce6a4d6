import hashlib
import json

import numpy as np
import pytest
import soundfile
from fakes import chord, drums, make_session

from compjax.audio import loudness
from compjax.compose.asked.requests import MIDI_DIGEST
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError

RATE = {"sample_rate": SAMPLE_RATE, "arranger": "network"}  # the fake agent composes by itself


@pytest.fixture(scope="module")
def session():
    return make_session()


@pytest.fixture(scope="module")
def composition(session):
    return session.compose(drums(3), chord(2), **RATE)


def test_output_is_as_long_and_as_loud_as_the_input(composition):
    assert composition.audio.shape == (3 * SAMPLE_RATE,)
    assert composition.audio.dtype == np.float32 and composition.sample_rate == SAMPLE_RATE
    wanted = loudness.sounding_loudness(drums(3))
    assert loudness.sounding_loudness(composition.audio) == pytest.approx(wanted, abs=0.5)


def test_notes_fall_on_the_inputs_hits_with_the_targets_pitches(composition):
    starts = sorted({round(note.start * 2) / 2 for note in composition.notes})
    assert starts == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert max(abs(note.start - round(note.start * 2) / 2) for note in composition.notes) < 0.05
    assert {note.pitch for note in composition.notes} == {48, 52, 55}


def test_switches_reach_the_agent(session):
    swapped = session.compose(chord(2), drums(2), rhythm="target", harmony="input", timbre="input", **RATE)
    assert {note.pitch for note in swapped.notes} == {48, 52, 55}
    assert swapped.weights["target"] == {"rhythm": 1.0, "harmony": 0.0, "timbre": 0.0}
    assert swapped.report["sources"] == {"rhythm": "target", "harmony": "input", "timbre": "input"}


def test_report_is_complete_and_json(composition):
    report = json.loads(json.dumps(composition.report, allow_nan=False))
    parts = {
        "weights",
        "alignment",
        "adherence",
        "novelty",
        "verdict",
        "words",
        "timings",
        "checksums",
        "options",
    }
    assert parts <= set(report)
    assert report["checksums"] == {"model": "m", "codec": "c"}
    assert report["notes"] == len(composition.notes)
    phases = {
        "read",
        "align",
        "encode",
        "listen",
        "select",
        "capture",
        "compose",
        "render",
        "decode",
        "report",
    }
    assert set(report["timings"]) == phases
    assert "gating_r2" in report["novelty"] and "onset_f1" in report["adherence"]
    assert "lag" in report["alignment"]


def test_words_say_what_the_guard_found(composition):
    assert "the input's rhythm" in composition.words()
    assert "the target's harmony" in composition.words()
    assert composition.table().startswith("Creative agent: Compositional (rhythm/harmony/timbre)\n")
    gated = composition.report["verdict"] == "gated"  # the fake cuts the chord up, which is what gating is
    assert gated and "WARNING" in composition.words()


def test_same_seed_same_bytes(session):
    pair = (drums(2), chord(2))
    one, again, other = (session.compose(*pair, seed=seed, **RATE) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.audio, again.audio)
    assert one.notes == again.notes
    assert not np.array_equal(one.audio, other.audio)


def test_variations_share_what_was_heard(session):
    before = session._composer._listener.listened
    first, second = session.compose_many(drums(2), chord(2), 2, seed=3, **RATE)
    assert session._composer._listener.listened == before + 3  # and an excerpt
    assert first.report["options"]["style"] != second.report["options"]["style"]
    only = session.compose(drums(2), chord(2), seed=3, **RATE)
    np.testing.assert_array_equal(only.audio, first.audio)


def test_style_that_is_set_is_kept(session):
    one, other = session.compose_many(drums(2), chord(2), 2, style={"density": 1.0}, **RATE)
    styles = [c.report["options"]["style"] for c in (one, other)]
    assert [style["density"] for style in styles] == [1.0, 1.0]
    assert styles[0]["bass"] != styles[1]["bass"]


def test_what_is_drawn_keeps_the_rhythm_clear_and_what_is_set_is_free(session):
    from compjax.compose.asked.options import ComposeOptions
    from compjax.compose.asked.styles import LONGEST_DRAWN, SHORTEST_DRAWN, draw_style

    drawn = [draw_style(ComposeOptions(seed=seed), 0).articulation for seed in range(40)]
    assert SHORTEST_DRAWN <= min(drawn) and 0.8 * LONGEST_DRAWN < max(drawn) <= LONGEST_DRAWN
    assert draw_style(ComposeOptions(style={"articulation": 0.9}), 0).articulation == 0.9


def test_stereo_at_another_rate(session, composition):
    pair = [np.repeat(clip, 2) for clip in (drums(3), chord(2))]
    stereo = [np.stack([clip, clip], axis=1) for clip in pair]
    doubled = session.compose(*stereo, **RATE | {"sample_rate": 2 * SAMPLE_RATE})
    assert doubled.audio.size == 2 * composition.audio.size  # both channels are the same, so it has one
    assert doubled.heard.shape == composition.audio.shape
    assert [n.pitch for n in doubled.notes] == [n.pitch for n in composition.notes]


@pytest.mark.parametrize("seconds", [0.5, 0.51, 160 / 75, 2.9])
def test_any_length(session, seconds):
    """Half a second, no whole number of frames, one window exactly, more than one window."""
    made = session.compose(drums(seconds), chord(1), **RATE)
    assert made.audio.size == round(seconds * SAMPLE_RATE)


def test_windows_of_a_long_clip_agree_with_a_short_one(session):
    long = session.compose(drums(6), chord(6), weights=(1, 0, 0, 0, 1, 1), **RATE)
    starts = np.unique([round(note.start * 2) for note in long.notes])
    np.testing.assert_array_equal(starts, np.arange(12))
    hop = SAMPLE_RATE // 2
    beats = long.audio[: 12 * hop].reshape(12, hop)
    level = np.sqrt((beats**2).mean(axis=1))
    assert level.min() > 0.8 * level.max()  # no beat is lost or doubled where windows meet


def test_nothing_composed_is_said(tmp_path):
    made = make_session(silent=True).compose(drums(1), chord(1), **RATE)
    assert not made.audio.any() and made.notes == ()
    assert made.report["verdict"] == "silent" and "The output is silent" in made.words()
    json.dumps(made.report, allow_nan=False)


def noise(seconds):
    return np.random.default_rng(0).normal(size=round(seconds * SAMPLE_RATE)).astype(np.float32) * 0.1


def click(seconds):
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    audio[audio.size // 2] = 1.0
    return audio


@pytest.mark.parametrize("input, target", [(noise, chord), (drums, click)])
def test_odd_but_audible_clips_give_a_result(session, input, target):
    made = session.compose(input(1.0), target(1.0), **RATE)
    assert made.audio.shape == (SAMPLE_RATE,) and np.isfinite(made.audio).all()
    assert np.abs(made.audio).max() <= 1.0
    json.dumps(made.report, allow_nan=False)


def test_the_same_clip_twice(session):
    assert session.compose(drums(1), drums(1), **RATE).audio.size == SAMPLE_RATE


def test_clips_are_left_as_they_are(session):
    pair = drums(1), chord(1)
    copies = [clip.copy() for clip in pair]
    session.compose(*pair, **RATE)
    for clip, copy in zip(pair, copies, strict=True):
        np.testing.assert_array_equal(clip, copy)


@pytest.mark.parametrize(
    "clip, message",
    [
        (np.zeros(SAMPLE_RATE, np.float32), "the target is silent"),
        (np.full(SAMPLE_RATE, np.nan, np.float32), "not numbers"),
        (np.ones(100, np.float32), "0.004 seconds long"),
        (np.ones(SAMPLE_RATE, np.int64), "must be floats"),
        (np.ones((2, 2, SAMPLE_RATE), np.float32), "must be floats"),
    ],
)
def test_clips_that_will_not_do(session, clip, message):
    with pytest.raises(UserError, match=message):
        session.compose(drums(1), clip, **RATE)


def test_arrays_need_a_rate(session):
    with pytest.raises(UserError, match="sample_rate"):
        session.compose(drums(1), chord(1))


def test_unknown_option_is_a_mistake_of_the_program(session):
    with pytest.raises(TypeError, match="tempo"):
        session.compose(drums(1), chord(1), tempo=3, **RATE)


def test_progress_names_the_phases(session):
    said = []
    session.compose(drums(3), chord(2), progress=lambda *words: said.append(words), **RATE)
    assert [phase for phase, _, _ in said][0] == "read"
    assert ("decode", 1, 1) in said  # one stretch of notes


def test_output_is_as_loud_as_the_input_sounds(session):
    for gain in (1.0, 0.1):
        made = session.compose(drums(3) * gain, chord(3), **RATE)
        wanted = loudness.sounding_loudness(drums(3) * gain)
        assert loudness.sounding_loudness(made.audio) == pytest.approx(wanted, abs=0.5)


def test_save_writes_three_files(composition, tmp_path):
    written = composition.save(tmp_path / "out.wav")
    assert [path.name for path in written] == ["out.wav", "out.mid", "out.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "out.mid", "out.wav"]
    audio, rate = soundfile.read(written[0], dtype="float32")
    assert rate == SAMPLE_RATE
    np.testing.assert_allclose(audio, composition.audio, atol=1 / 2**15)
    saved = json.loads(written[2].read_text())
    assert saved.pop(MIDI_DIGEST) == hashlib.sha256(written[1].read_bytes()).hexdigest()
    assert saved == json.loads(json.dumps(composition.report))


def test_midi_has_the_notes(composition, tmp_path):
    import mido

    _, path, _ = composition.save(tmp_path / "out.wav")
    struck = [m for track in mido.MidiFile(path).tracks for m in track if m.type == "note_on" and m.velocity]
    assert sorted(m.note for m in struck) == sorted(n.pitch for n in composition.notes)


def test_sound_is_kept_where_what_goes_beside_it_cannot_be_written(composition, tmp_path, caplog):
    (tmp_path / "out.json").mkdir()
    with caplog.at_level("WARNING", logger="absl"):
        written = composition.save(tmp_path / "out.wav")
    assert [path.name for path in written] == ["out.wav", "out.mid"]
    assert "out.json: it is a folder" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "out.mid", "out.wav"]


def test_save_under_another_ending(composition, tmp_path):
    with pytest.raises(UserError, match="must end in .wav or .flac"):
        composition.save(tmp_path / "out.mp3")
    assert composition.save(tmp_path / "out.flac")[0].stat().st_size > 0


def test_what_was_mended_stands_in_the_report(session):
    made = session.compose(np.stack([drums(3), -drums(3)]), chord(3) + np.float32(0.3), **RATE)
    assert "input: its channels cancel" in made.words()
    assert "target: a constant of" in made.words()


def test_limiter_is_spoken_of_where_it_works(session):
    loud = session.compose(np.sign(drums(3)), chord(3), **RATE)
    assert "The limiter turned the output's peaks down, by " in loud.words()
    assert np.abs(loud.audio).max() <= loudness.PEAK_CEILING
    assert "limiter" not in session.compose(0.1 * drums(3), chord(3), **RATE).words()
