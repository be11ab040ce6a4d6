"""Tags of loops: read back as other programs read them, the sound untouched."""

import struct

import numpy as np
import pytest
import soundfile

from compjax.audio import waveform
from compjax.audio.tags import Tags

TAGS = Tags(samples=48_000, sample_rate=24_000, bpm=128.0, beats=4, meter=(7, 8), key="F#m", root=6)


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=48_000).astype(np.float32) * 0.1


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("bits", ["16", "24"])
def test_sound_is_as_without_tags(tmp_path, noise, name, bits):
    waveform.write(tmp_path / f"plain_{name}", noise, bit_depth=bits)
    waveform.write(tmp_path / name, noise, bit_depth=bits, tags=TAGS)
    plain, tagged = (soundfile.read(tmp_path / path)[0] for path in (f"plain_{name}", name))
    np.testing.assert_array_equal(plain, tagged)


def chunks(data):
    found, place = {}, 12
    while place < len(data):
        size = struct.unpack_from("<I", data, place + 4)[0]
        found[data[place : place + 4]] = data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    assert place == len(data)
    return found


def test_wav_has_acid_and_loop_points(tmp_path, noise):
    waveform.write(tmp_path / "a.wav", noise, tags=TAGS)
    data = (tmp_path / "a.wav").read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    found = chunks(data)
    flags, root, _, _, beats, unit, count, bpm = struct.unpack("<IHHfIHHf", found[b"acid"])
    assert (flags, root, beats, unit, count, bpm) == (6, 66, 4, 8, 7, 128.0)
    assert struct.unpack("<15I", found[b"smpl"])[7] == 1 and struct.unpack("<15I", found[b"smpl"])[11:13] == (
        0,
        47_999,
    )
    assert b"128 bpm, 7/8, F#m" in found[b"LIST"]


def test_flac_has_comments(tmp_path, noise):
    waveform.write(tmp_path / "a.flac", noise, tags=TAGS)
    data = (tmp_path / "a.flac").read_bytes()
    for field in (b"BPM=128", b"TIME_SIGNATURE=7/8", b"INITIALKEY=F#m", b"LOOPLENGTH=48000"):
        assert struct.pack("<I", len(field)) + field in data
