"""A stream's pieces are the whole."""

import numpy as np
import pytest
from fakes import chord, drums, make_session

from compjax.audio import true_peak
from compjax.audio.windows import WindowConfig, over_windows, pieces
from compjax.compose import streams
from compjax.compose.composers import rendition
from compjax.constants import HOP_LENGTH, SAMPLE_RATE
from compjax.errors import UserError

RATE = {"sample_rate": SAMPLE_RATE, "arranger": "network"}


@pytest.fixture(scope="module")
def session():
    return make_session()


@pytest.mark.parametrize("frames", [40, 41, 100, 333])
def test_pieces_are_what_over_windows_returns(rng, frames):
    config = WindowConfig(length=40, context=6, fade=4)
    array = rng.normal(size=(frames, 3)).astype(np.float32)

    def double(window):
        return np.repeat(2.0 * window[:, 0], 5)

    def mend(before, after, middle, fade):
        return after + 0.1 * before[middle]

    for settings in ({}, {"mend": mend}):
        whole = over_windows(double, [array], config, rate_out=5, **settings)
        parts = list(pieces(double, array, config, rate_out=5, **settings))
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)
        assert len(parts) == 1 if frames == 40 else len(parts) > 1


def test_pieces_come_as_they_are_ready():
    config, called = WindowConfig(length=40, context=6, fade=4), []

    def note(window):
        called.append(len(window))
        return window

    stream = pieces(note, np.zeros(400, np.float32), config)
    next(stream)
    assert len(called) == 1


def test_trimmed_cuts_both_ends():
    parts = [np.arange(10), np.arange(10, 12), np.arange(12, 30)]
    np.testing.assert_array_equal(np.concatenate(list(rendition.trimmed(parts, 11, 5))), np.arange(11, 16))


def test_limiter_in_pieces_is_that_of_the_whole(rng):
    audio = rng.normal(size=60 * HOP_LENGTH).astype(np.float32)
    cuts = [10 * HOP_LENGTH, 11 * HOP_LENGTH + 7, 40 * HOP_LENGTH]
    parts = list(streams.limited(np.split(audio, cuts), 0.5))
    whole = audio * np.float32(0.5)
    true_peak.limit(whole)
    assert not np.array_equal(whole, audio * np.float32(0.5))
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_stream_of_a_short_clip_is_the_composition(session):
    pair = drums(3), chord(2)
    stream = session.stream(*pair, **RATE)
    made = session.compose(*pair, **RATE)
    audio = np.concatenate(list(stream))
    np.testing.assert_allclose(audio, made.audio, atol=1e-6)
    assert stream.notes == made.notes and stream.weights == made.weights
    assert (stream.samples, stream.sample_rate) == (made.audio.size, SAMPLE_RATE)


def test_stream_of_a_long_clip_differs_by_one_gain(session, monkeypatch):
    monkeypatch.setattr(rendition, "STRETCH", 0.6)  # so that six seconds are long
    pair = drums(6), chord(6)
    parts = list(session.stream(*pair, **RATE))
    audio, whole = np.concatenate(parts), session.compose(*pair, **RATE).audio
    assert len(parts) > 1 and audio.size == whole.size
    gain = float(audio @ whole / (whole @ whole))
    assert 0.7 < gain < 1.4
    np.testing.assert_allclose(audio, gain * whole, atol=2e-3)


def test_pairs_one_after_the_other(session):
    made = list(session.compose_pairs([(drums(1), chord(1)), (drums(2), chord(1))], seed=3, **RATE))
    assert [composition.seconds for composition in made] == [1.0, 2.0]
    alone = session.compose(drums(2), chord(1), seed=3, **RATE)
    np.testing.assert_array_equal(made[1].audio, alone.audio)


def test_one_clip_is_heard_alone(session):
    view = session.listen(chord(2), sample_rate=SAMPLE_RATE)
    assert view.name == "clip" and view.seconds == 2.0 and view.audio.size == 2 * SAMPLE_RATE
    assert view.chord_names() == ("C",)
    assert session.listen(drums(4), sample_rate=SAMPLE_RATE).beats.size > 4


def test_one_pair_that_cannot_be_does_not_stop_the_others(session):
    silence = np.zeros(SAMPLE_RATE, np.float32)
    pairs = session.compose_pairs([(silence, chord(1)), (drums(1), chord(1))], **RATE)
    assert next(pairs).seconds == 1.0
    with pytest.raises(UserError, match="1 of the pairs could not be composed: the input is silent"):
        next(pairs)
