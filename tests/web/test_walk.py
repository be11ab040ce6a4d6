"""A whole walk in a real browser: two dropped files, three takes compared, a hit edited, downloads."""

import base64
import io
import re
import time
import zipfile

import axe
import numpy as np
import pytest
import soundfile
from fakes import chord, drums

from compjax.constants import SAMPLE_RATE

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = pytest.mark.browser

DROP = """
const files = new DataTransfer();
for (const [name, text] of arguments[0]) {
  files.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
}
const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true });
document.querySelector("#clip-target").dispatchEvent(drop);
"""

CHOOSE = """
const slider = document.querySelector("#result-transport input[type=range]"), before = Number(slider.value);
document.querySelector(`.take:nth-of-type(${arguments[0]}) button[aria-label^=Hear]`).click();
return [before, Number(slider.value)];
"""

DRAGGED = """
const link = document.querySelector("#downloads a[href$='.mid']"), data = new DataTransfer();
link.dispatchEvent(new DragEvent("dragstart", { dataTransfer: data, bubbles: true }));
return data.getData("DownloadURL");
"""


def file_of(audio) -> str:
    """A WAV file in base64."""
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, SAMPLE_RATE, format="WAV")
    return base64.b64encode(buffer.getvalue()).decode()


def said(visitor):
    """What the editor says once a change is heard."""
    return visitor.wait(lambda: "There after" in (text := visitor.one("#editor-said").text) and text, 60)


def test_from_two_dropped_files_to_three_takes_an_edited_hit_and_downloads(visit, tmp_path):
    visitor = visit(width=1440)
    visitor.run(DROP, [["beat.wav", file_of(drums(4))], ["pad.wav", file_of(chord(4))]])
    for role, name in (("input", "beat.wav"), ("target", "pad.wav")):
        visitor.loaded(role)
        assert visitor.one(f"#clip-{role} .name").text == name
    for factor, source in (("rhythm", "input"), ("harmony", "target"), ("timbre", "target")):
        visitor.choose(factor, source)
    visitor.run("document.querySelector('#num_samples').value = 3")
    visitor.run("document.querySelector('#option-stems').checked = true")
    visitor.compose()
    assert len(visitor.all(".take")) == 3

    # Compare: one transport, the place stays; each take has its own sound.
    visitor.click("#result-transport label:nth-of-type(1) input")  # the loop
    visitor.click("#result-transport button")
    loud = []
    for number in (2, 3, 1):
        before, after = visitor.run(CHOOSE, number)
        assert before <= after < before + 0.5 or after < 0.5  # it goes on from there
        assert visitor.one("#result-title").text == f"Take {number}"
        loud.append(visitor.wait(lambda: (x := visitor.run("return window.loudness()")) > 0.003 and x, 20))
    visitor.click("#result-transport button")
    assert max(loud) < 4 * min(loud)

    # The settings have changed: it is said.
    assert not visitor.one("#stale").is_displayed()
    visitor.choose("timbre", "input")
    assert visitor.one("#stale").is_displayed()
    visitor.click(".take:nth-of-type(1) button[aria-label^='Use its']")
    assert not visitor.one("#stale").is_displayed()

    # A hit goes; what is composed anew has no note there.
    visitor.choose("edit", "hits")
    visitor.wait(lambda: visitor.all(".hits .event"), 10)
    hits = len(visitor.all(".hits .event"))
    visitor.all(".hits .event")[0].click()
    visitor.driver.switch_to.active_element.send_keys(Keys.DELETE)
    said(visitor)
    assert len(visitor.all(".hits .event")) == hits - 1 and len(visitor.all(".take")) == 4
    assert visitor.one("#result-title").text == "Take 1, other hits"
    visitor.driver.switch_to.active_element.send_keys(Keys.ENTER)  # the next hit's accent
    visitor.wait(lambda: "Making" in visitor.one("#editor-said").text, 10)
    said(visitor)
    assert len(visitor.all(".take")) == 4  # the change before is replaced

    # Out of the page: dragged, as a file, all as a ZIP.
    kind, name, link = visitor.run(DRAGGED).split(":", 2)
    assert (kind, name) == ("audio/midi", "Take-1-other-hits.mid") and link.startswith("http://")
    visitor.click("#downloads a[href$='.groove.txt']")
    [groove] = visitor.wait(lambda: list((tmp_path / "visitor0").glob("*.groove.txt")), 20)
    assert f"{hits - 1}" == str(sum(line.lstrip()[:1].isdigit() for line in groove.read_text().splitlines()))
    visitor.click("#downloads a[href$='.stems.zip']")
    [stems] = visitor.wait(lambda: list((tmp_path / "visitor0").glob("*.stems.zip")), 20)
    names = visitor.wait(lambda: zipfile.is_zipfile(stems) and zipfile.ZipFile(stems).namelist(), 20)
    assert names == ["out_low.wav", "out_mid.wav", "out_high.wav"]
    visitor.click("#zip")
    [takes] = visitor.wait(lambda: list((tmp_path / "visitor0").glob("takes.zip")), 20)
    names = visitor.wait(lambda: zipfile.is_zipfile(takes) and zipfile.ZipFile(takes).namelist(), 20)
    assert [name for name in names if name.endswith(".wav")] == [
        f"{number:02}-{text}/{number:02}-{text}.wav"
        for number, text in enumerate(("take-1", "take-2", "take-3", "take-1-other-hits"), 1)
    ]

    # Keep one, discard the others.
    visitor.click(".take:nth-of-type(4) button[aria-label*=Keep]")
    visitor.click("#discard-others")
    assert [take.get_attribute("value") for take in visitor.all(".take-name")] == ["Take 1, other hits"]


def test_tempo_is_halved_with_one_click_and_set_for_the_composition(visit):
    visitor = visit()
    visitor.run(DROP, [["beat.wav", file_of(drums(4))], ["pad.wav", file_of(chord(4))]])
    visitor.loaded("input"), visitor.loaded("target")
    assert "120 beats" in visitor.one("#clip-input .facts").text
    visitor.click("#clip-input .half")
    visitor.wait(lambda: "60 beats" in visitor.one("#clip-input .facts").text, 30)
    visitor.run(
        "const m = document.querySelector('#clip-input .meter');"
        "m.value = '3/4'; m.dispatchEvent(new Event('change'))"
    )
    visitor.wait(lambda: [m.text for m in visitor.all("#clip-input .bar-mark")] == ["bar 1", "2"], 30)
    visitor.choose("rhythm", "input")
    visitor.run("document.querySelector('#option-bpm').value = 90")
    visitor.compose()
    words = " ".join(item.text for item in visitor.all("#words li"))
    assert re.search(r"input has 60(\.\d)? quarters per minute in 3/4", words)
    assert "The new piece: 90 quarters per minute in 3/4" in words
    assert visitor.one(".take p").text.startswith("rhythm from input, tempo 90")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violations(visit, scheme):
    if axe.source() is None:
        pytest.skip("axe-core cannot be fetched here")
    visitor = visit()
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    visitor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    assert axe.violations(visitor.driver) == []
    visitor.run(DROP, [["beat.wav", file_of(drums(2))], ["pad.wav", file_of(chord(2))]])
    visitor.loaded("input"), visitor.loaded("target")
    visitor.compose()
    visitor.run("document.querySelectorAll('details').forEach((all) => { all.open = true; })")
    for what in ("", "hits", "chords", "notes"):
        visitor.choose("edit", what)
        visitor.wait(lambda: visitor.all("#result-figure .axis span"), 20)
        assert axe.violations(visitor.driver) == [], what


def test_one_failed_answer_is_asked_for_again(visit):
    visitor = visit()
    visitor.run(DROP, [["beat.wav", file_of(drums(2))], ["pad.wav", file_of(chord(2))]])
    visitor.loaded("input"), visitor.loaded("target")
    visitor.run(
        """
        const real = window.fetch;
        let polls = 0;
        window.fetch = (path, ...rest) => /compositions\\/[^/]+$/.test(path) && ++polls % 2
          ? Promise.reject(new TypeError("no network")) : real(path, ...rest);
        """
    )
    visitor.compose()
    assert len(visitor.all(".take")) == 1


def test_what_is_wrong_with_a_file_is_said(visit, tmp_path):
    visitor = visit()
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.tile(drums(2), 2), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[: 44 + 3 * 2 * SAMPLE_RATE])
    visitor.upload("input", path)
    visitor.loaded("input")
    assert "only 75 %" in visitor.one("#clip-input .remarks").text


COUNT_CLICKS = """
window.clicks = [];
window.OscillatorNode = class extends OscillatorNode {
  start(when) { window.clicks.push(when); super.start(when); }
};
"""

SEEK = """
const slider = document.querySelector("#result-transport input[type=range]");
slider.value = arguments[0];
slider.dispatchEvent(new Event("input"));
const buttons = [...document.querySelectorAll("#result-transport button")];
buttons.find((button) => button.textContent === arguments[1]).click();
"""


def test_the_loop_keeps_its_bounds_and_the_metronome_the_beats(visit):
    visitor = visit()
    visitor.run(DROP, [["beat.wav", file_of(drums(4))], ["pad.wav", file_of(chord(4))]])
    visitor.loaded("input"), visitor.loaded("target")
    visitor.choose("rhythm", "input")
    visitor.compose()
    visitor.wait(lambda: visitor.all("#result-figure .bar-mark"), 20)
    visitor.run(COUNT_CLICKS)
    visitor.run(SEEK, 1.0, "from here")
    visitor.run(SEEK, 2.0, "to here")
    visitor.click("#result-transport label:nth-of-type(2) input")
    visitor.click("#result-transport button")
    visitor.wait(lambda: len(visitor.run("return window.clicks")) >= 6, 20)
    places = [visitor.position() for _ in range(10) if not time.sleep(0.15)]
    assert 1.0 <= min(places) < 1.4 and 1.6 < max(places) <= 2.0
    gaps = np.diff(visitor.run("return window.clicks"))
    assert gaps == pytest.approx(np.full(gaps.size, 0.5), abs=0.03)
