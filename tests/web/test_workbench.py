"""What is changed and played at the page, in a real browser: notes, chords, keys, links, reloads, widths."""

import axe
import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = pytest.mark.browser

FETCH = """
const [done] = [...arguments].slice(-1), links = [...document.querySelectorAll("#downloads a")];
Promise.all(links.map(async (link) => {
  const answer = await fetch(link.href), content = await answer.arrayBuffer(), data = new DataTransfer();
  link.dispatchEvent(new DragEvent("dragstart", { dataTransfer: data, bubbles: true }));
  const start = String.fromCharCode(...new Uint8Array(content.slice(0, 4)));
  return [link.textContent, answer.status, start, data.getData("DownloadURL")];
})).then(done);
"""

PLAYED = """
const [done] = [...arguments].slice(-1), link = document.querySelector("#downloads a[href$='.json']");
fetch(link.href).then((answer) => answer.json()).then((report) => done(report.played));
"""

WIDTHS = (1440, 768, 390)


@pytest.fixture
def composed(visit):
    """A visitor with one take of the first example, drums on a guitar, with stems."""
    visitor = visit(width=1440)
    visitor.click("#examples button")
    visitor.loaded("input"), visitor.loaded("target")
    for factor, source in (("rhythm", "input"), ("harmony", "target"), ("timbre", "target")):
        visitor.choose(factor, source)
    visitor.run("document.querySelector('#option-stems').checked = true")
    visitor.compose()
    visitor.wait(lambda: visitor.all("#result-figure .bar-mark"), 20)
    return visitor


def heard(visitor) -> str:
    return visitor.one("input[name=hear]:checked").get_attribute("value")


def press(visitor, *keys):
    """Keys for what has the focus, whichever element it is by now: lanes are drawn anew after each change."""
    ActionChains(visitor.driver).send_keys(*keys).perform()


def changed(visitor, act) -> list[dict]:
    """The notes of the take that a change has made."""
    before = visitor.one("#downloads a[href$='.json']").get_attribute("href")
    act()
    link = "#downloads a[href$='.json']"
    visitor.wait(lambda: "There after" in visitor.one("#editor-said").text, 60)
    visitor.wait(lambda: visitor.one(link).get_attribute("href") != before, 60)
    return visitor.driver.execute_async_script(PLAYED)


def test_keys_play_switch_and_loop(composed):
    visitor = composed
    visitor.run("document.querySelector('#result').focus()")
    for key, source in (("1", "input"), ("2", "target"), ("3", "result")):
        press(visitor, key)
        assert heard(visitor) == source
    press(visitor, "l")
    assert visitor.one("#result-transport label:nth-of-type(1) input").is_selected()
    press(visitor, "l")
    for beat in (0.5, 1.0):
        press(visitor, Keys.ARROW_RIGHT)
        assert visitor.position() == pytest.approx(beat, abs=0.03)
    press(visitor, Keys.ARROW_LEFT)
    assert visitor.position() == pytest.approx(0.5, abs=0.03)
    press(visitor, Keys.SPACE)
    visitor.wait(lambda: visitor.position() > 0.7 and visitor.run("return window.loudness()") > 0.003, 20)
    press(visitor, Keys.SPACE)


def test_notes_are_deleted_moved_and_voices_muted(composed):
    visitor = composed
    notes = visitor.driver.execute_async_script(PLAYED)
    visitor.choose("edit", "notes")
    visitor.wait(lambda: visitor.all(".notes .event"), 20)
    assert len(visitor.all(".notes .event")) == len(notes)
    first = visitor.all(".notes .event")[0]
    assert "chord" in first.get_attribute("title")  # why it is there
    first.click()
    fewer = changed(visitor, lambda: press(visitor, Keys.DELETE))
    assert len(fewer) == len(notes) - 1
    moved = changed(visitor, lambda: press(visitor, Keys.ARROW_UP))
    was, now = (sorted(note["pitch"] for note in each) for each in (fewer, moved))
    assert sum(now) == sum(was) + 1
    voices = {note["voice"] for note in moved}
    assert {"low", "mid"} <= voices
    left = changed(visitor, lambda: visitor.click("#editor label:has(input):nth-of-type(2)"))
    assert {note["voice"] for note in left} == voices - {"low"}
    undone = changed(
        visitor,
        lambda: visitor.run(
            "document.querySelectorAll('#editor button').forEach("
            "(button) => { if (button.textContent === 'Start again') button.click(); })"
        ),
    )
    assert len(undone) == len(notes)


def test_a_chord_is_clicked_and_named(composed):
    visitor = composed
    visitor.choose("edit", "chords")
    visitor.wait(lambda: visitor.all("#result-figure button.chord"), 20)
    visitor.click("#result-figure button.chord")
    assert visitor.run("return document.activeElement.id") == "chord-name"
    press(visitor, "Dm7", Keys.ENTER)
    visitor.wait(lambda: "There after" in visitor.one("#editor-said").text, 60)
    assert visitor.one("#result-figure button.chord").text == "Dm7"
    assert visitor.one("#result-title").text == "Take 1, other chords"


def test_every_link_answers_and_can_be_dragged(composed):
    found = composed.driver.execute_async_script(FETCH)
    begin = {kind.split(",")[0]: start for kind, status, start, _ in found if status == 200}
    assert {"WAV": "RIFF", "FLAC": "fLaC", "MIDI": "MThd", "Stems": "PK\x03\x04"}.items() <= begin.items()
    assert {"Instrument": "PK\x03\x04", "Report": "<!do"}.items() <= begin.items()
    assert set(begin) >= {"Groove", "Chords", "JSON"} and len(begin) == len(found) == 9
    for _, _, _, dragged in found:
        kind, name, link = dragged.split(":", 2)
        assert "/" in kind and name.startswith("Take-1.") and link.startswith("http://127.0.0.1")


def test_takes_and_their_settings_are_there_after_a_reload(composed):
    visitor = composed
    visitor.run(
        "const name = document.querySelector('.take-name');"
        "name.value = 'Mine'; name.dispatchEvent(new Event('change'))"
    )
    visitor.click(".take button[aria-label*=Keep]")
    visitor.driver.refresh()
    visitor.wait(lambda: visitor.all(".take"), 20)
    assert visitor.one(".take-name").get_attribute("value") == "Mine"
    assert visitor.one(".take button[aria-pressed=true][aria-label*=Kept]")
    assert heard(visitor) == "result" and not visitor.one("#option-stems").is_selected()
    visitor.click(".take button[aria-label^='Use its']")
    assert visitor.one("input[name=rhythm]:checked").get_attribute("value") == "input"
    assert visitor.run("return document.querySelector('#option-stems').checked")
    visitor.wait(lambda: visitor.all("#result-figure .bar-mark"), 20)


def test_a_recording_is_counted_in_and_its_level_is_shown(visit):
    visitor = visit()
    visitor.click("#clip-input .count")
    visitor.click("#clip-input .record")
    visitor.wait(lambda: visitor.one("#clip-input .clock").text.startswith("in "), 10)
    visitor.wait(lambda: visitor.one("#clip-input .clock").text == "0:01", 20)  # counted in, and recording
    visitor.wait(lambda: float(visitor.one("#clip-input .level").get_attribute("value")) > 0.1, 10)
    visitor.click("#clip-input .stop")
    visitor.loaded("input")
    assert visitor.one("#clip-input .name").text == "recording.wav"


def test_axe_finds_nothing_at_any_width_in_either_scheme(composed):
    if axe.source() is None:
        pytest.skip("axe-core cannot be fetched here")
    visitor = composed
    visitor.run("document.querySelectorAll('details').forEach((all) => { all.open = true; })")
    for width in WIDTHS:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for scheme in ("light", "dark"):
            wanted = [{"name": "prefers-color-scheme", "value": scheme}]
            visitor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
            for what in ("", "hits", "chords", "notes"):
                visitor.choose("edit", what)
                visitor.wait(lambda: visitor.all("#result-figure .axis span"), 20)
                assert axe.violations(visitor.driver) == [], (width, scheme, what)
            assert visitor.run("return document.documentElement.scrollWidth") <= width
