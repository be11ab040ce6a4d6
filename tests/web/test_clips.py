import numpy as np
import pytest
import soundfile
from fakes import drums

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.web import clips


def test_a_file_becomes_sound_in_memory(tmp_path):
    path = tmp_path / "anything"
    soundfile.write(path, np.stack([drums(2)] * 2, axis=1), SAMPLE_RATE, format="FLAC")
    clip = clips.decode(path, "C:\\loops\\dr\x00ums.flac", 10)
    path.unlink()
    assert clip.name == "drums.flac" and clip.seconds == pytest.approx(2.0)
    assert clip.audio.dtype == np.float32 and clip.size == clip.audio.nbytes
    assert clip.wav().startswith(b"RIFF")


def bad(path, make):
    make(path)
    with pytest.raises(UserError) as refused:
        clips.decode(path, "loop.wav", 3)
    return str(refused.value)


BAD = {
    "text": (lambda path: path.write_text("no sound\n" * 99), "not a WAV"),
    "empty": (lambda path: path.touch(), "empty"),
    "silent": (
        lambda path: soundfile.write(path, np.zeros(SAMPLE_RATE), SAMPLE_RATE, format="WAV"),
        "silent",
    ),
    "short": (lambda path: soundfile.write(path, drums(0.4), SAMPLE_RATE, format="WAV"), "too short"),
    "long": (
        lambda path: soundfile.write(path, drums(4), SAMPLE_RATE, format="WAV"),
        "4 seconds is too long",
    ),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_files_are_named_as_the_visitor_names_them(tmp_path, make, message):
    text = bad(tmp_path / "secret", make)
    assert message in text and text.startswith("loop.wav")
    assert str(tmp_path) not in text and "\n" not in text


def test_a_file_cut_off_after_its_header_is_refused(tmp_path):
    def make(path):
        soundfile.write(path, drums(2), SAMPLE_RATE, format="FLAC")
        path.write_bytes(path.read_bytes()[:300])

    assert "loop.wav" in bad(tmp_path / "cut", make)


def test_examples_are_bundled_and_known_by_name_only():
    for name in clips.EXAMPLES:
        assert clips.example(name).seconds > 1
    assert {name for pair in clips.EXAMPLE_PAIRS for name in pair} <= set(clips.EXAMPLES)
    for name in ("../demo/drums", "/etc/passwd", "drums.flac", ""):
        with pytest.raises(UserError):
            clips.example(name)


def test_names_are_made_fit_to_show_and_to_save():
    assert clips.shown("a/b\\c\n.wav") == "c.wav"
    assert len(clips.shown("x" * 500)) == clips.MAX_NAME
    assert clips.shown("") == "the clip"
    assert clips.slug("Élan vital (2).wav") == "lan-vital-2"
    assert clips.slug('";\r\nX-Evil: 1') == "x-evil-1"
    assert clips.slug("ξ") == "clip"
