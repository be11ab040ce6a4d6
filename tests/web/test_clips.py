import io

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
    assert clip.audio.dtype == np.float32 and sum(clip.parts.values()) == clip.audio.nbytes
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


def test_a_damaged_file_says_what_is_used_of_it(tmp_path):
    path = tmp_path / "cut"
    soundfile.write(path, drums(4), SAMPLE_RATE, format="WAV")
    path.write_bytes(path.read_bytes()[: 44 + 2 * 2 * SAMPLE_RATE])
    [remark] = clips.decode(path, "loop.wav", 10).remarks
    assert "50 % of what its header promises" in remark


def test_what_is_more_than_mono_at_24_khz_is_kept_to_compose_on(tmp_path):
    path = tmp_path / "wide"
    left, right = (np.sin(2 * np.pi * hz * np.arange(88_200) / 44_100) for hz in (220, 331))
    soundfile.write(path, 0.3 * np.stack([left, right], axis=1), 44_100, format="WAV")
    clip = clips.decode(path, "wide.wav", 10)
    assert clip.source.shape == (88_200, 2) and clip.rate == 44_100 and clip.audio.shape == (48_000,)
    assert clip.source == pytest.approx(0.3 * np.stack([left, right], axis=1), abs=0.05)
    assert sum(clip.parts.values()) == clip.audio.nbytes + clip.source.nbytes
    soundfile.write(path, 0.3 * left, 24_000, format="WAV")
    plain = clips.decode(path, "plain.wav", 10)
    assert plain.source is plain.audio and plain.rate == SAMPLE_RATE


def flac_of_unknown_length(audio) -> bytes:
    """A FLAC file as a program streams it: its header says that it has 0 samples."""
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, SAMPLE_RATE, format="FLAC")
    content = bytearray(buffer.getvalue())
    content[21] &= 0xF0  # the 36 bits of the total lie in bytes 21 to 25
    content[22:26] = bytes(4)
    return bytes(content)


def test_a_streamed_flac_is_read_whole(tmp_path):
    path = tmp_path / "streamed"
    path.write_bytes(flac_of_unknown_length(drums(2)))
    assert clips.decode(path, "loop.flac", 10).seconds == pytest.approx(2.0)
    with pytest.raises(UserError, match="too long"):
        clips.decode(path, "loop.flac", 1)


def test_a_rate_of_90_megahertz_is_none(tmp_path):
    path = tmp_path / "fast"
    soundfile.write(path, drums(2), 90_000_000, format="WAV")
    with pytest.raises(UserError, match="90000000 Hz"):
        clips.decode(path, "loop.wav", 10)


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
