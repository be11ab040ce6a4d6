"""What the tests of `compjax-compose` share: a session of fakes and a folder of two clips."""

import pytest
import soundfile
from fakes import chord, drums, make_session

from compjax.compose import session
from compjax.constants import SAMPLE_RATE


@pytest.fixture(scope="module")
def fake():
    """A session whose codec and agent are fakes."""
    return make_session()


@pytest.fixture
def two_clips(fake, monkeypatch, tmp_path):
    """The working folder, with drums.wav and piano.wav; what is loaded is the fake."""
    monkeypatch.setattr(session, "load", lambda checkpoint, codec, codec_weights: fake)
    monkeypatch.chdir(tmp_path)
    soundfile.write("drums.wav", drums(2), SAMPLE_RATE)
    soundfile.write("piano.wav", chord(2), SAMPLE_RATE)
    return tmp_path
