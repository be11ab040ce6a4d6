"""Folders of sound files: all that can be wrong with them is one line, and always the same one."""

import io
import os
import struct

import numpy as np
import pytest
import soundfile

from compjax.audio import waveform
from compjax.data.sources import folder
from compjax.data.sources.source import BrokenFile
from compjax.errors import UserError

RATE = 24_000


def sound_bytes(
    kind: str, subtype: str | None = None, rate: int = RATE, channels: int = 1, seconds=1.5
) -> bytes:
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    samples = rng.normal(0, 0.1, (int(seconds * rate), channels))
    soundfile.write(buffer, samples, rate, subtype=subtype, format=kind)
    return buffer.getvalue()


GOOD = {
    "pcm8.wav": sound_bytes("WAV", "PCM_U8"),
    "pcm24.wav": sound_bytes("WAV", "PCM_24"),
    "float.wav": sound_bytes("WAV", "FLOAT"),
    "double.wav": sound_bytes("WAV", "DOUBLE"),
    "ulaw.wav": sound_bytes("WAV", "ULAW"),
    "adpcm.wav": sound_bytes("WAV", "IMA_ADPCM"),
    "rf64.wav": sound_bytes("RF64", "PCM_16"),
    "low.wav": sound_bytes("WAV", rate=8_000),
    "high.wav": sound_bytes("WAV", rate=192_000, seconds=1.2),
    "stereo.flac": sound_bytes("FLAC", channels=2),
    "six.wav": sound_bytes("WAV", channels=6),
    "vorbis.ogg": sound_bytes("OGG", "VORBIS"),
    "layer3.mp3": sound_bytes("MP3", rate=44_100),
    "named wrongly.wav": sound_bytes("MP3", rate=44_100),
    "ünï čode ♪.wav": sound_bytes("WAV"),
    "deep/er/inside.WAV": sound_bytes("WAV"),
}


def nan_wav() -> bytes:
    buffer = io.BytesIO()
    samples = np.zeros(int(1.5 * RATE), np.float32)
    samples[RATE // 2] = np.nan
    soundfile.write(buffer, samples, RATE, subtype="FLOAT", format="WAV")
    return buffer.getvalue()


def huge_chunk() -> bytes:
    data = bytearray(sound_bytes("WAV"))
    data[40:44] = struct.pack("<I", 2**31)  # more than there is: libsndfile reads what is there
    return bytes(data)


BROKEN_HEADER = {
    "empty.wav": b"",
    "text.mp3": b"this is no sound at all, but a text\n" * 20,
    "random.flac": np.random.default_rng(1).bytes(5000),
    "zero channels.wav": sound_bytes("WAV")[:22] + b"\0\0" + sound_bytes("WAV")[24:],
    "zero rate.wav": sound_bytes("WAV")[:24] + b"\0\0\0\0" + sound_bytes("WAV")[28:],
    "header only.wav": sound_bytes("WAV")[:20],
    "cut.ogg": sound_bytes("OGG", "VORBIS")[:200],
}
SHORT = {
    "no samples.wav": sound_bytes("WAV", seconds=0),
    "one sample.wav": sound_bytes("WAV", seconds=1 / RATE),
    "half a second.wav": sound_bytes("WAV", seconds=0.5),
    "cut.wav": sound_bytes("WAV")[: 44 + RATE],
}
BROKEN_SAMPLES = {
    "not a number.wav": nan_wav(),
    "cut.flac": sound_bytes("FLAC")[: len(sound_bytes("FLAC")) // 3],
}


def write_all(place, files) -> None:
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_whatever_libsndfile_reads_is_used(tmp_path):
    write_all(tmp_path, GOOD)
    listing = folder.list_folder(str(tmp_path), 1.0)
    assert {file.name for file in listing.files} == set(GOOD) and not listing.broken and not listing.short
    for file in listing.files:
        audio = folder.read_crop(listing.path(file.name), 0.1, 1.0)
        assert audio.shape == (RATE,) and audio.dtype == np.float32 and np.abs(audio).max() > 0.1


def test_what_is_broken_is_named_with_its_reason(tmp_path):
    write_all(tmp_path, BROKEN_HEADER)
    listing = folder.list_folder(str(tmp_path), 1.0)
    assert not listing.files and {os.path.basename(path) for path in listing.broken} == set(BROKEN_HEADER)
    assert all(reason and "\n" not in reason for reason in listing.broken.values())
    assert listing == folder.list_folder(str(tmp_path), 1.0)


def test_what_is_too_short_is_not_broken(tmp_path):
    write_all(tmp_path, SHORT)
    listing = folder.list_folder(str(tmp_path), 1.0)
    assert not listing.files and not listing.broken and len(listing.short) == len(SHORT)


@pytest.mark.parametrize("name", BROKEN_SAMPLES)
def test_damage_within_a_file_shows_when_it_is_read(tmp_path, name):
    write_all(tmp_path, BROKEN_SAMPLES)
    with pytest.raises(BrokenFile) as found:
        folder.read_crop(str(tmp_path / name), 0.2, 1.0)
    assert found.value.path == str(tmp_path / name) and "\n" not in found.value.reason


def test_a_length_that_is_a_lie_is_corrected(tmp_path):
    write_all(tmp_path, {"lie.wav": huge_chunk()})
    [file] = folder.list_folder(str(tmp_path), 1.0).files
    assert file.seconds == pytest.approx(1.5, abs=0.01)


def test_what_is_hidden_or_no_file_is_passed_over(tmp_path):
    write_all(
        tmp_path,
        {"a.wav": GOOD["pcm24.wav"], "._a.wav": b"resource fork", ".trash/b.wav": b"x", "c.txt": b""},
    )
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")  # reading it would hang
    os.symlink(tmp_path / "gone.wav", tmp_path / "dangling.wav")
    assert folder.sound_names(str(tmp_path)) == ["a.wav"]


def test_an_empty_folder_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="no sound files"):
        folder.sound_names(str(tmp_path))
    with pytest.raises(UserError, match="no such folder"):
        folder.sound_names(str(tmp_path / "nowhere"))


def test_a_crop_is_where_it_was_asked_for(tmp_path):
    ramp = np.linspace(0.0, 0.9, 5 * 48_000, dtype=np.float32)
    soundfile.write(tmp_path / "ramp.wav", np.stack([ramp, -0.5 * ramp], axis=1), 48_000)
    audio = folder.read_crop(str(tmp_path / "ramp.wav"), 2.0, 1.0)
    np.testing.assert_allclose(audio[100:-100], np.linspace(0.36, 0.54, RATE)[100:-100] / 4, atol=2e-4)


def test_a_recording_of_hours_is_read_in_crops(tmp_path):
    hours = 3
    with open(tmp_path / "long.wav", "wb") as file:  # sparse: only its header and end are written
        size = hours * 3600 * RATE * 2
        file.write(
            b"RIFF"
            + struct.pack("<I", size + 36)
            + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
        )
        file.write(b"data" + struct.pack("<I", size))
        file.truncate(size + 44)
        file.seek(44 + size - 2 * RATE)
        file.write(np.full(RATE, 1000, "<i2").tobytes())
    [found] = folder.list_folder(str(tmp_path), 4.0).files
    assert found.seconds == hours * 3600
    assert folder.read_crop(str(tmp_path / "long.wav"), found.seconds - 1.0, 1.0).min() > 0.03


def test_changed_headers_never_raise_anything_else(tmp_path):
    good, rng = sound_bytes("WAV", seconds=1.0), np.random.default_rng(2)
    flac = sound_bytes("FLAC", seconds=1.0)
    for i in range(500):
        data = bytearray((good, flac)[i % 2])
        for place in rng.integers(0, 64, rng.integers(1, 6)):
            data[place] = rng.integers(256)
        path = tmp_path / f"{i}.wav"
        path.write_bytes(data)
        found = folder.measure(str(tmp_path), path.name)
        if not isinstance(found, str) and found.seconds >= 0.5:
            try:
                audio = folder.read_crop(str(path), 0.0, 0.5)
                assert audio.shape == (RATE // 2,) and np.isfinite(audio).all()
            except BrokenFile as error:
                assert "\n" not in error.reason
        path.unlink()


def test_segments_cover_a_file_and_stay_in_it():
    starts = folder.segments_of([9.5, 1.0, 4.0], 2.0)
    assert starts == (0, 4, 5, 7)
    rng = np.random.default_rng(0)
    places = [folder.segment_start(starts, row, 9.5, 2.0, rng) for row in range(4) for _ in range(50)]
    assert min(places) >= 0.0 and max(places) <= 7.5
    assert np.histogram(places, bins=4, range=(0, 7.5))[0].min() > 15
    assert folder.segment_start(starts, 4, 1.0, 2.0, rng) == 0.0


def test_what_is_written_by_us_is_read_by_us(tmp_path):
    waveform.write(tmp_path / "x.wav", np.full(RATE, 0.25, np.float32))
    np.testing.assert_allclose(folder.read_crop(str(tmp_path / "x.wav"), 0.0, 1.0), 0.25, atol=1e-4)
