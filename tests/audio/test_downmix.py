import numpy as np
import pytest
import soundfile

from compjax.audio import downmix, waveform


@pytest.fixture
def sound(rng):
    return 0.1 * rng.standard_normal(48_000)


def correlation(one, other):
    return abs(float(np.corrcoef(one, other)[0, 1]))


@pytest.mark.parametrize("factors", [(1, -1), (-1, 1), (0.5, -0.5), (1, -0.98), (1, -0.8), (1, 1, -1, -1)])
@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_channels_that_cancel_are_turned_over(sound, rng, factors, offset):
    channels = sound[:, None] * np.array(factors) + offset + 1e-3 * rng.standard_normal((48_000, 1))
    recording = waveform.mono(channels, 24_000)
    assert correlation(recording.audio, sound) > 0.99
    assert np.std(recording.audio) == pytest.approx(0.1 * np.abs(factors).mean(), rel=0.02)
    assert "cancel" in recording.remarks[0]


def test_two_of_many_channels_that_cancel_beside_louder_ones(sound, rng):
    other = 0.2 * rng.standard_normal(sound.size)
    channels = np.stack([sound, -sound, other, 0 * sound, 0.5 * sound, -0.5 * sound], axis=1)
    recording = waveform.mono(channels, 24_000)
    np.testing.assert_allclose(recording.audio, (3.0 * sound + other) / 6, atol=1e-6)
    assert "channels 2 and 6 were turned over" in recording.remarks[0]


@pytest.mark.parametrize("factors", [(1, 1), (1, 0), (0.2, 0.9), (1, -0.3)])
def test_channels_that_do_not_cancel_are_averaged(sound, factors):
    recording = waveform.mono(sound[:, None] * np.array(factors), 24_000)
    np.testing.assert_allclose(recording.audio, sound * np.mean(factors), atol=1e-6)
    assert not recording.remarks


def test_unrelated_channels_are_averaged(rng):
    channels = rng.standard_normal((48_000, 2))
    recording = waveform.mono(channels, 24_000)
    np.testing.assert_allclose(recording.audio, channels.mean(axis=1), atol=1e-6)
    assert not recording.remarks


@pytest.mark.parametrize("worst", [1e38, -1e38, 500.0, 3e38, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("places", [[20_000], [1_000, 30_000], [0, 1, 2, 44_099, 44_100, 47_999]])
def test_stray_samples_leave_no_click(tmp_path, rng, worst, places):
    time = np.arange(48_000) / 44_100
    sound = np.stack([0.1 * np.sin(2 * np.pi * hz * time) for hz in (440, 660)], axis=1)
    damaged = sound.copy()
    damaged[places, 0] = worst
    soundfile.write(tmp_path / "a.wav", damaged, 44_100, subtype="FLOAT")
    recording = waveform.read_recording(tmp_path / "a.wav")
    count = f"{len(places)} samples that are" if len(places) > 1 else "1 sample that is"
    assert recording.remarks[0].startswith(count) and len(recording.remarks) == 1
    whole = waveform.mono(sound, 44_100)
    np.testing.assert_allclose(recording.audio, whole.audio, atol=0.01)
    stretch = recording.original.stretch(0.0, 1.0, 44_100, 2)
    assert np.abs(stretch).max() < 0.12
    assert recording.original.loudness() == pytest.approx(
        waveform.mono(sound, 44_100).original.loudness(), abs=0.1
    )


def test_channels_that_cancel_are_seen_through_stray_samples(sound, rng):
    channels = np.stack([sound, -sound], axis=1) + 1e-3 * rng.standard_normal((48_000, 2))
    channels[7_000, 0] = 1e38
    recording = waveform.mono(channels, 24_000)
    assert correlation(recording.audio, sound) > 0.99 and "cancel" in recording.remarks[0]


def test_one_stray_sample_in_silence_is_silence():
    channels = np.zeros((48_000, 2), np.float32)
    channels[7_000, 0] = 1e38
    assert not waveform.mono(channels, 24_000).audio.any()


def test_loud_sparse_sound_has_no_strays(rng):
    hits = np.zeros(48_000)
    hits[9_000:9_300] = 2.0**31 * rng.uniform(-1.0, 1.0, 300)
    recording = waveform.mono(hits[:, None], 24_000)
    assert correlation(recording.audio, hits) > 0.999 and not recording.remarks


@pytest.mark.parametrize("scale", [1e38, 1e300])
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_huge_throughout(sound, scale, rate):
    audio = waveform.mono(sound[:, None] * scale, rate).audio
    assert np.isfinite(audio).all()
    assert correlation(audio, waveform.mono(sound[:, None], rate).audio) > 0.999


def test_a_stretch_that_cancels_is_turned_over_there(sound, rng):
    turned = np.where(np.arange(48_000) < 20_000, 1.0, -1.0)
    channels = np.stack([sound, turned * sound], axis=1) + 1e-3 * rng.standard_normal((48_000, 2))
    recording = waveform.mono(channels, 24_000)
    steady = np.abs(np.arange(48_000) - 20_000) > 6_000
    np.testing.assert_allclose(recording.audio[steady], sound[steady], atol=0.01)
    assert np.std(recording.audio[16_000:24_000]) > 0.05
    assert (
        recording.remarks[0].startswith("its channels cancel each other for 1.")
        and len(recording.remarks) == 1
    )


@pytest.mark.parametrize(("low", "high"), [(0.0, 200.0), (1_000.0, 3_000.0), (4_000.0, 12_000.0)])
def test_a_band_that_cancels_is_turned_over_there(rng, low, high):
    spectrum = np.fft.rfft(rng.standard_normal(96_000)) / np.arange(1, 48_002) ** 0.5
    hz = np.fft.rfftfreq(96_000, 1 / 24_000)
    sound = 0.1 * np.fft.irfft(spectrum) / np.std(np.fft.irfft(spectrum))
    other = np.fft.irfft(spectrum * np.where((hz >= low) & (hz < high), -1.0, 1.0))
    channels = np.stack([sound, other * sound.std() / other.std()], axis=1)
    recording = waveform.mono(channels, 24_000)
    kept = np.abs(np.fft.rfft(recording.audio)) ** 2
    within = (hz >= low * 1.2 + 20) & (hz < high / 1.2)
    whole = np.abs(np.fft.rfft(sound)) ** 2
    assert kept[within].sum() > 0.9 * whole[within].sum()
    assert kept[~within].sum() > 0.8 * whole[~within].sum()
    assert " Hz; channel 2 was turned over there" in recording.remarks[0]


def test_blocks_of_any_size_are_turned_alike(sound):
    turned = np.where(np.arange(48_000) < 20_000, 1.0, -1.0)
    channels = np.stack([sound, turned * sound], axis=1)
    survey = downmix.Survey(2, 24_000)
    survey.add([channels])
    mix = survey.downmix()
    whole = np.concatenate(list(mix.mixed([channels])))
    for size in (100, 1_024, 30_000):
        blocks = [channels[i : i + size] for i in range(0, 48_000, size)]
        np.testing.assert_allclose(np.concatenate(list(mix.mixed(blocks))), whole, atol=1e-7)
    later = np.concatenate(list(mix.mixed([channels[15_000:]], first=15_000)))
    np.testing.assert_allclose(later[2_048:], whole[17_048:], atol=2e-3)
    assert whole.shape == (48_000,) and not list(mix.mixed([]))


def test_wide_sound_is_left_as_it_is(rng):
    common, sides = rng.standard_normal((2, 96_000))
    channels = np.stack([common + 1.2 * sides, common - 1.2 * sides], axis=1)
    recording = waveform.mono(channels, 24_000)
    np.testing.assert_allclose(recording.audio, common, atol=1e-5)
    assert not recording.remarks


def test_a_chorus_that_cancels_now_and_then_is_left_as_it_is(rng):
    time = np.arange(144_000) / 24_000
    left, right = np.zeros((2, 144_000))
    for hz in (110, 220, 330, 470, 660, 940, 1_300, 1_900, 2_700, 3_900):
        turn = 2 * np.pi * (rng.uniform(0.2, 0.6) * time + rng.uniform())
        left += 0.05 * np.sin(2 * np.pi * hz * time)
        right += 0.05 * np.sin(2 * np.pi * hz * time + turn)
    recording = waveform.mono(np.stack([left, right], axis=1), 24_000)
    np.testing.assert_allclose(recording.audio, (left + right) / 2, atol=1e-6)
    assert not recording.remarks
