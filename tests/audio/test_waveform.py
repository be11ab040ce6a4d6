import logging
import os
import resource
import signal
import struct

import numpy as np
import pytest
import soundfile

from compjax.audio import waveform
from compjax.errors import UserError

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]
ENCODINGS = [  # name, subtype, error bound of one sample
    ("clip.wav", "PCM_U8", 1 / 100),
    ("clip.wav", "PCM_16", 1 / 30_000),
    ("clip.wav", "PCM_24", 1e-6),
    ("clip.wav", "PCM_32", 1e-6),
    ("clip.wav", "FLOAT", 1e-7),
    ("clip.wav", "DOUBLE", 1e-7),
    ("clip.wav", "ULAW", 0.03),
    ("clip.flac", "PCM_S8", 1 / 100),
    ("clip.flac", "PCM_16", 1 / 30_000),
    ("clip.flac", "PCM_24", 1e-6),
    ("clip.aiff", "PCM_24", 1e-6),
    ("clip.rf64", "PCM_16", 1 / 30_000),
    ("clip.ogg", "VORBIS", 0.03),
    ("clip.mp3", "MPEG_LAYER_III", 0.03),
]


def sine(frequency=440.0, seconds=1.0, rate=24_000, amplitude=0.5):
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def frequency_and_amplitude(audio, rate=24_000):
    """Of a steady sine, by the peak of its Hann-windowed spectrum, zero-padded to 0.1 Hz."""
    window = np.hanning(audio.size)
    spectrum = np.abs(np.fft.rfft(audio * window, 10 * rate))
    return np.argmax(spectrum) / 10, 2 * spectrum.max() / window.sum()


@pytest.mark.parametrize(("name", "subtype", "bound"), ENCODINGS)
def test_reads_encoding(tmp_path, name, subtype, bound):
    audio = sine()
    soundfile.write(tmp_path / name, audio, 24_000, subtype=subtype)
    out = waveform.read(tmp_path / name)
    assert out.dtype == np.float32 and out.shape == (24_000,)
    middle = slice(2000, -2000)  # lossy codecs ring at the ends
    np.testing.assert_allclose(out[middle], audio[middle], atol=bound)


@pytest.mark.parametrize("rate", RATES)
def test_resampling_keeps_frequency_level_and_length(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", sine(440.0, 2.0, rate), rate, subtype="FLOAT")
    out = waveform.read(tmp_path / "a.wav")
    assert out.shape == (48_000,)
    frequency, amplitude = frequency_and_amplitude(out[4800:-4800])
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=2e-3)


def test_resampling_removes_what_24_khz_cannot_hold():
    out = waveform.resample(sine(15_000.0, 1.0, 48_000), 48_000, 24_000)
    assert np.max(np.abs(out[2400:-2400])) < 1e-3  # it would alias to 9 kHz


def test_blocks_leave_no_seam(tmp_path):
    audio = sine(997.0, 3.3, 44_100)  # several blocks, the last one short
    soundfile.write(tmp_path / "a.wav", audio, 44_100, subtype="FLOAT")
    whole = waveform.resample(audio, 44_100, 24_000)
    np.testing.assert_allclose(waveform.read(tmp_path / "a.wav"), whole, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6])
def test_channels_are_averaged(tmp_path, channels):
    levels = np.arange(1, channels + 1) / 10
    soundfile.write(tmp_path / "a.wav", np.tile(levels, (24_000, 1)), 24_000, subtype="FLOAT")
    np.testing.assert_allclose(waveform.read(tmp_path / "a.wav"), np.full(24_000, levels.mean()), atol=1e-6)


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_reads_a_part(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", np.repeat([0.1, 0.2, 0.3], rate), rate, subtype="FLOAT")
    part = waveform.read(tmp_path / "a.wav", offset=1.25, duration=0.5)
    assert part.shape == (12_000,)
    np.testing.assert_allclose(part[1000:-1000], 0.2, atol=1e-3)
    assert waveform.read(tmp_path / "a.wav", offset=2.5, duration=9.0).shape == (12_000,)


def test_header(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros((44_100, 2)), 44_100, subtype="PCM_24")
    info = waveform.read_info(tmp_path / "a.flac")
    assert info == waveform.AudioInfo(44_100, 44_100, 2, "FLAC", "PCM_24")
    assert info.seconds == 1.0


def test_silence_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(24_000), 24_000)
    np.testing.assert_array_equal(waveform.read(tmp_path / "a.wav"), np.zeros(24_000))


def test_half_a_second_is_enough(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(22_050), 44_100)
    assert waveform.read(tmp_path / "a.wav").shape == (12_000,)


def test_odd_names(tmp_path):
    path = tmp_path / "Schlägzeug ドラム 50% 'x'.wav"
    soundfile.write(path, sine(), 24_000)
    assert waveform.read(path).shape == waveform.read(str(path)).shape == (24_000,)


def test_mp3_named_wav(tmp_path):
    soundfile.write(tmp_path / "a.mp3", sine(), 24_000)
    os.rename(tmp_path / "a.mp3", tmp_path / "a.wav")
    assert waveform.read(tmp_path / "a.wav").shape == (24_000,)


BAD_BYTES = {
    "text.wav": (b"this is no sound\n" * 100, "not a WAV"),
    "random.flac": (np.random.default_rng(0).bytes(5000), "not a WAV"),
    "empty.wav": (b"", "the file is empty"),
    "headerless.raw": (bytes(50_000), "not a WAV"),
    "fourletters.wav": (b"RIFF", "not a WAV"),
}


@pytest.mark.parametrize("name", BAD_BYTES)
def test_not_sound(tmp_path, name):
    data, message = BAD_BYTES[name]
    (tmp_path / name).write_bytes(data)
    check_refused(tmp_path / name, message)


def check_refused(path, message):
    with pytest.raises(UserError, match=message) as error:
        waveform.read(path)
    assert os.fspath(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing(tmp_path):
    check_refused(tmp_path / "absent.wav", "no such file")


def test_folder(tmp_path):
    check_refused(tmp_path, "not a file")


def test_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    check_refused(tmp_path / "pipe.wav", "not a file")


def wav_header(channels, rate, samples):
    """A 16-bit WAV file as bytes, whatever its header says."""
    data = bytes(2 * samples)
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(("channels", "rate"), [(0, 24_000), (1, 0), (1, 1), (1, 1000)])
def test_impossible_header(tmp_path, channels, rate):
    (tmp_path / "a.wav").write_bytes(wav_header(channels, rate, 24_000))
    with pytest.raises(UserError, match="a.wav"):
        waveform.read(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("samples", "message"), [(0, "no samples"), (1, "too short"), (11_000, "0.458 seconds is too short")]
)
def test_too_short(tmp_path, samples, message):
    soundfile.write(tmp_path / "a.wav", np.zeros(samples), 24_000)
    check_refused(tmp_path / "a.wav", message)


def test_too_long(tmp_path):
    with open(tmp_path / "a.wav", "wb") as file:  # sparse: the zeros take no disk
        header = wav_header(1, 8_000, 0)
        size = 2 * 8_000 * 3601
        file.write(header[:-4] + struct.pack("<I", size))
        file.truncate(len(header) + size)
    check_refused(tmp_path / "a.wav", "60.0 minutes is too long; cut it to 60")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_not_numbers(tmp_path, value, rate):
    audio = np.zeros((3 * rate, 2), np.float32)
    audio[round(2.5 * rate) : round(2.6 * rate), 1] = value
    soundfile.write(tmp_path / "a.wav", audio, rate, subtype="FLOAT")
    check_refused(tmp_path / "a.wav", "samples after 2 seconds are not numbers")


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.mp3"])
def test_cut_off_file_is_read_with_a_warning(tmp_path, caplog, name, rng):
    soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(10 * 24_000), 24_000)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with caplog.at_level(logging.WARNING, logger="absl"):
        audio = waveform.read(tmp_path / name)
    assert 3.9 <= audio.size / 24_000 <= 5.1
    assert "cut off" in caplog.text


def test_streamed_file_is_read_without_warning(tmp_path, caplog):
    """A recorder that wrote to a pipe could not go back to fill in the length."""
    data = bytearray(wav_header(1, 24_000, 24_000))
    data[40:44] = struct.pack("<I", 0xFFFFFFFF)
    (tmp_path / "a.wav").write_bytes(data)
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert waveform.read(tmp_path / "a.wav").shape == (24_000,)
    assert not caplog.text


@pytest.mark.parametrize(
    ("name", "bits", "bound"), [("o.wav", "16", 4e-5), ("o.wav", "24", 2e-7), ("o.FLAC", "24", 2e-7)]
)
def test_write_round_trip(tmp_path, name, bits, bound):
    audio = sine(amplitude=0.97)
    waveform.write(tmp_path / name, audio, bit_depth=bits)
    assert waveform.read_info(tmp_path / name).subtype == f"PCM_{bits}"
    np.testing.assert_allclose(waveform.read(tmp_path / name), audio, atol=bound)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_write_does_not_clip(tmp_path):
    waveform.write(tmp_path / "o.wav", sine(amplitude=3.0))
    out = waveform.read(tmp_path / "o.wav")
    assert np.max(np.abs(out)) == pytest.approx(0.98, abs=1e-3)
    _, third_harmonic = frequency_and_amplitude(out[4800:-4800] - 0.98 / 3 * sine(amplitude=3.0)[4800:-4800])
    assert third_harmonic < 5e-3  # clipping a sine to a third would leave 0.3


def test_write_is_the_same_bytes_twice(tmp_path):
    for name in ("a.wav", "b.wav"):
        waveform.write(tmp_path / name, sine())
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_write_refuses(tmp_path):
    with pytest.raises(UserError, match=r"must end in .wav or .flac"):
        waveform.write(tmp_path / "o.xyz", sine())
    with pytest.raises(UserError, match="does not exist"):
        waveform.write(tmp_path / "absent" / "o.wav", sine())
    with pytest.raises(ValueError, match="finite"):
        waveform.write(tmp_path / "o.wav", np.full(10, np.nan, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_full_disk(tmp_path):
    """A file-size limit makes the kernel refuse the bytes half-way, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(UserError, match="cannot write .*o.wav: File too large"):
            waveform.write(tmp_path / "o.wav", sine())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
