import librosa
import numpy as np
import pytest

from compjax.audio.loudness import normalize_rms
from compjax.constants import SAMPLE_RATE
from compjax.measures import matching, onsets


@pytest.mark.parametrize("tempo", [70, 97, 120, 173])
def test_clicks_are_found_where_they_are(clicks, tempo):
    times = np.arange(0.2, 3.9, 60 / tempo)
    found = onsets.detect(normalize_rms(clicks(times)))
    assert len(found) == len(times)
    np.testing.assert_allclose(found, times, atol=0.01)


def test_tones_are_found_where_they_begin(melody):
    times = np.arange(0.3, 3.6, 0.4)
    pitches = [57, 60, 64, 57, 69, 52, 60, 64, 67][: len(times)]
    found = onsets.detect(normalize_rms(melody(times, pitches)))
    assert len(found) == len(times)
    np.testing.assert_allclose(found, times, atol=0.015)


def test_a_change_of_pitch_without_a_gap_is_an_onset(tone):
    found = onsets.detect(normalize_rms(np.concatenate([tone(60, 1.0), tone(65, 1.0)])))
    assert matching.event_f1(np.array([0.0, 1.0]), found) == 1.0


def test_silence_has_no_onset():
    assert len(onsets.detect(np.zeros(SAMPLE_RATE, np.float32))) == 0
    assert len(onsets.detect(np.zeros(0, np.float32))) == 0


def test_breaking_off_is_no_onset(tone):
    np.testing.assert_allclose(onsets.detect(normalize_rms(tone(60, 1.0))), [0.0], atol=0.01)


def test_vibrato_is_no_onset():
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    audio = np.sin(2 * np.pi * 440 * time + 2.0 * np.sin(2 * np.pi * 5 * time))
    assert len(onsets.detect(normalize_rms(audio.astype(np.float32)))) == 1  # where the clip begins


def test_rise_by_hand():
    level = np.zeros((4, 3))
    level[2, 1] = 3.0  # rises by 3 in one of three bands
    level[3, 2] = 2.0  # against frame 1 it rises; against the frame 2 before it is silent there too
    np.testing.assert_allclose(onsets.rise(level, lag=1).mean(axis=1), [0.0, 0.0, 1.0, 0.0])
    np.testing.assert_allclose(onsets.rise(level, lag=2).mean(axis=1), [0.0, 0.0, 1.0, 2 / 3])


def test_librosa_hears_the_same_clicks(clicks):
    audio = normalize_rms(clicks(np.arange(0.25, 3.9, 0.31)))
    theirs = librosa.onset.onset_detect(y=audio, sr=SAMPLE_RATE, hop_length=240, units="time")
    assert matching.event_f1(theirs, onsets.detect(audio)) == 1.0
