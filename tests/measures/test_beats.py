import librosa
import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.measures import beats, matching


@pytest.mark.parametrize("tempo", [75, 97, 120, 140])
def test_clicks_give_tempo_and_beats(clicks, tempo):
    times = np.arange(0.3, 7.9, 60 / tempo)
    found = beats.detect(clicks(times, 8.0))
    assert found.tempo == pytest.approx(tempo, rel=0.01)
    assert matching.event_f1(times, found.times, 0.03) == 1.0
    assert found.confidence > 0.9


@pytest.mark.slow  # librosa compiles its tracker first
@pytest.mark.parametrize("tempo", [90, 120])
def test_librosa_hears_the_same_beats(clicks, tempo):
    audio = clicks(np.arange(0.3, 7.9, 60 / tempo), 8.0)
    theirs_tempo, theirs = librosa.beat.beat_track(
        y=audio, sr=SAMPLE_RATE, hop_length=240, units="time", trim=False
    )
    ours = beats.detect(audio)
    assert ours.tempo == pytest.approx(float(np.squeeze(theirs_tempo)), rel=0.03)
    theirs, times = theirs[theirs < 7], ours.times[ours.times < 7]  # librosa goes on past the last click
    assert matching.event_f1(theirs, times, matching.BEAT_TOLERANCE) == 1.0


def test_beat_goes_on_through_a_missing_click(clicks):
    times = np.arange(0.5, 7.9, 0.5)
    found = beats.detect(clicks(np.delete(times, 7), 8.0))
    assert matching.event_f1(times, found.times, 0.03) > 0.95


def test_subdivisions_do_not_move_the_beat(clicks):
    strong, weak = np.arange(0.25, 7.9, 0.5), np.arange(0.5, 7.9, 0.5)
    found = beats.detect(clicks(strong, 8.0) + 0.15 * clicks(weak, 8.0))
    assert found.tempo == pytest.approx(120, rel=0.02)
    assert matching.event_f1(strong, found.times, 0.03) > 0.9


def test_no_beat_in_silence_or_noise(rng):
    silence = beats.detect(np.zeros(4 * SAMPLE_RATE, np.float32))
    assert (len(silence.times), silence.tempo, silence.confidence) == (0, 0.0, 0.0)
    assert beats.detect(0.1 * rng.standard_normal(8 * SAMPLE_RATE).astype(np.float32)).confidence < 0.3


def test_one_stroke_is_no_beat(tone):
    fading = tone(60, 4.0) * np.linspace(1.0, 0.0, 4 * SAMPLE_RATE, dtype=np.float32)
    assert beats.detect(fading).confidence == 0.0


def test_autocorrelation_by_hand():
    # centred: 1, -1, 1, -1; mean products at lags 0 to 3: 1, -1, 1, -1
    np.testing.assert_allclose(
        beats.autocorrelation(np.array([2.0, 0.0, 2.0, 0.0])), [1, -1, 1, -1], atol=1e-9
    )
