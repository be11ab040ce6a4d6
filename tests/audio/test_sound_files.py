import os
import struct

import numpy as np
import pytest
import soundfile

from compjax.audio import waveform
from compjax.errors import UserError


@pytest.fixture
def noise(rng):
    return (0.1 * rng.standard_normal((48_000, 2))).astype(np.float32)


def with_sizes(path, riff, data):
    """The WAV file with other sizes in its header."""
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[4:8], content[place : place + 4] = struct.pack("<I", riff), struct.pack("<I", data)
    path.write_bytes(content)


@pytest.mark.parametrize("sizes", [(0, 0), (36, 0), (4096, 4060), (0, 100)])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_header_that_was_never_finished(tmp_path, noise, sizes, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 24_000, subtype=subtype)
    whole = waveform.read(path)
    with_sizes(path, *sizes)
    recording = waveform.read_recording(path)
    np.testing.assert_allclose(recording.audio[: whole.size], whole, atol=1e-6)
    assert recording.audio.size == pytest.approx(whole.size, abs=10)
    assert "never finished" in recording.remarks[0]
    assert waveform.read_info(path).frames == pytest.approx(48_000, abs=10)


@pytest.mark.parametrize(
    "form, place, word",
    [("RF64", "ds64", bytes(24)), ("CAF", "data", b"\xff" * 8), ("AU", ".snd", bytes(4))],
)
def test_headers_of_other_formats_that_were_never_finished(tmp_path, noise, form, place, word):
    path = tmp_path / "a.snd"
    soundfile.write(path, noise, 24_000, format=form, subtype="PCM_16")
    whole = waveform.read(path)
    content = bytearray(path.read_bytes())
    begin = content.index(place.encode()) + (4 if form == "CAF" else 8)
    content[begin : begin + len(word)] = word
    path.write_bytes(content)
    recording = waveform.read_recording(path)
    np.testing.assert_allclose(recording.audio, whole, atol=1e-6)
    assert "never finished" in recording.remarks[0]


@pytest.mark.parametrize("form", ["WAV", "RF64", "W64", "AIFF", "AU"])
def test_files_that_end_early_say_so(tmp_path, noise, form):
    path = tmp_path / "a.snd"
    soundfile.write(path, noise, 24_000, format=form, subtype="PCM_16")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    recording = waveform.read_recording(path)
    assert recording.audio.size == pytest.approx(24_000, abs=60)
    assert "cut off: only 50 %" in recording.remarks[0]
    path.write_bytes(content[:-1])
    assert not waveform.read_recording(path).remarks


def test_a_tag_behind_the_samples_is_no_sound(tmp_path, noise):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 24_000)
    path.write_bytes(path.read_bytes() + b"TAG" + b"\x7f" * 125)
    recording = waveform.read_recording(path)
    assert recording.audio.size == 48_000 and not recording.remarks


def test_chunks_behind_the_samples_are_no_samples(tmp_path, noise):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 24_000)
    content = path.read_bytes() + b"LIST" + struct.pack("<I", 4000) + bytes(4000)
    path.write_bytes(content)
    recording = waveform.read_recording(path)
    assert recording.audio.size == 48_000 and not recording.remarks


def test_header_that_was_never_begun(tmp_path):
    (tmp_path / "a.wav").write_bytes(bytes(50_000))
    with pytest.raises(UserError, match="header was never finished"):
        waveform.read(tmp_path / "a.wav")


def streamed_flac(path, audio, rate):
    """A FLAC file of which the encoder could not go back to write how many samples there are."""
    soundfile.write(path, audio, rate)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)


@pytest.mark.parametrize("offset", [0.0, 0.75])
def test_streamed_flac(tmp_path, noise, offset):
    soundfile.write(tmp_path / "a.flac", noise[:45_000], 44_100)
    streamed_flac(tmp_path / "b.flac", noise[:45_000], 44_100)
    one, other = (waveform.read_recording(tmp_path / name, offset) for name in ("a.flac", "b.flac"))
    np.testing.assert_array_equal(one.audio, other.audio)
    assert not other.remarks and waveform.read_info(tmp_path / "b.flac").frames == 45_000


@pytest.mark.parametrize("name", [b"caf\351.wav", "カフェ".encode() * 25 + b".wav", b"two\nlines.wav"])
def test_names_in_any_bytes(tmp_path, noise, name):
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    with open(path, "wb") as file:
        soundfile.write(file, noise, 24_000, format="WAV")
    assert waveform.read(path).size == 48_000


@pytest.mark.parametrize("rate", [3_999, 90_000_000])
def test_rates_that_are_no_music(tmp_path, noise, rate):
    soundfile.write(tmp_path / "a.wav", noise, 24_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match="is not music"):
        waveform.read(tmp_path / "a.wav")


def id3_tag(size):
    length = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + length + b"TIT2" + struct.pack(">I", 5) + b"\0\0\0test" + bytes(size - 15)


@pytest.mark.parametrize("before", [id3_tag(300), id3_tag(37) + id3_tag(1_000), id3_tag(37) + bytes(100)])
@pytest.mark.parametrize(
    "form", [("OGG", "VORBIS"), ("FLAC", "PCM_16"), ("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("CAF", "PCM_16")]
)
def test_tags_before_the_sound_are_skipped(tmp_path, noise, before, form):
    plain, tagged = tmp_path / "plain", tmp_path / "tagged"
    soundfile.write(plain, noise, 16_000, form[1], format=form[0])
    tagged.write_bytes(before + plain.read_bytes())
    recording = waveform.read_recording(tagged)
    np.testing.assert_array_equal(recording.audio, waveform.read_recording(plain).audio)
    assert not recording.remarks


def test_a_header_behind_a_tag_that_was_never_finished(tmp_path, noise):
    soundfile.write(tmp_path / "a.wav", noise, 16_000)
    with_sizes(tmp_path / "a.wav", 0, 0)
    (tmp_path / "a.wav").write_bytes(id3_tag(99) + (tmp_path / "a.wav").read_bytes())
    recording = waveform.read_recording(tmp_path / "a.wav")
    assert recording.audio.size == pytest.approx(len(noise) * 1.5, abs=10)
    assert "never finished" in recording.remarks[0]


def chunk(name, body, order="<"):
    return name + struct.pack(f"{order}I", len(body)) + body


ODD = [
    chunk(b"LIST", b"INFOISFT\x05\0\0\0abcde"),
    chunk(b"junk", b"\x01\x02\x03"),
    chunk(b"odd ", b"d" * 603),
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("first", [0.0, 0.5])
def test_odd_chunks_that_are_not_padded(tmp_path, noise, odd, place, first):
    samples = np.round(32_767 * noise[:, 0]).astype("<i2")
    samples[:9] = round(first * 32_767)  # what follows a name must not be taken for a part of it
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 24_000, 48_000, 2, 16))
    chunks = [form, chunk(b"data", samples.tobytes())]
    chunks.insert(place, odd + odd)
    (tmp_path / "a.wav").write_bytes(chunk(b"RIFF", b"WAVE" + b"".join(chunks)))
    recording = waveform.read_recording(tmp_path / "a.wav")
    np.testing.assert_allclose(recording.audio, samples / 32_768, atol=1e-6)
    assert not recording.remarks


def test_odd_samples_that_are_not_padded_are_followed_by_no_sound(tmp_path, noise):
    samples = np.round(127 * noise[:20_001, 0] + 128).astype(np.uint8)
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 24_000, 24_000, 1, 8))
    chunks = form + chunk(b"data", samples.tobytes()) + chunk(b"LIST", b"INFO" + b"a" * 5_001)
    (tmp_path / "a.wav").write_bytes(chunk(b"RIFF", b"WAVE" + chunks))
    recording = waveform.read_recording(tmp_path / "a.wav")
    assert recording.audio.size == samples.size and not recording.remarks


def test_odd_chunks_of_aiff_that_are_not_padded(tmp_path, noise):
    soundfile.write(tmp_path / "a.aiff", noise, 24_000, "PCM_16")
    whole = (tmp_path / "a.aiff").read_bytes()
    odd = chunk(b"NAME", b"loop!", ">")
    (tmp_path / "b.aiff").write_bytes(chunk(b"FORM", whole[8:12] + odd + whole[12:], ">"))
    recording = waveform.read_recording(tmp_path / "b.aiff")
    np.testing.assert_array_equal(recording.audio, waveform.read_recording(tmp_path / "a.aiff").audio)
