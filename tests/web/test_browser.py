"""The page in a real browser, over the command and the bundled model: `pytest -m browser tests/web`."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
import soundfile
from fakes import chord, drums

from compjax.constants import SAMPLE_RATE

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys  # noqa: E402
from visitor import Visitor  # noqa: E402

pytestmark = pytest.mark.browser

MAX_SECONDS = 9

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
    visitor.click("#variations label:nth-of-type(2)")
    assert visitor.position() == paused
    for link in visitor.all("#downloads a"):
        link.click()
    files = visitor.wait(
        lambda: (f := sorted((tmp_path / "visitor0").glob("*_seed0_1.*"))) and len(f) == 3 and f, 20
    )
    assert [path.suffix for path in files] == [".json", ".mid", ".wav"]
    assert soundfile.info(files[2]).duration == pytest.approx(8.0)
    words = json.loads(files[0].read_text())["words"]
    assert [item.text for item in visitor.all("#words li")] == words[:-1]
    assert visitor.one(".verdict").text.lower() == words[-1].lower()


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
    visitor.click("#edit summary")
    box = visitor.wait(lambda: visitor.one("#chords").is_displayed() and visitor.one("#chords"), 10)
    box.clear()
    box.send_keys("0.0 Dm\n2.0 G7")
    visitor.click("#recompose")
    visitor.finished()
    visitor.wait(lambda: [c.text for c in visitor.all("#result-figure .chords span")] == ["Dm", "G7"], 20)
    box.clear()
    box.send_keys("0.0 Nonsense")
    visitor.click("#recompose")
    visitor.wait(lambda: "line 1" in visitor.one("#compose-error").text, 20)


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


@pytest.mark.parametrize("width, letters", [(360, 100), (640, 100), (1280, 200)])
def test_nothing_sticks_out(visit, width, letters):
    visitor = visit(width=width)
    visitor.run(f"document.documentElement.style.fontSize = '{letters}%'")
    visitor.click("#examples button")
    visitor.loaded("input"), visitor.loaded("target")
    visitor.compose()
    visitor.click("#numbers summary"), visitor.click("#edit summary")
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

    visitor.wait(gone, 10)
