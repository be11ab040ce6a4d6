"""The page holds everything, fetches nothing, and says what can be heard and seen."""

import base64
import hashlib
import html.parser
import io
import json
import re

import numpy as np
import pytest
import soundfile
from fakes import chord, drums, make_session

from compjax.compose.many_pairs import IndexEntry
from compjax.constants import SAMPLE_RATE
from compjax.pages import page


class Elements(html.parser.HTMLParser):
    """Collects elements with their attributes, and whether every one is closed."""

    VOID = {"meta", "img", "input", "br"}

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, *tags):
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture(scope="module")
def composition():
    return make_session().compose(drums(2), chord(2), sample_rate=SAMPLE_RATE, arranger="network")


@pytest.fixture(scope="module")
def text(composition):
    return composition.html("mine")


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text)


def test_policy_lets_the_pages_own_script_run_and_nothing_else(elements, text):
    [policy] = [a["content"] for a in elements.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and policy.startswith("default-src 'none'")
    assert not [a for _, a in elements.found for name in a if name.startswith("on")]


def test_nothing_is_fetched(elements, text):
    assert elements.open == []
    for attributes in elements.of("audio", "img", "script", "link", "iframe"):
        assert attributes.get("src", "data:").startswith("data:")
    bare = re.sub(r"base64,[\w+/=]+", "", text)
    assert not elements.of("link") and not re.search(r"https?:", bare)
    links = [a["href"] for a in elements.of("a")]
    assert all(link.startswith("data:") or link == "mine.flac" for link in links)


def test_everything_is_named(elements):
    assert [a["lang"] for a in elements.of("html")] == ["en"]
    assert all(a["alt"] for a in elements.of("img"))
    captions = {a.get("id") for a in elements.of("figcaption")}
    assert {a["aria-labelledby"] for a in elements.of("audio")} == captions
    scrolling = [a for a in elements.of("div") if a.get("class") == "scroll"]
    assert len(scrolling) == 5 and all(a["tabindex"] == "0" and a["aria-label"] for a in scrolling)
    identities = [a["id"] for _, a in elements.found if "id" in a]
    assert len(identities) == len(set(identities))


def test_players_play_the_clips(composition, elements):
    heard = {a["id"]: a["src"].partition("base64,")[2] for a in elements.of("audio")}
    new, rate = soundfile.read(io.BytesIO(base64.b64decode(heard["new"])), dtype="float32")
    assert rate == SAMPLE_RATE
    np.testing.assert_allclose(new, composition.audio, atol=1 / 2**15)
    given, _ = soundfile.read(io.BytesIO(base64.b64decode(heard["input"])), dtype="float32")
    np.testing.assert_allclose(given, np.clip(drums(2), -1, 1), atol=1 / 2**15)


def test_downloads_are_the_files(composition, elements):
    files = {a["download"]: a["href"] for a in elements.of("a")}
    assert set(files) == {"mine.flac", "mine.mid", "mine.json", "mine.groove", "mine.chords"}
    content = {name: base64.b64decode(uri.partition("base64,")[2]) for name, uri in files.items()}
    assert json.loads(content["mine.json"]) == json.loads(composition.json)
    assert content["mine.mid"] == composition.midi
    assert content["mine.chords"].decode() == composition.chords_text


def test_verdict_is_said_in_words(composition, text):
    assert composition.report["verdict"] == "gated"  # see test_session
    assert "Not new: gated" in text and 'class="verdict warning"' in text


def test_names_are_text_and_nothing_else(composition, tmp_path):
    path = tmp_path / "<b>&\"'.wav"
    soundfile.write(path, drums(1), SAMPLE_RATE)
    made = make_session().compose(path, path, arranger="network")
    for written in (made.html("<i>"), made._repr_html_()):
        assert "<b>" not in written and "<i>" not in written and "&lt;b&gt;&amp;" in written


def test_a_composition_is_one_line_where_there_are_no_pictures(composition):
    words = r"Composition\(\d+\.\d\d s, [\d.]+ kHz (mono|stereo), \d+ notes, verdict '.+'\)"
    assert re.fullmatch(words, repr(composition))


def test_notebook_shows_players_and_picture(composition):
    elements = Elements(composition._repr_html_())
    assert elements.open == [] and len(elements.of("audio")) == 3 and len(elements.of("img")) == 1


def test_index_links_the_pages():
    entries = [
        IndexEntry("a × b", "a b.html", "a b.wav", "new", {"onset_f1": 0.5, "in_chord": 0.25}),
        IndexEntry("<c>", "c.html", "c.wav", "gated", {"onset_f1": 1.0, "in_chord": None}),
    ]
    text = page.index(entries)
    elements = Elements(text)
    assert elements.open == []
    assert [a["href"] for a in elements.of("a")] == ["a%20b.html", "c.html"]
    assert [a["src"] for a in elements.of("audio")] == ["a%20b.wav", "c.wav"]
    assert "✓ new" in text and "⚠ gated" in text and "&lt;c&gt;" in text and "0.250" in text
