import numpy as np
import pytest

from compjax.data.rendering import soundfont
from compjax.data.rendering.effects import Colour
from compjax.data.rendering.soundfont import Timbre, events_of, find_font, halve_rate, kit_keys, render
from compjax.errors import UserError
from compjax.music.score import Note

PIANO = Timbre("TimGM6mb.sf2", 0)
STRINGS = Timbre("TimGM6mb.sf2", 48)
KIT = Timbre("TimGM6mb.sf2", 0, bank=128, is_kit=True)


def onset(audio):
    return np.argmax(np.abs(audio) > 0.1 * np.abs(audio).max()) / 24000


def test_a_font_is_found_in_the_named_folders_first(tmp_path, monkeypatch):
    (tmp_path / "own.sf2").write_bytes(b"")
    monkeypatch.setenv("COMPJAX_SOUNDFONTS", f"/nowhere:{tmp_path}")
    assert find_font("own.sf2") == tmp_path / "own.sf2"


def test_a_missing_font_names_its_package(monkeypatch):
    monkeypatch.setattr(soundfont, "SEARCH_FOLDERS", ())
    monkeypatch.delenv("COMPJAX_SOUNDFONTS", raising=False)
    with pytest.raises(UserError, match="FluidR3_GM.sf2 not found.*apt-get install fluid-soundfont-gm"):
        find_font("FluidR3_GM.sf2")


def test_ends_come_before_starts_at_the_same_sample():
    events = events_of([(0.0, 1.0, 60, 1.0), (1.0, 2.0, 60, 0.001)], 100)
    assert events == [(0, 60, 127), (100, 60, 0), (100, 60, 1), (200, 60, 0)]


def test_a_kit_goes_through_its_pieces_and_strikes_one_at_a_time():
    kit = Timbre("x", 0, is_kit=True, pieces=((36,), (38,), (42, 46)), balance=(1.0, 0.5, 1.0))
    notes = [Note(t, t + 0.1, 84, 1.0) for t in (0.0, 0.5, 1.0)]
    notes += [Note(0.0, 0.1, pitch, velocity) for pitch, velocity in ((49, 1.0), (36, 1.0), (67, 0.8))]
    keys = sorted((start, key, velocity) for start, _, key, velocity in kit_keys(notes, kit))
    assert keys == [(0.0, 36, 1.0), (0.0, 38, 0.4), (0.0, 42, 1.0), (0.5, 46, 1.0), (1.0, 42, 1.0)]


def test_halving_the_rate_keeps_what_fits_and_drops_what_does_not():
    time = np.arange(48000) / 48000
    low = halve_rate(np.sin(2 * np.pi * 1000 * time))
    np.testing.assert_allclose(low, np.sin(2 * np.pi * 1000 * np.arange(24000) / 24000), atol=1e-4)
    assert np.abs(halve_rate(np.sin(2 * np.pi * 15000 * time))).max() < 1e-6


@pytest.mark.synth
@pytest.mark.parametrize(("timbre", "pitch"), [(PIANO, 60), (KIT, 36)])
@pytest.mark.parametrize("start", [0.25, 0.6173])
def test_notes_sound_when_they_start(timbre, pitch, start):
    audio = render([Note(start, 1.0, pitch, 0.8)], timbre, 1.2)
    assert audio.shape == (28800,) and audio.dtype == np.float32
    assert abs(onset(audio) - start) < 0.015
    assert np.abs(audio[: int(24000 * (start - 0.005))]).max() < 1e-3 * np.abs(audio).max()


@pytest.mark.synth
@pytest.mark.parametrize("pitch", [45, 60, 69, 81])
def test_a_note_has_its_pitch(pitch):
    audio = render([Note(0.0, 1.0, pitch, 0.8)], PIANO, 1.0)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(24000)))  # a bin is 1 Hz
    hz = 440 * 2 ** ((pitch - 69) / 12)
    harmonics = [spectrum[int(hz * k) - 3 : int(hz * k) + 5].max() for k in (1, 2)]
    assert max(harmonics) == spectrum.max()


@pytest.mark.synth
def test_renders_do_not_depend_on_what_was_rendered_before():
    notes = [Note(0.0, 0.5, 60, 0.8), Note(0.2, 0.9, 67, 0.5)]
    first = render(notes, PIANO, 1.0)
    render([Note(0.0, 99.0, pitch, 1.0) for pitch in range(40, 80)], STRINGS, 0.5)  # never ended
    np.testing.assert_array_equal(render(notes, PIANO, 1.0), first)
    assert np.abs(render([], STRINGS, 1.0)).max() == 0.0


@pytest.mark.synth
def test_a_note_from_before_the_clip_is_already_sounding():
    audio = render([Note(-0.8, 1.0, 60, 0.8)], STRINGS, 0.5)
    assert np.abs(audio[:1200]).max() > 0.01


@pytest.mark.synth
def test_louder_velocity_is_louder_and_colour_is_applied():
    soft, loud = (render([Note(0.0, 0.5, 60, v)], PIANO, 0.5) for v in (0.3, 0.9))
    assert np.std(loud) > 2 * np.std(soft)
    dark = render([Note(0.0, 0.5, 60, 0.9)], Timbre(**{**vars(PIANO), "colour": Colour((-12.0,) * 7)}), 0.5)
    assert np.std(dark) == pytest.approx(np.std(loud) * 10 ** (-12 / 20), rel=0.01)


@pytest.mark.synth
def test_a_program_that_is_not_there_is_the_users_error():
    with pytest.raises(UserError, match="no program 3 in bank 77"):
        render([Note(0.0, 0.5, 60, 1.0)], Timbre("TimGM6mb.sf2", 3, bank=77), 0.5)


@pytest.mark.synth
def test_a_damaged_font_is_the_users_error(tmp_path, monkeypatch):
    (tmp_path / "bad.sf2").write_bytes(b"RIFF no")
    monkeypatch.setenv("COMPJAX_SOUNDFONTS", str(tmp_path))
    with pytest.raises(UserError, match="cannot read the soundfont"):
        soundfont.load_font("bad.sf2")
