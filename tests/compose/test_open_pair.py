import numpy as np
import pytest
from fakes import chord, drums, make_session

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.score import Harmony, Hit, Note, Rhythm, Span

RATE = {"sample_rate": SAMPLE_RATE}


@pytest.fixture(scope="module")
def session():
    return make_session()


@pytest.fixture(scope="module")
def pair(session):
    return session.open_pair(drums(2), chord(2), **RATE)


def test_an_open_pair_composes_what_the_session_does(session, pair):
    options = {"seed": 3}
    whole = list(session.compose_many(drums(2), chord(2), 2, **options, **RATE))
    for index, composition in enumerate(whole):
        again = pair.compose(index, **options)
        assert np.array_equal(again.audio, composition.audio) and again.notes == composition.notes
        assert again.report["words"] == composition.report["words"]


def test_it_hears_once_and_takes_hits_chords_and_tempo_afterwards(pair):
    phases = []
    hits = Rhythm((Hit(0.25, 0.2, 0, 1.0), Hit(1.25, 0.2, 2, 0.5)))
    chords = Harmony((Span(0.0, 2.0, (50, 53, 57), 50),))
    made = pair.compose(hits=hits, chords=chords, progress=lambda phase, *_: phases.append(phase))
    assert not {"read", "align", "encode", "listen", "capture"} & set(phases)
    assert made.view.rhythm.hits == hits.hits and made.chords == chords
    faster = pair.compose(hits=hits, bpm=240.0)
    assert faster.seconds == pytest.approx(1.0, abs=0.1)
    assert [hit.time for hit in faster.view.rhythm.hits] == pytest.approx([0.125, 0.625], abs=0.03)
    assert pair.heard_hits() != hits


def test_notes_that_are_given_are_the_notes(pair):
    notes = (Note(0.1, 0.5, 60, 0.8), Note(1.0, 1.5, 64, 0.6))
    early = []
    made = pair.compose(notes=notes, early=lambda *sound: early.append(sound))
    [(audio, rate)] = early
    assert audio is made.audio and rate == made.sample_rate
    assert made.notes == notes and made.report["notes"] == 2


def test_what_needs_hearing_anew_is_said(pair):
    with pytest.raises(UserError, match="another rhythm"):
        pair.compose(rhythm="target")
