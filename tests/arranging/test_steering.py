"""Grooves and chords from files in the place of what is heard."""

import numpy as np
import pytest
from fakes import chord, drums, make_session

from compjax.arranging.steering import HEARD, Steering
from compjax.compose.asked.options import ComposeOptions
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.chords.chord_files import parse_chords
from compjax.music.groove import Groove
from compjax.music.score import Harmony, Hit, Rhythm, Span

RATE = {"sample_rate": SAMPLE_RATE}
GROOVE = Groove((Hit(0.1, 0.2, 0, 0.9), Hit(0.6, 0.2, 1, 0.7), Hit(1.1, 0.3, 2, 0.8)), 1.7)


def test_what_is_given_comes_first():
    rhythm, harmony = Rhythm(GROOVE.hits), Harmony((Span(0.0, 1.0, (24,), 24),))
    assert not HEARD and Steering(rhythm) and Steering(harmony=harmony)
    assert HEARD.over("hits", "chords") == ("hits", "chords")
    assert Steering(rhythm).over("hits", "chords") == (rhythm, "chords")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"rhythm": "target"}, "rhythm comes from the input"),
        ({"timbre": "input"}, "timbre comes from the target"),
        ({"weights": (1, 0, 0, 0, 1, 1)}, "leave out the weights"),
    ],
)
def test_a_groove_has_a_rhythm_and_nothing_else(options, message):
    with pytest.raises(UserError, match=message):
        ComposeOptions(**options).for_groove()
    assert ComposeOptions().for_groove().switches == ("input", "target", "target")


def test_chords_must_be_chords():
    with pytest.raises(UserError, match="read_chords"):
        ComposeOptions(chords="Am7")
    assert ComposeOptions(chords=parse_chords("0 Am\n1 Dm")).summary()["chords"] == [[0.0, "Am"], [1.0, "Dm"]]


@pytest.fixture(scope="module")
def session():
    return make_session()


def test_a_groove_gives_rhythm_and_length(session):
    made = session.compose(GROOVE, chord(2), **RATE)
    assert made.seconds == 1.7
    assert [round(n.start, 3) for n in made.notes if n.start in {h.time for h in GROOVE.hits}]
    assert {round(note.start, 6) for note in made.notes} == {0.1, 0.6, 1.1}
    assert {note.pitch % 12 for note in made.notes} <= {0, 4, 7}
    assert "follows the groove" in made.words()
    assert made.groove == GROOVE and made.view.input.name == "groove"


def test_chords_take_the_place_of_those_heard(session):
    chords = parse_chords("0 Dm\n1 [F# A# C#]\n")
    made = session.compose(drums(2), chord(2), chords=chords, rhythm="input", **RATE)
    first = {note.pitch % 12 for note in made.notes if note.start < 0.9}
    second = {note.pitch % 12 for note in made.notes if note.start >= 1.0}
    assert first <= {2, 5, 9} and second <= {1, 6, 10} and first and second
    assert "the given chords" in made.words()
    assert made.report["options"]["chords"] == [[0.0, "Dm"], [1.0, "F#"]]
    assert "chroma_cosine" not in made.report["adherence"]
    assert parse_chords(made.chords_text).spans[0].pitches == chords.spans[0].pitches


def test_the_network_cannot_be_steered(session):
    with pytest.raises(UserError, match="need the arranging agent"):
        session.compose(GROOVE, chord(2), arranger="network", **RATE)


def test_groove_of_a_recording_knows_its_bars(session, tmp_path):
    made = session.compose(drums(8), chord(2), rhythm="input", **RATE)
    groove = made.groove
    assert groove.tempo == pytest.approx(120.0, abs=1.0) and groove.seconds == 8.0
    beats = np.array([float(groove.bar_beat(hit.time).split(":")[1]) for hit in groove.hits])
    np.testing.assert_allclose(beats, np.round(beats), atol=0.03)  # the drums are struck on the beat
    again = session.compose(groove, chord(2), **RATE)
    assert {round(n.start, 3) for n in again.notes} == {round(n.start, 3) for n in made.notes}


def test_nothing_to_be_saved(session, tmp_path):
    silent = make_session(silent=True).compose(drums(1), drums(1), arranger="network", **RATE)
    object.__setattr__(silent.view, "rhythm", Rhythm(()))
    object.__setattr__(silent.view, "harmony", Harmony())
    with pytest.raises(UserError, match="no hits were heard"):
        silent.save_groove(tmp_path / "a.groove")
    with pytest.raises(UserError, match="no chords were heard"):
        silent.save_chords(tmp_path / "a.chords")
    assert list(tmp_path.iterdir()) == []
