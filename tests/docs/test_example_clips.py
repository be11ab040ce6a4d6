"""The clips of the recipes are what they are called."""

import numpy as np
import pytest

from compjax.audio.waveform import read
from compjax.constants import SAMPLE_RATE
from compjax.docs import example_clips
from compjax.measures import beats, chroma, onsets


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips") / "new"
    return {path.stem: read(path) for path in example_clips.write_clips(folder)}


def loudest_classes(audio, bar, count):
    part = audio[int((2 * bar + 0.4) * SAMPLE_RATE) : int((2 * bar + 1.8) * SAMPLE_RATE)]
    return {int(c) for c in np.argsort(-chroma.describe(part).chroma.sum(axis=0))[:count]}


def test_all_are_eight_seconds_and_unclipped(clips):
    assert {audio.size for audio in clips.values()} == {8 * SAMPLE_RATE}
    assert max(np.abs(audio).max() for audio in clips.values()) < 0.99


def test_tabla_keeps_time(clips):
    found = beats.detect(clips["tabla"])
    assert found.tempo == pytest.approx(120.0, abs=1.0)
    np.testing.assert_allclose(onsets.detect(clips["tabla"]), np.arange(64) / 8, atol=0.03)


@pytest.mark.parametrize("name", ["organ", "strings"])
def test_chords_are_held(clips, name):
    for bar, chord in enumerate(example_clips.HELD_CHORDS):
        assert loudest_classes(clips[name], bar, 4) == {pitch % 12 for pitch in chord}
    assert onsets.detect(clips[name]).size < 8


def test_guitar_is_strummed(clips):
    for bar, chord in enumerate(example_clips.OPEN_CHORDS):
        assert len(loudest_classes(clips["strum"], bar, 4) & {pitch % 12 for pitch in chord}) >= 3
    struck = np.array([(4 * bar + beat) / 2 for bar in range(4) for beat, _ in example_clips.STRUMS])
    found = onsets.detect(clips["strum"])
    assert all(np.abs(found - time).min() < 0.05 for time in struck)


def test_same_bytes_every_time():
    first, again = (example_clips.tabla(np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_command(tmp_path, capsys):
    assert example_clips.main([str(tmp_path)]) == 0
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["organ", "strings", "strum", "tabla"]
    assert example_clips.main(["-h"]) == 0 and "example_clips clips" in capsys.readouterr().out
    assert example_clips.main([]) == 65 and "give one folder" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert example_clips.main([str(tmp_path / "file" / "x")]) == 65
    assert "cannot make the folder" in capsys.readouterr().err
