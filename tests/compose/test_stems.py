"""Stems add up to the whole, voices play their roles, and every note says why it is there."""

import dataclasses
import functools
import json

import mido
import numpy as np
import pytest
import soundfile
from fakes import chord, drums, make_session

from compjax.arranging.performer import Performer
from compjax.audio.sound_files import BIT_DEPTHS
from compjax.compose.asked.options import ComposeOptions, parse_roles
from compjax.compose.asked.requests import Request
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.groove import Groove
from compjax.music.roles import USUAL, roles_of
from compjax.music.score import Harmony, Hit, Note, Rhythm, Span
from compjax.music.style import Style

RATE = {"sample_rate": SAMPLE_RATE, "arranger": "network"}
NAMES = ("low", "mid", "high")
SPANS = (Span(0.0, 4.0, (48, 52, 55, 60), 36),)
HITS = tuple(Hit(0.5 * i, 0.4, i % 3, 0.8) for i in range(8))


@pytest.fixture(scope="module")
def performances():
    """Compositions by the rules in stereo with stems, one for each choice of roles."""

    @functools.cache
    def perform(roles):
        wide = np.stack([chord(2), np.roll(chord(2), 7)], axis=1)
        options = {"sample_rate": SAMPLE_RATE, "arranger": "rules", "instrument": "model", "stems": True}
        options |= {"chords": Harmony(SPANS), "roles": dict(roles)}
        return make_session().compose(Groove(HITS, 4.0, 120.0), wide, **options)

    return lambda roles: perform(tuple(roles.items()))


@pytest.fixture(scope="module")
def made():
    """Loud, so that the limiter works."""
    loud = np.sign(drums(3)) * np.float32(0.9)
    return make_session().compose(loud, chord(3), stems=True, instrument="model", **RATE)


def test_stems_add_up_to_the_whole(made, tmp_path):
    assert tuple(made.stems) == NAMES and "The limiter" in made.words()
    np.testing.assert_allclose(sum(made.stems.values()), made.audio, atol=1e-6)
    written = made.save(tmp_path / "out.wav")
    assert [path.name for path in written[3:]] == [f"out_{name}.wav" for name in NAMES]
    whole, *parts = (soundfile.read(path)[0] for path in (written[0], *written[3:]))
    assert np.abs(sum(parts) - whole).max() <= 2.1 / 2**15
    assert len(mido.MidiFile(tmp_path / "out.mid").tracks) == 1 + len({note.voice for note in made.notes})


def test_notes_of_the_midi_file_end_with_the_sound(made, tmp_path):
    notes = (Note(0.0, 9.0, 60, 0.8), Note(2.5, 3.4, 64, 0.8), Note(8.0, 9.0, 62, 0.8))
    dataclasses.replace(made, notes=notes, stems={}).save(tmp_path / "a.wav")
    file = mido.MidiFile(tmp_path / "a.mid")
    assert file.length == pytest.approx(made.seconds, abs=0.01)
    assert sorted(m.note for track in file.tracks for m in track if m.type == "note_on") == [60, 64]


MOST_OFF = {"16": 2.1 * 2.0**-15, "24": 3.1 * 2.0**-23, "32f": 2.0**-22}
"""Half a step for each of four files; at 24 bits three quarters, for above 0.5 sound in single precision has
been rounded to half a step before. Floats of 32 bits are as fine as that."""


@pytest.mark.parametrize("depth", BIT_DEPTHS)
@pytest.mark.parametrize("roles", [{}, {"low": "top", "mid": "bass", "high": "off"}], ids=["usual", "asked"])
def test_files_add_up_at_every_depth_whatever_voices_play(depth, roles, performances, tmp_path):
    made = performances(roles)
    options = {**made.report["options"], "bit_depth": depth}
    made = dataclasses.replace(made, report={**made.report, "options": options})
    written = made.save(tmp_path / "out.wav")
    whole, *parts = (soundfile.read(path)[0] for path in (written[0], *written[3:]))
    assert soundfile.info(written[0]).subtype == BIT_DEPTHS[depth] and np.abs(whole).max() > 0.1
    assert np.abs(sum(parts) - whole).max() <= MOST_OFF[depth]
    silent = [name for name, part in zip(NAMES, parts, strict=True) if not part.any()]
    assert silent == [name for name in NAMES if roles.get(name) == "off"]


def test_each_stem_is_of_its_voice(made):
    for voice, name in enumerate(NAMES):
        own = [note for note in made.notes if note.voice == voice]
        assert bool(own) == bool(made.stems[name].any())


def performed(roles) -> dict[int, set[int]]:
    """Pitches by voice."""
    notes = Performer().play(Rhythm(HITS), Harmony(SPANS), Style(density=0.9), roles=roles)
    return {voice: {n.pitch % 12 for n in notes if n.voice == voice} for voice in range(3)}


def test_voices_play_their_roles():
    assert performed(("off", "bass", "top")) == {0: set(), 1: {0}, 2: {4}}  # of G3 C4 E4
    assert len(performed(("bass", "off", "chord"))[2]) >= 3
    assert performed(USUAL)[0] == {0}


def test_usual_roles_are_those_without_any(made):
    plain = Performer().play(Rhythm(HITS), Harmony(SPANS), Style())
    assert plain == Performer().play(Rhythm(HITS), Harmony(SPANS), Style(), roles=roles_of({"low": "bass"}))


def test_notes_say_why():
    notes = Performer().play(Rhythm(HITS), Harmony(SPANS), Style())
    assert {note.reason.rule for note in notes} == set(USUAL)
    struck = {(hit.time, hit.voice) for hit in HITS}
    assert all((note.reason.hit.time, note.reason.hit.voice) in struck for note in notes)
    assert all(note.pitch % 12 in {p % 12 for p in (*SPANS[0].pitches, SPANS[0].bass)} for note in notes)


def test_the_report_says_why(made):
    played = json.loads(made.json)["played"]
    assert len(played) == len(made.notes)
    assert {one["why"]["rule"] for one in played} == {"network"}
    assert all(0.0 < one["why"]["probability"] <= 1.0 for one in played)


@pytest.mark.parametrize(
    "roles, said", [("low", "voice=role"), ("deep=bass", "no voice called"), ("low=lead", "one of bass")]
)
def test_wrong_roles_are_one_line(roles, said):
    with pytest.raises(UserError, match=said):
        ComposeOptions(roles=parse_roles([roles]))


def test_others_files_are_not_replaced_by_stems(tmp_path):
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, chord(1), SAMPLE_RATE)
    (tmp_path / "out_low.wav").write_bytes(b"mine")
    request = Request(str(clip), str(clip), str(tmp_path / "out.wav"), options=ComposeOptions(stems=True))
    with pytest.raises(UserError, match="out_low.wav is there already"):
        request.check()
