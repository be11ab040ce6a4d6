import numpy as np
import pytest

pytest.importorskip("mido")

import mido

from compjax.data.drawing import swaps
from compjax.data.drawing.midi_pairs import MidiPairs
from compjax.data.rendering import timbres
from compjax.errors import UserError
from compjax.music.score import HIGH, LOW

KICK, HAT = 36, 42
CHORDS = ((48, 60, 64, 67), (53, 60, 65, 69))
BEAT = 0.5  # seconds, at MIDI's default tempo


def write(path, drums=True, pitched=True, beats=32):
    """A kick on every beat and a hat between; two chords in turn, four beats each."""
    file = mido.MidiFile(ticks_per_beat=2)
    for is_wanted, channel in ((drums, 9), (pitched, 0)):
        track, now = mido.MidiTrack(), 0
        events = []
        for half in range(2 * beats if is_wanted else 0):
            keys = (HAT if half % 2 else KICK,) if channel == 9 else CHORDS[half // 8 % 2] * (half % 8 == 0)
            events += [
                (half + later, velocity, key)
                for key in keys
                for later, velocity in ((0, 90), (7 * (channel == 0) + 1, 0))
            ]
        for tick, velocity, key in sorted(events):
            track.append(
                mido.Message("note_on", note=key, velocity=velocity, channel=channel, time=tick - now)
            )
            now = tick
        file.tracks.append(track)
    path.parent.mkdir(exist_ok=True)
    file.save(path)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "drums.mid", pitched=False)
    write(tmp_path / "deeper" / "chords.MID", drums=False)
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "notes.txt").write_text("no music")
    return tmp_path


def test_rhythm_and_harmony_are_the_files(folder):
    pairs = MidiPairs(folder)
    assert [part.name for part in pairs.drums] == ["drums"]
    assert [part.name for part in pairs.pitched] == ["chords"]
    found = set()
    for seed in range(8):
        pair = pairs.draw_pair(seed)
        hits = [hit for hit in pair.input.rhythm.hits if 0 < hit.time]
        assert np.allclose(np.diff([hit.time for hit in hits]), BEAT / 2, atol=1e-6)
        assert {hit.voice for hit in hits} == {LOW, HIGH}
        assert pair.input.timbre.is_kit and not pair.target.timbre.is_kit
        assert pair.kind == "drums, pitched" and pair.switches == (0, 1, 1)
        found |= {span.pitches for span in pair.target.harmony.spans}
        assert {note.pitch for note in pair.target.notes} <= {pitch for chord in CHORDS for pitch in chord}
        assert swaps.arrange_swap(pair, (0, 1, 1), pair.style)
    assert found == set(CHORDS)


def test_a_seed_is_a_pair_and_the_split_decides_on_the_instruments(folder):
    one, other = MidiPairs(folder), MidiPairs(folder)
    assert one.draw_pair(5) == other.draw_pair(5) != one.draw_pair(6)
    fonts = {(pair.input.timbre.font, pair.target.timbre) for pair in map(one.draw_pair, range(12))}
    assert {kit for kit, _ in fonts} == {timbres.TEST_FONT}
    held_out = timbres.HELD_OUT
    assert all(t.font == timbres.TEST_FONT or t.program in held_out for _, t in fonts)


def test_drums_and_chords_are_of_two_files_where_there_are_two(tmp_path):
    write(tmp_path / "a.mid")
    own = MidiPairs(tmp_path).draw_pair(0)
    assert own.input.part == own.target.part == "a"
    write(tmp_path / "b.mid")
    both = MidiPairs(tmp_path)
    assert all(pair.input.part != pair.target.part for pair in map(both.draw_pair, range(6)))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "no such folder"),
        ({}, "no MIDI files"),
        ({"drums": False}, "a drum channel"),
        ({"pitched": False}, "has pitched notes"),
    ],
)
def test_what_will_not_do_is_the_users_error(tmp_path, files, message):
    if files:
        write(tmp_path / "a.mid", **files)
    with pytest.raises(UserError, match=message):
        MidiPairs(tmp_path / "absent" if files is None else tmp_path)


def test_files_without_a_usable_stretch_are_the_users_error(tmp_path):
    write(tmp_path / "a.mid", beats=1, pitched=False)
    write(tmp_path / "b.mid", drums=False)
    with pytest.raises(UserError, match="a drum channel"):  # two hits are no rhythm
        MidiPairs(tmp_path)
    write(tmp_path / "a.mid", beats=2, pitched=False)
    with pytest.raises(UserError, match="no 4 s in which"):
        pairs = MidiPairs(tmp_path)
        pairs.pitched = [pairs.drums[0]]  # nothing sounds two beats after the beginning
        pairs.drums = [pairs.drums[0].__class__("none", pairs.drums[0].notes[:1], 120.0, 4)]
        pairs.draw_pair(0)


@pytest.mark.synth
def test_pairs_can_be_heard(folder, one_font):
    from compjax.evaluation import testsets

    [pair] = testsets.rendered_pairs(MidiPairs(folder), 1, seed=3, parts=())
    assert pair.given.shape == pair.target.shape == (96000,)
    assert np.sqrt(np.mean(pair.target.astype(float) ** 2)) == pytest.approx(0.1, rel=1e-3)
    assert pair.name == "rendered 300000: drums x chords"
    assert pair.arrangements["ITT"].known.spans == pair.drawn.target.harmony.spans
