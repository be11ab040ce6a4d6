"""A session that does what the tests tell it, and the application around it."""

import io
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile
from fakes import chord, drums
from starlette.testclient import TestClient

from compjax.compose.asked.options import ComposeOptions
from compjax.compose.composition import Composition
from compjax.constants import SAMPLE_RATE
from compjax.music.gates import chosen_sources, summarize
from compjax.music.score import Harmony, Hit, Note, Rhythm, Span
from compjax.pages.views import ClipView, PairView
from compjax.web.app import make_app
from compjax.web.config import ServeConfig

MAX_SECONDS = 9
"""Of clips, where the command serves the page."""

PHASES = ("read", "align", "encode", "listen", "select", "capture")
"""What a session goes through for a pair; then for each variation:"""
EACH = ("compose", "render", "decode", "report")


class FakeSession:
    """Gives one composition again and again; it waits at every step while `gate` is shut."""

    def __init__(self, composition):
        self.composition = composition
        self.gate = threading.Event()
        self.gate.set()
        self.opened = []
        self.asked = []
        self.listened = []
        self.error = None

    def open_pair(self, input, target, *, sample_rate, progress, **options):
        self.opened.append((input, target, sample_rate, options))
        for phase in PHASES:
            self.step(progress, phase)
        if self.error:
            raise self.error
        return FakePair(self, options)

    def listen(self, source, *, sample_rate, grid):
        self.listened.append((source, sample_rate, grid))
        return self.composition.view.input

    def step(self, progress, phase):
        assert self.gate.wait(10)
        progress(phase, 0, 1)


class FakePair:
    """What the session opened; it serves other seeds."""

    def __init__(self, session, options):
        self._session, self._options = session, options

    def serves(self, options):
        heard = ComposeOptions(**self._options)
        return options.switches == heard.switches and options.weights == heard.weights

    def heard_hits(self):
        return self._session.composition.view.rhythm

    def compose(self, index, *, early, progress, **given):
        self._session.asked.append((index, {name: x for name, x in given.items() if x is not None}))
        for phase in EACH:
            self._session.step(progress, phase)
            if phase == "decode":
                early(self._session.composition.audio, SAMPLE_RATE)
        return self._session.composition


def wav(audio: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """A WAV file of samples."""
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, sample_rate, format="WAV")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def sounds():
    """Two clips as the bytes of WAV files."""
    return {"input": wav(drums(2)), "target": wav(chord(2))}


def clip_view(name: str, audio: np.ndarray) -> ClipView:
    """A clip of two seconds in which two hits and two chords are heard."""
    hits = (Hit(0.0, 0.2, 0, 1.0), Hit(0.5, 0.2, 2, 0.5))
    harmony = Harmony((Span(0.0, 1.0, (48, 52, 55), 48), Span(1.0, 2.0, (45, 48, 52, 55), 43)))
    return ClipView(name, audio, np.array([0.0, 0.5, 1.0, 1.5]), hits, harmony, 2.0)


@pytest.fixture(scope="session")
def composition():
    """A small composition, made by hand."""
    views = clip_view("input", drums(2)), clip_view("target", chord(2))
    gates = np.tile(np.float32([1, 0, 0, 0, 1, 1]), (150, 1))
    rhythm = Rhythm(views[0].hits)
    view = PairView(
        input=views[0],
        target=views[1],
        target_as_given=chord(2),
        target_seconds=2.0,
        target_keeps_time=True,
        gates=gates,
        rhythm=rhythm,
        harmony=views[1].harmony,
    )
    notes = (Note(0.0, 0.4, 48, 0.5), Note(0.5, 0.9, 52, 1.0))
    weights = summarize(gates)
    scores = {"adherence": {"onset_f1": 1.0}, "novelty": {"mosaic_r2": 0.5}}
    said = {"verdict": "new", "words": ["It follows.", "The output is new."], "notes": 2, "seconds": 2.0}
    report = {**said, **scores, "weights": weights, "sources": chosen_sources(weights)}
    report["instrument"] = {"way": "model", "explained": 0.9}
    report |= {"alignment": {"input_tempo": 120.0}, "options": {}}
    return Composition(chord(2), SAMPLE_RATE, notes, weights, report, view)


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


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a page that is served by the command as a user starts it."""
    command = [sys.executable, "-m", "compjax.cli.serve", "--port=0", f"--max_seconds={MAX_SECONDS}"]
    folder = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "TMPDIR": str(folder)}
    log = folder.with_suffix(".log")
    with (
        open(log, "w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        yield re.search(r"http://\S+", process.stdout.readline())[0]
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert os.listdir(folder) == []  # of what was uploaded nothing is left
    assert "Traceback" not in log.read_text()


@pytest.fixture
def visit(address, tmp_path):
    """Opens the page in a new browser."""
    from visitor import Visitor

    visitors = []

    def open_page(**options):
        folder = tmp_path / f"visitor{len(visitors)}"
        folder.mkdir()
        visitors.append(Visitor(address, folder, **options))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        complaints = visitor.complaints()
        visitor.driver.quit()
        assert not complaints
