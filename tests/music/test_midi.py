import pytest

pytest.importorskip("mido")

from compjax.errors import UserError
from compjax.music.midi import drum_hits, harmony_of, pitched_hits, read_midi
from compjax.music.midi_out import write_midi
from compjax.music.score import HIGH, LOW, MID, Note

CHORDS = (
    Note(0.0, 1.0, 60, 0.8), Note(0.0, 1.0, 64, 0.8), Note(0.0, 2.0, 43, 0.5),
    Note(1.0, 2.0, 62, 0.6), Note(1.0, 2.0, 65, 0.6),
)  # fmt: skip


def test_notes_written_are_notes_read(tmp_path):
    write_midi(tmp_path / "a.mid", CHORDS, tempo=90.0, program=24)
    score = read_midi(tmp_path / "a.mid")
    assert score.tempo == pytest.approx(90.0, abs=0.01) and not score.drums
    expected = sorted(CHORDS, key=lambda note: (note.start, note.pitch))
    assert [note.pitch for note in score.notes] == [note.pitch for note in expected]
    for got, want in zip(score.notes, expected, strict=True):
        assert (got.start, got.end) == (
            pytest.approx(want.start, abs=2e-3),
            pytest.approx(want.end, abs=2e-3),
        )
        assert got.velocity == pytest.approx(want.velocity, abs=0.01)


def test_notes_before_the_beginning_start_there_and_past_ones_are_left_out(tmp_path):
    write_midi(tmp_path / "a.mid", [Note(-1.0, 0.5, 60, 1.0), Note(-2.0, -1.0, 62, 1.0)])
    notes = read_midi(tmp_path / "a.mid").notes
    assert [(n.start, n.pitch) for n in notes] == [(0.0, 60)] and notes[0].end == pytest.approx(0.5, abs=2e-3)


def test_same_pitch_repeated_at_once_ends_before_it_starts_again(tmp_path):
    write_midi(tmp_path / "a.mid", [Note(0.0, 0.5, 60, 0.5), Note(0.5, 1.0, 60, 1.0)])
    assert [n.start for n in read_midi(tmp_path / "a.mid").notes] == [0.0, pytest.approx(0.5, abs=2e-3)]


def test_harmony_is_the_sets_that_sound_together():
    spans = harmony_of(CHORDS).spans
    assert [(s.start, s.end, s.pitches, s.bass) for s in spans] == [
        (0.0, 1.0, (43, 60, 64), 43), (1.0, 2.0, (43, 62, 65), 43),
    ]  # fmt: skip


def test_brief_overlaps_and_rests_make_no_chords_of_their_own():
    legato = (Note(0.0, 1.03, 60, 1.0), Note(1.0, 2.0, 62, 1.0), Note(2.5, 3.0, 64, 1.0))
    assert [span.pitches for span in harmony_of(legato).spans] == [(60,), (62,), (64,)]


def test_drum_keys_become_voices():
    keys = [(0.0, 36, LOW), (0.5, 38, MID), (1.0, 42, HIGH), (1.5, 39, MID), (2.0, 41, LOW), (2.5, 51, HIGH)]
    hits = drum_hits(Note(t, t + 0.1, key, 0.7) for t, key, _ in keys)
    assert [(hit.time, hit.voice) for hit in hits] == [(t, voice) for t, _, voice in keys]


def test_strokes_become_low_mid_and_high():
    notes = (
        Note(0.0, 1.0, 40, 0.5),
        Note(0.01, 1.2, 60, 0.9),
        Note(0.0, 1.0, 64, 0.8),
        Note(2.0, 2.5, 72, 0.4),
    )
    hits = pitched_hits(sorted(notes, key=lambda n: n.start))
    assert [(hit.voice, hit.velocity) for hit in hits] == [(LOW, 0.5), (MID, 0.9), (HIGH, 0.4)]
    assert hits[1].length == pytest.approx(1.2)


def test_drum_channel_meter_and_tempo_changes_are_read(tmp_path):
    import mido

    track = mido.MidiTrack()
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120)))
    track.append(mido.Message("note_on", channel=9, note=36, velocity=127, time=480))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60), time=0))
    track.append(mido.Message("note_on", channel=9, note=36, velocity=0, time=480))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "drums.mid")
    score = read_midi(tmp_path / "drums.mid")
    assert (score.tempo, score.beats_per_bar, score.notes) == (pytest.approx(120), 3, ())
    assert [(n.start, n.end) for n in score.drums] == [(pytest.approx(0.5), pytest.approx(1.5))]
    assert score.rhythm.hits[0].voice == LOW


def test_notes_of_each_pitched_channel(tmp_path):
    import mido

    track = mido.MidiTrack()
    for channel, note in ((3, 60), (9, 36), (0, 40), (3, 64)):
        track.append(mido.Message("note_on", channel=channel, note=note, velocity=80, time=0))
        track.append(mido.Message("note_off", channel=channel, note=note, time=240))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "parts.mid")
    score = read_midi(tmp_path / "parts.mid")
    assert [[note.pitch for note in part] for part in score.parts] == [[40], [60, 64]]
    assert sorted((*score.parts[0], *score.parts[1]), key=lambda note: note.start) == list(score.notes)


@pytest.mark.parametrize(
    "content", [b"", b"MThd", b"plain text", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\5\0"]
)
def test_what_is_no_midi_is_the_users_error(tmp_path, content):
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(UserError, match="bad.mid"):
        read_midi(path)


def test_a_missing_file_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="absent.mid"):
        read_midi(tmp_path / "absent.mid")
