"""Grooves as text and MIDI."""

import mido
import numpy as np
import pytest

from compjax.audio.loudness import REFERENCE_RMS, rms
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.measures import onsets
from compjax.music.groove import Groove, read_groove
from compjax.music.score import Hit

HITS = (Hit(0.0, 0.25, 0, 0.9), Hit(0.5, 0.2, 2, 0.4), Hit(1.0, 0.5, 1, 1.0), Hit(1.5, 0.1, 2, 0.3))
GROOVE = Groove(HITS, 2.0, 120.0, 4, 0.0)


def written(tmp_path, text):
    path = tmp_path / "a.groove"
    path.write_text(text)
    return path


def test_text_comes_back(tmp_path):
    assert read_groove(GROOVE.save(tmp_path / "a.groove")) == GROOVE


def test_text_says_where_in_the_bar(tmp_path):
    lines = GROOVE.text().splitlines()
    assert lines[1:5] == ["seconds 2.000", "tempo 120", "beats_per_bar 4", "first_beat 0.000"]
    assert lines[6].split("#")[1].strip() == "1:2.00"
    assert Groove(HITS, 2.0).text().count("#") == 1  # without a beat there are no bars


@pytest.mark.parametrize("name", ["a.mid", "a.MIDI"])
def test_midi_comes_back_on_the_drum_channel(tmp_path, name):
    path = GROOVE.save(tmp_path / name)
    messages = [m for track in mido.MidiFile(path).tracks for m in track]
    assert {m.channel for m in messages if not m.is_meta} == {9}
    assert [m.note for m in messages if m.type == "note_on" and m.velocity] == [36, 42, 38, 42]
    back = read_groove(path)
    assert [hit.voice for hit in back.hits] == [hit.voice for hit in HITS]
    np.testing.assert_allclose([h.time for h in back.hits], [h.time for h in HITS], atol=2e-3)
    np.testing.assert_allclose([h.velocity for h in back.hits], [h.velocity for h in HITS], atol=0.005)
    assert (back.seconds, back.tempo) == (2.0, pytest.approx(120.0))


def test_times_in_bars(tmp_path):
    text = "tempo 60\nbeats_per_bar 3\nfirst_beat 0.5\n1:1 low\n1:2.5 high 0.5  # an offbeat\n2:1 mid 1 0.1\n"
    groove = read_groove(written(tmp_path, text))
    assert [hit.time for hit in groove.hits] == [0.5, 2.0, 3.5]
    assert [hit.voice for hit in groove.hits] == [0, 2, 1]
    assert groove.seconds == 6.5  # to the end of the second bar
    assert groove.bar_beat(2.0) == "1:2.50"


def test_times_in_bars_of_eighths(tmp_path):
    groove = read_groove(written(tmp_path, "tempo 120\nmeter 7/8\n1:1 low\n1:7 high\n2:1 mid\n"))
    assert [hit.time for hit in groove.hits] == [0.0, 1.5, 1.75]
    assert groove.seconds == 3.5 and (groove.beats_per_bar, groove.beat_unit) == (7, 8)
    assert "meter 7/8" in groove.text() and "2:1.00" in groove.text()
    again = read_groove(groove.save(tmp_path / "again.groove"))
    assert again == groove


def test_least_that_a_line_needs(tmp_path):
    groove = read_groove(written(tmp_path, "\n# my groove\n0.5 high\n0 low\n"))
    assert [(hit.time, hit.voice) for hit in groove.hits] == [(0.0, 0), (0.5, 2)]
    assert groove.seconds == 0.75 and groove.tempo == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "0.0, low, 0.9\n0.5, HIGH, 0.4\n",
        "0;low;0,9\n0,5;high;0,4\n",
        "Tempo: 120\n1:1 Low 0.9\n1:2 high 0.4\n",
        "TEMPO = 120\nfirst_beat=0.5\n0:4 low 0.9\n1:1 high .4\n",
    ],
)
def test_lines_as_people_write_them(tmp_path, text):
    groove = read_groove(written(tmp_path, text))
    assert [(hit.time, hit.voice, hit.velocity) for hit in groove.hits] == [(0.0, 0, 0.9), (0.5, 2, 0.4)]


@pytest.mark.parametrize(
    "text, message",
    [
        ("0.0 low\nhello world\n", "line 2: a hit is a time, low or mid or high"),
        ("0.0 kick\n", "line 1: a hit is"),
        ("\nx low\n", "line 2: a time .* not 'x'"),
        ("0 low 2\n", "line 1: a velocity must be a number from 0 to 1, not '2'"),
        ("0 low 0\n", "line 1: velocity and length must be above 0"),
        ("0 low nan\n", "line 1: a velocity"),
        ("-1 low\n", "line 1: a time"),
        ("tempo fast\n0 low\n", "line 1: tempo must be a number"),
        ("tempo\n0 low\n", "line 1: tempo needs one number"),
        ("beats_per_bar 3.5\n0 low\n", "line 1: beats_per_bar must be a whole number"),
        ("meter 7\n0 low\n", "line 1: a meter is given as"),
        ("meter 7/9\n0 low\n", "line 1: a meter is 1 to 32 beats"),
        ("1:1 low\n", "line 1: .* needs a line 'tempo"),
        ("tempo 120\n1:5 low\n", "line 2: there is no beat 1:5 in bars of 4"),
        ("tempo 120\n0:1 low\n", "line 2: 0:1 lies before the beginning"),
        ("tempo 120\nfirst_beat -1\n1:1 low\n", "line 3: 1:1 lies before the beginning"),
        ("seconds 1\n2 low\n", "a hit at 2.000 s is past the end"),
        ("# nothing\n", "holds no hit"),
        ("0 low 1 1 1\n", "line 1: a hit is"),
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as raised:
        read_groove(written(tmp_path, text))
    assert "a.groove" in str(raised.value) and "\n" not in str(raised.value)


def test_files_that_are_none(tmp_path):
    binary = tmp_path / "b.groove"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no text file"):
        read_groove(binary)
    with pytest.raises(UserError, match="cannot read"):
        read_groove(tmp_path / "missing.groove")
    (tmp_path / "c.mid").write_bytes(b"no midi")
    with pytest.raises(UserError, match="as MIDI"):
        read_groove(tmp_path / "c.mid")


def test_strokes_are_heard_where_the_hits_are():
    audio = GROOVE.audio()
    assert audio.shape == (2 * SAMPLE_RATE,) and audio.dtype == np.float32
    assert rms(audio) == pytest.approx(REFERENCE_RMS, rel=0.05)
    np.testing.assert_allclose(onsets.detect(audio), [hit.time for hit in HITS], atol=0.02)


def test_beats_are_those_of_the_tempo():
    np.testing.assert_allclose(GROOVE.beats(), [0.0, 0.5, 1.0, 1.5])
    np.testing.assert_allclose(Groove(HITS, 2.0, 60.0, 4, -0.75).beats(), [0.25, 1.25])
    with pytest.raises(UserError, match="no tempo"):
        Groove(HITS, 2.0).beats()
