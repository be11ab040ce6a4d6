"""The page of an evaluation: every pair to be heard and seen, and nothing fetched from elsewhere."""

import html.parser
import io
import shutil
import time

import numpy as np
import pytest
import soundfile
from fakes import chord, drums

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.evaluation import benchmark, comparison, page, report
from compjax.evaluation.benchmark import Output
from compjax.evaluation.page import EvaluationPage
from compjax.evaluation.testsets import Pair
from compjax.pages import pictures

NAMES = ("x <i>&", "y")


class Elements(html.parser.HTMLParser):
    """Collects elements with their attributes, and whether every one is closed."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for found, attributes in self.found if found == tag]


def make(folder) -> dict:
    """Judge two systems on two pairs, the second one's target moved, into a page; the results."""
    clicks, chords = drums(2), chord(2)
    pairs = [Pair(NAMES[0], clicks, chords), Pair(NAMES[1], clicks, chords, aligned=np.roll(chords, 4800))]
    systems = {
        "compjax": lambda pair, switches: Output(0.2 * pair.reference),
        "My agent!": lambda pair, switches: Output(0.5 * pair.given),
        "my agent?": lambda pair, switches: Output(pair.given),
        **{name: benchmark.baseline_systems()[name] for name in ("copy input", "gated")},
    }
    with EvaluationPage(folder, pairs) as written:
        results = report.as_dict(benchmark.run(pairs, systems, keep=written.keep))
        results["models"] = {
            name: {"file": f"{name}.npz", "sha256": "ab" * 32} for name in ("compjax", "My agent!")
        }
        results["asked"] = {"pairs": "pairs.csv", "rendered": 0, "seed": 0, "align": True, "codec": "vocos"}
        changes = comparison.between_systems(results, "My agent!", "compjax")
        results["comparison"] = comparison.as_dicts(changes)
        assert list(folder.iterdir()) != [] and not (folder / "index.html").exists()
        assert written.finish(results) == folder / "index.html"
    return results


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder and the results."""
    place = tmp_path_factory.mktemp("evaluation")
    return place, make(place)


@pytest.fixture(scope="module")
def folder(made):
    return made[0]


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text)


def test_everything_lies_beside_the_page(folder, elements, text):
    assert sorted(path.name for path in folder.iterdir()) == ["audio", "index.html", "spectrograms"]
    named = {a["src"] for tag in ("audio", "img") for a in elements.of(tag)}
    there = {str(file.relative_to(folder)) for file in folder.glob("*/*")}
    assert named == there and "audio/001_my_agent.flac" in there and "audio/001_my_agent_2.flac" in there
    assert not elements.of("link") and not any("src" in a for a in elements.of("script"))
    assert "http:" not in text and "https:" not in text


def test_what_is_heard_is_what_was_made(folder):
    heard, rate = soundfile.read(folder / "audio" / "002_compjax.flac")
    assert rate == SAMPLE_RATE
    made = np.roll(chord(2), 4800)
    np.testing.assert_allclose(np.corrcoef(heard, made)[0, 1], 1.0, atol=1e-4)
    moved, _ = soundfile.read(folder / "audio" / "002_target_laid_along_the_input.flac")
    np.testing.assert_allclose(moved, heard, atol=2 / 2**15)  # one level for all
    assert not list(folder.glob("audio/001_target_laid*")) and not list(folder.glob("audio/*copy_input*"))


def test_only_what_is_in_time_keeps_time(elements):
    timed = {a["src"]: "data-time" in a for a in elements.of("audio")}
    assert not timed["audio/002_target.flac"] and sum(not value for value in timed.values()) == 1
    strips = [a for a in elements.of("div") if "strip" in a.get("class", "")]
    assert sum("data-to" not in a for a in strips) == 1
    assert {a["data-to"] for a in strips if "data-to" in a} == {"2.000"}


def test_headings_names_and_labels(elements, text):
    assert [tag for tag, _ in elements.found if tag in ("h1", "h2", "h3")] == ["h1", *["h2"] * 3, "h3", "h3"]
    identities = [a["id"] for _, a in elements.found if "id" in a]
    assert len(identities) == len(set(identities))
    for attributes in elements.of("audio"):
        assert set(attributes["aria-labelledby"].split()) <= set(identities)
    assert all(a["alt"] for a in elements.of("img"))
    assert {a["href"] for a in elements.of("a")} == {"#pair-1", "#pair-2"} <= {f"#{i}" for i in identities}
    scrolling = [a for a in elements.of("div") if "scroll" in a.get("class", "")]
    assert len(scrolling) == 5 and all(a["tabindex"] == "0" and a["aria-label"] for a in scrolling)
    assert "1. x &lt;i&gt;&amp;" in text and "<i>" not in text


def test_page_says_what_was_judged_and_how_it_did(text):
    for words in ("compjax.npz, SHA-256 abab", "pairs.csv", "rhythm of the input", "My agent! → compjax"):
        assert words in text
    assert "Without training: my agent?; gated" in text  # what has no weights is folded
    assert "⚠ copy" in text and "paired bootstrap over 2 recordings" in text


def test_scores_of_a_pair(made):
    _, results = made
    headings, [row] = page.pair_cells(results, ["My agent!"], 1)
    one = results["systems"]["My agent!"]["recordings"][1]
    cells = dict(zip(headings, row, strict=True))
    assert cells["joint"] == f"{one['joint']:.2f}" and cells["gating R²"] == f"{one['gating_r2']:.2f}"
    assert cells["rhythm"] == "1.50" and cells["verdict"] == "copy"  # beyond the ceiling, up to its limit


def test_rendered_pairs_and_systems_without_a_model():
    assert "8 rendered, seed 3" in page.facts(
        {"asked": {"pairs": None, "rendered": 8, "seed": 3, "align": True}, "switches": {"rhythm": "input"}}
    )
    names = {"systems": dict.fromkeys(("ceiling", "another rhythm", "compjax", "another instrument", "mix"))}
    models = {"models": {"compjax": {}}}
    assert page.shown_systems(names | models) == (["compjax", "ceiling"], ["mix"])
    assert page.shown_systems({"systems": {"mix": {}}}) == (["mix"], [])


def test_nothing_is_left_of_a_page_that_failed(tmp_path):
    pairs = [Pair("x", drums(1), chord(1))]
    with pytest.raises(KeyboardInterrupt), EvaluationPage(tmp_path, pairs) as written:
        written.keep("compjax", 0, Output(drums(1)))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(UserError, match="the page cannot be written"), EvaluationPage(tmp_path / "none", []):
        pass
    (tmp_path / "audio").touch()
    pairs = [Pair("x", drums(1), chord(1))]
    with (
        pytest.raises(UserError, match="the page cannot be written"),
        EvaluationPage(tmp_path, pairs) as written,
    ):
        written.finish(report.as_dict(benchmark.run(pairs, {})))
    assert [path.name for path in tmp_path.iterdir()] == ["audio"]


def test_strips_show_low_tones_low_and_silence_dark():
    from PIL import Image

    time_axis = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    image = Image.open(io.BytesIO(pictures.strip(np.sin(2 * np.pi * 65.4 * time_axis).astype(np.float32))))
    assert image.size == (75, 128)
    brightness = np.asarray(image.convert("L"), np.float32)[:, 20:50].mean(axis=1)
    assert abs(int(brightness.argmax()) - (127 - 15)) <= 1  # an octave above the lowest band
    silent = Image.open(io.BytesIO(pictures.strip(np.zeros(SAMPLE_RATE, np.float32))))
    assert np.asarray(silent.convert("L")).max() < 30


@pytest.fixture(scope="module")
def browser(folder, tmp_path_factory):
    """Chromium with the page."""
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking".split()
    flags += [
        "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ]
    for flag in flags:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get((folder / "index.html").as_uri())
    yield driver
    assert driver.get_log("browser") == []
    driver.quit()


def wait(condition):
    """Until a condition holds."""
    end = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.browser
@pytest.mark.parametrize("width, letters", [(360, 100), (640, 200), (1280, 100)])
def test_page_does_not_scroll_sideways(browser, width, letters):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_script(f"document.documentElement.style.fontSize = '{letters}%'")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_players_of_one_pair_keep_their_place_and_others_do_not(browser):
    run = browser.execute_script
    run("for (const audio of document.querySelectorAll('audio')) audio.muted = true")
    find = "document.querySelector('audio[src=\"audio/{}.flac\"]')"
    first, second, stranger = (find.format(n) for n in ("001_input", "001_compjax", "002_input"))
    run(f"{first}.play()")
    wait(lambda: run(f"return {first}.currentTime") > 0.5)
    before = run(f"return {first}.currentTime")
    run(f"{second}.play()")
    wait(lambda: run(f"return {second}.currentTime") >= before)
    assert run(f"return {first}.paused")
    run(f"{stranger}.play()")
    wait(lambda: run(f"return {stranger}.currentTime") > 0)
    assert run(f"return {second}.paused && {stranger}.currentTime") < before
    run(f"{stranger}.pause(); {stranger}.currentTime = 1.0")
    shown = (
        "return [...document.querySelectorAll('.playhead')].filter((line) => !line.hidden)"
        ".map((line) => [line.closest('.pair').getAttribute('aria-labelledby'), line.style.left])"
    )
    wait(lambda: run(shown) and all(one == ["pair-2", "50%"] for one in run(shown)))
