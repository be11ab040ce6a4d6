"""The new clip has the target's rate and channels, all of its octaves, and is no louder than it may be."""

import numpy as np
import pytest
import soundfile
import soxr
from fakes import chord, drums, make_session

from compjax.audio import loudness
from compjax.compose.asked.options import ComposeOptions
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError

RATE = 48_000


@pytest.fixture(scope="module")
def session():
    return make_session()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Drums at 44.1 kHz in one channel; a chord at 48 kHz, its hiss up to 24 kHz, mostly on the left."""
    folder = tmp_path_factory.mktemp("clips")
    hiss = 0.003 * np.random.default_rng(3).normal(size=(3 * RATE, 2)) * [1.0, 0.4]
    tones = soxr.resample(chord(3.0), SAMPLE_RATE, RATE)[:, None] * [1.0, 0.6]
    soundfile.write(folder / "chord.wav", tones + hiss, RATE, "FLOAT")
    soundfile.write(folder / "drums.wav", soxr.resample(drums(3.0), SAMPLE_RATE, 44_100), 44_100, "FLOAT")
    soundfile.write(folder / "plain.wav", chord(3.0), SAMPLE_RATE, "FLOAT")
    return folder


@pytest.fixture(scope="module")
def made(session, files):
    return session.compose(files / "drums.wav", files / "chord.wav", arranger="network")


def above(audio: np.ndarray, hz: float, rate: int) -> float:
    """Share of the power of `[S, C]` above a frequency, in dB."""
    power = np.square(np.abs(np.fft.rfft(audio, axis=0))).sum(axis=1)
    return 10 * np.log10(power[np.fft.rfftfreq(len(audio), 1 / rate) > hz].sum() / power.sum())


def test_it_has_the_targets_rate_channels_and_octaves(made, files):
    assert (made.sample_rate, made.audio.shape) == (RATE, (3 * RATE, 2))
    assert made.report["form"] == {"rate": RATE, "channels": 2} and made.seconds == 3.0
    target, _ = soundfile.read(files / "chord.wav")
    for octave in (13_000, 18_000):
        assert abs(above(made.audio, octave, RATE) - above(target, octave, RATE)) < 8.0
    left, right = np.square(made.audio).sum(axis=0)
    assert left > 1.3 * right


def test_it_is_as_loud_as_the_input_and_its_channels_do_not_cancel(made, files):
    own = loudness.loudness_of(made.audio, RATE)
    drums_, rate = soundfile.read(files / "drums.wav")
    wanted = loudness.loudness_of(drums_, rate)
    assert own == pytest.approx(wanted, abs=0.3) or made.report["words"][-1].startswith("The limiter")
    middle, side = made.audio @ np.float32([0.5, 0.5]), made.audio @ np.float32([0.5, -0.5])
    assert np.square(side).sum() < np.square(middle).sum()
    assert np.abs(soxr.resample(made.audio, 1, 4)).max() <= 10 ** (-1 / 20)


def test_what_is_asked_for_is_made(session, files):
    asked = {"output_rate": 44_100, "channels": 1, "arranger": "network", "bit_depth": "24"}
    made = session.compose(files / "drums.wav", files / "chord.wav", **asked)
    assert (made.sample_rate, made.audio.shape) == (44_100, (3 * 44_100,))
    path = made.save(files / "asked.flac")[0]
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 1, "PCM_24")


def test_flac_holds_no_floats(made, files):
    from dataclasses import replace

    floats = replace(made, report=made.report | {"options": {"bit_depth": "32f"}})
    with pytest.raises(UserError, match="FLAC holds no floats"):
        floats.save(files / "floats.flac")
    info = soundfile.info(floats.save(files / "floats.wav")[0])
    assert (info.subtype, info.channels) == ("FLOAT", 2)


def test_nothing_is_made_up(session, files):
    asked = {"output_rate": 48_000, "channels": 2, "arranger": "network"}
    made = session.compose(files / "drums.wav", files / "plain.wav", **asked)
    assert (made.sample_rate, made.audio.shape) == (SAMPLE_RATE, (3 * SAMPLE_RATE,))
    said = "plain.wav has 24 kHz and 1 channel, so the new clip is 24 kHz mono and not 48 kHz stereo."
    assert said in made.words()


@pytest.mark.parametrize("way", ["model", "samples"])
def test_loops_and_streams_are_in_that_form(session, files, way):
    pair = files / "drums.wav", files / "chord.wav"
    asked = {"arranger": "network", "instrument": way}
    loop = session.compose(*pair, loop=True, input_bpm=120, bpm=100, bars=1, output_rate=44_100, **asked)
    assert len(loop.audio) == round(4 * 0.6 * 44_100)
    step = np.abs(np.diff(np.concatenate([loop.audio[-200:], loop.audio[:200]]), axis=0))
    assert step[199].max() <= 2.0 * step.max(axis=1).mean() + step.max() / 2
    stream = session.stream(*pair, **asked)
    audio = np.concatenate(list(stream))
    assert (stream.sample_rate, stream.samples) == (RATE, len(audio))
    np.testing.assert_allclose(audio, session.compose(*pair, **asked).audio, atol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"output_rate": 96_000}, {"channels": 3}, {"bit_depth": "8"}, {"channels": True}]
)
def test_other_forms_are_one_line(wrong):
    with pytest.raises(UserError, match="must be one of"):
        ComposeOptions(**wrong)
