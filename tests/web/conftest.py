"""A session that does what the tests tell it, and the application around it."""

import io
import pathlib
import sys
import threading

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from compjax.audio.constants import SAMPLE_RATE
from compjax.web.app import make_app
from compjax.web.config import ServeConfig

sys.path.append(str(pathlib.Path(__file__).parents[1] / "inference"))

from fakes import chord, drums, make_session  # noqa: E402

PHASES = ("read", "align", "report", "encode", "listen", "select")
"""What a session goes through for a pair; then for each variation:"""
EACH = ("compose", "render", "decode", "report")


class FakeSession:
    """Gives one composition again and again; it waits at every step while `gate` is shut."""

    def __init__(self, composition):
        self.composition = composition
        self.gate = threading.Event()
        self.gate.set()
        self.asked = []
        self.error = None

    def compose_many(self, input, target, num_samples, *, sample_rate, progress, **options):
        self.asked.append((input, target, num_samples, sample_rate, options))
        for phase in PHASES:
            self._step(progress, phase)
        if self.error:
            raise self.error
        for _ in range(num_samples):
            for phase in EACH:
                self._step(progress, phase)
            yield self.composition

    def _step(self, progress, phase):
        assert self.gate.wait(10)
        progress(phase, 0, 1)


def wav(audio: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """A WAV file of samples."""
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, sample_rate, format="WAV")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def sounds():
    """Two clips as the bytes of WAV files."""
    return {"input": wav(drums(2)), "target": wav(chord(2))}


@pytest.fixture(scope="session")
def composition():
    """A composition of the small fakes; what they need is compiled once."""
    return make_session().compose(drums(2), chord(2), sample_rate=SAMPLE_RATE, arranger="network")


@pytest.fixture
def session(composition):
    fake = FakeSession(composition)
    yield fake
    fake.gate.set()


@pytest.fixture
def serve(session):
    """Starts the application with limits of the test's; gives a client."""
    started = []

    def start(load=lambda: session, **limits) -> TestClient:
        client = TestClient(make_app(load, ServeConfig(**limits)), base_url="http://localhost:7860")
        client.__enter__()
        started.append(client)
        return client

    yield start
    session.gate.set()
    for client in started:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve):
    return serve()
