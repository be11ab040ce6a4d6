"""Ticks, tempi, meters and bars of MIDI files; what is written comes back."""

import dataclasses
import struct

import mido
import numpy as np
import pytest

from compjax.errors import UserError
from compjax.music.groove import Groove, read_groove
from compjax.music.midi import harmony_of, read_midi
from compjax.music.midi_out import write_midi
from compjax.music.score import HIGH, LOW, MID, Harmony, Hit, Note, Span
from compjax.music.time.grid import KNOWN, Grid, regular
from compjax.music.time.meter import Meter

HITS = (
    Hit(0.007, 0.5, LOW, 0.84), Hit(0.247, 0.253, HIGH, 0.73),
    Hit(1.753, 0.5, MID, 0.9), Hit(5.1, 0.1, 2, 0.4),
)  # fmt: skip


def kicks(path, ticks, *first, division=480):
    """A file of kicks at `ticks`, after the messages `first` at tick 0."""
    track, now = mido.MidiTrack(first), 0
    for tick in ticks:
        track.append(mido.Message("note_on", channel=9, note=36, velocity=100, time=tick - now))
        track.append(mido.Message("note_off", channel=9, note=36, time=60))
        now = tick + 60
    file = mido.MidiFile(ticks_per_beat=division)
    file.tracks.append(track)
    file.save(path)
    return path


def signature(beats, unit, time=0):
    return mido.MetaMessage("time_signature", numerator=beats, denominator=unit, time=time)


def tempo(bpm, time=0):
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=time)


def test_meter_has_a_denominator(tmp_path):
    path = kicks(tmp_path / "a.mid", range(0, 4320, 720), signature(6, 8), tempo(120))
    groove = read_groove(path)
    assert len(groove.hits) == 6 and groove.seconds == pytest.approx(4.5)
    assert (groove.beats_per_bar, groove.beat_unit, groove.tempo) == (6, 8, pytest.approx(120))


@pytest.mark.parametrize("first", [-0.996, 0.0, 0.004, 1.0, -0.02, -0.51])
@pytest.mark.parametrize("meter, bpm", [(Meter(7, 8), 120.0), (Meter(4, 4), 97.31), (Meter(3, 4), 24.0)])
def test_groove_comes_back_from_midi(tmp_path, first, meter, bpm):
    groove = Groove(HITS, 8.75, bpm, meter.beats, first, meter.unit)
    back = read_groove(groove.save(tmp_path / "a.mid"))
    assert dataclasses.replace(back, tempo=groove.tempo, first_beat=groove.first_beat) == groove
    assert back.tempo == pytest.approx(groove.tempo, abs=1e-3)
    assert (back.first_beat - first + 1e-3) % groove.grid.bar == pytest.approx(1e-3, abs=2e-3)
    assert back.first_beat == first or first in (1.0, -0.51)  # a bar earlier or later is the same bars


def test_groove_without_tempo_comes_back_without(tmp_path):
    assert read_groove(Groove(HITS, 8.75).save(tmp_path / "a.mid")) == Groove(HITS, 8.75)


def test_bars_of_the_file_are_the_musics(tmp_path):
    """A sequencer's bars: the first downbeat, at 0.754 s, begins one."""
    path = Groove(HITS, 8.75, 120.0, 7, -0.996, 8).save(tmp_path / "a.mid")
    [conductor, *_] = mido.MidiFile(path).tracks
    ticks = np.cumsum([m.time for m in conductor])
    meters = [(tick, m) for tick, m in zip(ticks, conductor, strict=True) if m.type == "time_signature"]
    score = read_midi(path)
    assert [(m.numerator, m.denominator) for _, m in meters] == [(3, 8), (7, 8)]
    assert meters[1][0] == 3 * 4800  # three eighths
    assert score.first_beat == pytest.approx(-0.996, abs=1e-3)


def test_a_beat_that_wavers_is_written_bar_by_bar(tmp_path):
    beats = np.cumsum(np.r_[0.0, np.repeat([0.5, 0.6, 0.45], 4)])
    grid = Grid(116.0, beats, 0.0, Meter(), KNOWN)
    notes = [Note(float(t), float(t) + 0.1, 60, 0.5) for t in beats]
    write_midi(tmp_path / "a.mid", notes, grid=grid, seconds=6.2)
    file = mido.MidiFile(tmp_path / "a.mid")
    starts = [np.cumsum([m.time for m in track]) for track in file.tracks][1]
    timed = zip(starts, file.tracks[1], strict=True)
    struck = [tick for tick, m in timed if m.type == "note_on" and m.velocity]
    np.testing.assert_allclose(np.asarray(struck) / file.ticks_per_beat, np.arange(13), atol=0.01)
    np.testing.assert_allclose([n.start for n in read_midi(tmp_path / "a.mid").notes], beats, atol=1e-3)


def test_a_track_a_voice_and_chords_as_markers(tmp_path):
    notes = [Note(0.0, 1.0, 40, 0.5, LOW), Note(0.0, 1.0, 60, 0.5, MID), Note(1.0, 2.0, 72, 0.5, HIGH)]
    chords = Harmony((Span(0.0, 1.0, (60, 64, 67), 60), Span(1.0, 2.0, (57, 60, 64), 57)))
    grid = regular(180.0, Meter(5, 4), 0.0, 3.333, KNOWN)
    write_midi(tmp_path / "a.mid", notes, grid=grid, seconds=3.333, chords=chords)
    file = mido.MidiFile(tmp_path / "a.mid")
    assert [track.name for track in file.tracks[1:]] == ["low voice", "middle voice", "high voice"]
    assert [m.text for m in file.tracks[0] if m.type == "marker"] == ["C", "Am"]
    assert file.length == pytest.approx(3.333, abs=2e-3)
    score = read_midi(tmp_path / "a.mid")
    assert (score.tempo, score.beats_per_bar) == (pytest.approx(180.0, abs=0.01), 5)


def test_tempo_changes_move_hits_and_the_end(tmp_path):
    first = (signature(4, 4), tempo(120))
    path = kicks(tmp_path / "a.mid", (0, 1920), *first)
    file = mido.MidiFile(path)
    file.tracks.append(mido.MidiTrack([tempo(60, time=1920)]))
    file.save(path)
    groove = read_groove(path)
    assert [hit.time for hit in groove.hits] == [0.0, pytest.approx(2.0)]
    assert groove.seconds == pytest.approx(6.0)


def test_pickup_bar_of_another_program(tmp_path):
    path = kicks(tmp_path / "a.mid", (0, 480, 960), signature(1, 4), tempo(120))
    file = mido.MidiFile(path)
    file.tracks.append(mido.MidiTrack([signature(4, 4, time=480)]))
    file.save(path)
    groove = read_groove(path)
    assert groove.first_beat == pytest.approx(-1.5) and groove.seconds == pytest.approx(2.5)


def test_ticks_of_film_frames(tmp_path):
    path = kicks(
        tmp_path / "a.mid", (0, 500), division=-(25 << 8) + 40
    )  # 25 frames of 40 ticks: milliseconds
    assert [note.start for note in read_midi(path).drums] == [0.0, pytest.approx(0.5)]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "no ticks"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x0b\0\xff\x51\3\0\0\0\0\xff\x2f\0", "tempo of 0"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x4b\0\x99\x24\x64", "ends early"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x0a\0\xff\x59\2\x09\0\0\xff\x2f\0", "sharps"),
        (b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "type 2"),
        (b"MThd\0\0\0\6\0\0\0\1\xe7\0MTrk\0\0\0\4\0\xff\x2f\0", "frames have no ticks"),
    ],
)
def test_damaged_files_are_one_line_with_a_reason(tmp_path, content, message):
    (tmp_path / "bad.mid").write_bytes(content)
    with pytest.raises(UserError, match=message) as raised:
        read_midi(tmp_path / "bad.mid")
    assert "bad.mid" in str(raised.value) and "\n" not in str(raised.value)


def test_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "big.mid").write_bytes(bytes(4_000_001))
    with pytest.raises(UserError, match="larger than 4 MB"):
        read_midi(tmp_path / "big.mid")


def test_harmony_of_many_notes_is_quick():
    import time

    notes = [Note(0.1 * i, 0.1 * i + 0.3, 40 + i % 30, 0.5) for i in range(20_000)]
    begun = time.process_time()
    assert len(harmony_of(notes).spans) > 10_000
    assert time.process_time() - begun < 3.0


def chunk(kind, content, length=None):
    return kind + struct.pack(">I", len(content) if length is None else length) + content


# eight kicks, a quarter apart, with running status
EVENTS = b"\0\x99\x24\x5a" + b"\x83\x60\x24\0\0\x24\x5a" * 7 + b"\x83\x60\x24\0\0\xff\x2f\0"
HEADER = chunk(b"MThd", b"\0\0\0\1\1\xe0")
METER_33_16 = b"\0\xff\x58\4\x21\4\x18\x08"


@pytest.mark.parametrize(
    "content",
    [
        HEADER + chunk(b"MTrk", EVENTS),
        chunk(b"MThd", b"\0\1\0\2\1\xe0") + chunk(b"XFIH", b"abc") + chunk(b"MTrk", EVENTS),
        HEADER + chunk(b"MTrk", EVENTS, 0),  # a length that was never written
        b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + HEADER + chunk(b"MTrk", EVENTS),
        chunk(b"MThd", b"\0\0\0\1\1\xe0\0\0") + chunk(b"MTrk", METER_33_16 + EVENTS),
    ],
)
def test_files_of_every_kind(tmp_path, content):
    (tmp_path / "a.mid").write_bytes(content)
    groove = read_groove(tmp_path / "a.mid")
    assert [hit.time for hit in groove.hits] == pytest.approx(np.arange(8) * 0.5)
    assert (groove.tempo, groove.meter, groove.seconds) == (pytest.approx(120), Meter(4, 4), 4.0)


def test_tempi_that_no_groove_has_are_none(tmp_path):
    path = kicks(tmp_path / "a.mid", range(0, 1920, 480), mido.MetaMessage("set_tempo", tempo=1_000))
    assert read_groove(path).tempo == 0.0
