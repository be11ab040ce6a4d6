"""The page in a real browser, over the command and the bundled model: `pytest -m browser tests/web`."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
import soundfile
from fakes import chord, drums

from compjax.constants import SAMPLE_RATE

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = pytest.mark.browser

STICKING_OUT = """
const all = [...document.querySelectorAll("button, label, input, a, p, th, td")];
const shown = all.filter((e) => e.checkVisibility() && !e.closest(".visually-hidden, .scroll"));
return shown.filter((e) => e.getBoundingClientRect().right > arguments[0] + 1).map((e) => e.outerHTML);
"""


SEEK = """
const slider = document.querySelector("#result-transport input[type=range]");
slider.value = arguments[0];
slider.dispatchEvent(new Event("input"));
"""

SWITCH = """
const slider = document.querySelector("#result-transport input[type=range]");
const before = Number(slider.value);
document.querySelector(`input[name=hear][value=${arguments[0]}]`).click();
return [before, Number(slider.value)];
"""


def clip_file(path, audio):
    soundfile.write(path, audio, SAMPLE_RATE)
    return path


def test_an_example_is_composed_played_and_downloaded(visit, tmp_path):
    visitor = visit()
    visitor.click("#examples button")
    assert "120 beats per minute" in visitor.loaded("input") and "chords" in visitor.loaded("target")
    visitor.run("document.querySelector('#num_samples').value = 2")
    for factor, source in (("rhythm", "input"), ("harmony", "target"), ("timbre", "target")):
        visitor.choose(factor, source)
    visitor.compose()
    taken = "Rhythm 1.00 0.00 Harmony 0.00 1.00 Timbre 0.00 1.00"
    assert visitor.one("#taken").text.split()[-9:] == taken.split()
    visitor.wait(lambda: visitor.all("#result-figure canvas"), 10)

    loud = {}
    for source in ("target", "input", "result"):
        visitor.run(SEEK, 1.0)
        visitor.click("#result-transport button")
        before, after = visitor.run(SWITCH, source)  # one transport: it goes on from there
        assert before <= after < before + 0.5
        loud[source] = visitor.wait(
            lambda: (found := visitor.run("return window.loudness()")) > 0.003 and found, 20
        )
        visitor.click("#result-transport button")
        paused = visitor.position()
        assert paused > 1.0
        time.sleep(1.0)
        assert visitor.position() == paused and visitor.run("return window.loudness()") < 1e-6
    assert len(set(loud.values())) == 3

    visitor.choose("hear", "result")
    visitor.click(".take:nth-of-type(2) button[aria-label^=Hear]")
    assert visitor.position() == paused
    visitor.wait(lambda: "_1" in visitor.one("#downloads a").get_attribute("href").replace("/1/", "_1"), 10)
    for kind in ("wav", "mid", "json"):
        visitor.click(f"#downloads a[href$='out.{kind}']")
    files = visitor.wait(
        lambda: (f := sorted((tmp_path / "visitor0").glob("*_seed0_1.*"))) and len(f) == 3 and f, 20
    )
    assert [path.suffix for path in files] == [".json", ".mid", ".wav"]
    assert soundfile.info(files[2]).duration == pytest.approx(8.0)
    words = json.loads(files[0].read_text())["words"]
    told = [*(item.text for item in visitor.all("#words li")), visitor.one(".verdict").text]
    assert sorted(told) == sorted(words)


def test_bad_files_get_one_line_and_the_next_one_works(visit, tmp_path):
    visitor = visit()
    text = tmp_path / "notes.wav"
    text.write_text("no sound\n" * 99)
    visitor.upload("input", text)
    assert visitor.error("input").startswith("notes.wav: not a WAV, FLAC, OGG or MP3 file")
    visitor.upload("input", clip_file(tmp_path / "long.wav", drums(12)))
    visitor.wait(lambda: "12 seconds is too long" in visitor.error("input"), 20)
    visitor.run("Object.defineProperty(File.prototype, 'size', { get: () => 1e9 })")
    visitor.upload("target", clip_file(tmp_path / "huge.wav", drums(1)))
    assert "1000 MB is more than the 50 MB" in visitor.error("target")
    assert not visitor.one("#compose").is_enabled()
    visitor.driver.refresh()
    visitor.upload("input", clip_file(tmp_path / "drums.wav", drums(4)))
    visitor.loaded("input")
    assert visitor.one("#clip-input .name").text == "drums.wav"


def test_uploads_are_swapped_weighed_and_steered_by_chords(visit, tmp_path):
    visitor = visit()
    visitor.upload("target", clip_file(tmp_path / "drums.wav", drums(4)))
    visitor.upload("input", clip_file(tmp_path / "chord.wav", chord(4)))
    for role in ("input", "target"):
        visitor.loaded(role)
    visitor.click("#swap")
    assert visitor.one("#clip-input .name").text == "drums.wav"
    visitor.click("#numbers summary")
    visitor.run("const s = document.querySelector('#weight-target-timbre'); s.value = 0.5;")
    assert not visitor.one("input[name=rhythm]").is_enabled()
    visitor.compose()
    assert visitor.one("#taken").text.split()[-3:] == ["Timbre", "0.00", "0.50"]
    visitor.wait(lambda: visitor.all("#result-figure canvas"), 20)
    visitor.choose("edit", "chords")

    def write(text):
        visitor.wait(lambda: visitor.all("#editor details"), 10)
        visitor.run("document.querySelector('#editor details').open = true")
        visitor.run("document.querySelector('#chords').value = arguments[0]", text)
        visitor.click("#editor details button")

    write("0.0 Dm\n2.0 G7")
    visitor.wait(lambda: "There after" in visitor.one("#editor-said").text, 60)
    assert [c.text for c in visitor.all("#result-figure .chord")] == ["Dm", "G7"]
    assert visitor.one("#result-title").text == "Take 1, other chords"
    write("0.0 Nonsense")
    visitor.wait(lambda: "line 1" in visitor.one("#editor-said").text, 20)


def test_recording_and_what_only_the_browser_can_read(visit):
    visitor = visit()
    visitor.click("#clip-input .record")
    time.sleep(2.5)
    visitor.click("#clip-input .stop")
    visitor.loaded("input")
    assert visitor.one("#clip-input .name").text == "recording.wav"
    visitor.click("#clip-input .remove")
    visitor.click("#clip-input .record")
    visitor.wait(lambda: visitor.one("#clip-input .discard").is_displayed(), 10)
    visitor.click("#clip-input .discard")
    visitor.wait(lambda: visitor.one("#clip-input .drop").is_displayed(), 10)
    visitor.run(
        """
        const context = new AudioContext(), stream = context.createMediaStreamDestination();
        const tone = new OscillatorNode(context, { frequency: 220 });
        tone.connect(stream); tone.start(); context.resume();
        const recorder = new MediaRecorder(stream.stream, { mimeType: "audio/webm" });
        recorder.ondataavailable = ({ data }) => {
          const files = new DataTransfer(), field = document.querySelector("#clip-target input[type=file]");
          files.items.add(new File([data], "tone.webm"));
          field.files = files.files;
          field.dispatchEvent(new Event("change"));
        };
        recorder.start();
        setTimeout(() => recorder.stop(), 1500);
        """
    )
    visitor.loaded("target")
    assert visitor.one("#clip-target .name").text == "tone.webm"


def test_two_visitors_share_the_machine_and_one_cancels(visit):
    first, second = visit(), visit()
    for visitor in (first, second):
        visitor.click("#examples button")
        visitor.loaded("input"), visitor.loaded("target")
    first.run("document.querySelector('#num_samples').value = 8")
    first.click("#compose")
    first.wait(lambda: "%" in first.one("#phase").text, 20)
    second.click("#compose")
    second.wait(lambda: second.one("#phase").text == "Waiting: one composition comes first", 20)
    values = [float(first.one("#progress").get_attribute("value")) for _ in range(2) if not time.sleep(1.5)]
    assert 0 < values[0] <= values[1] < 1
    first.click("#cancel")
    first.wait(lambda: first.one("#compose").is_displayed(), 5)
    second.finished()


def test_a_keyboard_is_enough(visit):
    visitor = visit()

    def press(*keys):
        for key in keys:
            visitor.driver.switch_to.active_element.send_keys(key)

    def tab_to(condition):
        for _ in range(60):
            press(Keys.TAB)
            if visitor.run(f"const e = document.activeElement; return {condition}"):
                return
        raise AssertionError(f"never reached {condition}")

    tab_to("e.closest('#examples') !== null")
    press(Keys.ENTER)
    visitor.loaded("input"), visitor.loaded("target")
    tab_to("e.name === 'rhythm'")
    press(Keys.ARROW_LEFT)
    assert visitor.one("input[name=rhythm]:checked").get_attribute("value") == "input"
    tab_to("e.id === 'compose'")
    press(Keys.ENTER)
    visitor.wait(lambda: visitor.run("return document.activeElement.id") == "cancel", 10)
    visitor.finished()
    visitor.wait(lambda: visitor.run("return document.activeElement.id") == "result", 10)
    tab_to("e.closest('#result-transport') !== null")
    press(Keys.SPACE)
    visitor.wait(lambda: visitor.position() > 0.2, 20)
    press(Keys.SPACE)
    tab_to("e.name === 'edit'")
    press(Keys.ARROW_RIGHT)
    visitor.wait(lambda: visitor.all(".hits .event"), 20)
    hits = len(visitor.all(".hits .event"))
    visitor.run("document.querySelector('#result-transport button').focus()")
    tab_to("e.closest('.events') !== null")
    press(Keys.ARROW_RIGHT)
    press(Keys.DELETE)
    visitor.wait(lambda: "There after" in visitor.one("#editor-said").text, 60)
    assert len(visitor.all(".hits .event")) == hits - 1
    assert visitor.run("return document.activeElement.closest('.events') !== null")


@pytest.mark.parametrize("width, letters", [(360, 100), (640, 100), (1280, 200)])
def test_nothing_sticks_out(visit, width, letters):
    visitor = visit(width=width)
    visitor.run(f"document.documentElement.style.fontSize = '{letters}%'")
    visitor.click("#examples button")
    visitor.loaded("input"), visitor.loaded("target")
    visitor.compose()
    visitor.run("document.querySelectorAll('details').forEach((all) => { all.open = true; })")
    visitor.wait(lambda: visitor.all("#result-figure canvas"), 20)
    for what in ("hits", "chords", "notes"):
        visitor.choose("edit", what)
        assert visitor.run(STICKING_OUT, width) == []
    assert visitor.run("return document.documentElement.scrollWidth") <= width
    assert visitor.run(STICKING_OUT, width) == []


def test_closing_the_page_deletes_what_was_brought(visit, address, tmp_path):
    visitor = visit()
    visitor.upload("input", clip_file(tmp_path / "drums.wav", drums(2)))
    visitor.loaded("input")
    names = visitor.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    [clip] = {re.match(r".*/api/clips/[\w-]+(?=/)", name)[0] for name in names if "/spectrogram" in name}
    assert urllib.request.urlopen(clip).status == 200
    visitor.driver.get("about:blank")

    def gone():
        try:
            return not urllib.request.urlopen(clip)
        except urllib.error.HTTPError as error:
            return error.code == 404

    time.sleep(22)  # asking before would count as coming back
    assert gone()


def test_a_page_that_is_loaded_again_still_has_its_clips_and_takes(visit):
    visitor = visit()
    visitor.click("#examples button")
    visitor.loaded("input"), visitor.loaded("target")
    visitor.compose()
    visitor.driver.refresh()
    visitor.loaded("input"), visitor.loaded("target")
    assert visitor.wait(lambda: visitor.all(".take"), 20)
    visitor.wait(lambda: visitor.one("#result").is_displayed() and visitor.all("#result-figure canvas"), 20)
    time.sleep(22)  # what was left is deleted after 20 s, and this was not left
    visitor.click("#result-transport button")
    visitor.wait(lambda: visitor.position() > 0.2, 20)
