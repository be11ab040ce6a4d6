"""The page of a composition in a real browser: `pytest -m browser tests/inference`."""

import shutil
import time

import pytest
from fakes import chord, drums, make_session

from compjax.constants import SAMPLE_RATE
from compjax.pages import pictures

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = pytest.mark.browser

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --autoplay-policy=no-user-gesture-required"
).split()
LONGEST = 60.0
"""Seconds that anything may take."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium with the page of a composition of four seconds."""
    folder = tmp_path_factory.mktemp("page")
    made = make_session().compose(drums(4), chord(2), sample_rate=SAMPLE_RATE, arranger="network")
    path = made.save_page(folder / "out.html")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get(path.as_uri())
    wait(
        lambda: driver.execute_script("return [...document.querySelectorAll('audio')].every(a => a.duration)")
    )
    yield driver
    driver.quit()


def wait(condition):
    """Until a condition holds."""
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_nothing_is_fetched_and_nothing_goes_wrong(browser):
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


def test_players_keep_their_place_and_pictures_show_it(browser):
    run = browser.execute_script
    run("for (const audio of document.querySelectorAll('audio')) audio.muted = true")
    run("document.getElementById('new').play()")
    wait(lambda: run("return document.getElementById('new').currentTime") > 0.5)
    before = run("return document.getElementById('new').currentTime")
    run("document.getElementById('input').play()")
    wait(lambda: run("return document.getElementById('input').currentTime") >= before)
    assert run("return document.getElementById('new').paused")
    run("document.getElementById('input').pause(); document.getElementById('input').currentTime = 2")
    left = "return document.querySelector('.playhead').style.left"
    expected = 100 * (pictures.LEFT + 2 / 4 * (pictures.RIGHT - pictures.LEFT))
    wait(lambda: abs(float(run(left).rstrip("%")) - expected) < 0.1)
    assert not run("return document.querySelector('.playhead').hidden")


def test_a_click_on_a_picture_seeks(browser):
    box = browser.execute_script(
        "const picture = document.querySelectorAll('.picture')[2]; picture.scrollIntoView();"
        "const box = picture.getBoundingClientRect(); const share = arguments[0];"
        "const clientX = box.left + share * box.width;"
        "picture.dispatchEvent(new MouseEvent('click', {clientX, bubbles: true}));"
        "return document.getElementById('input').currentTime",
        pictures.LEFT + 0.25 * (pictures.RIGHT - pictures.LEFT),
    )
    assert box == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("width", [360, 640, 1280])  # 640 is 1280 at 200 %
def test_page_does_not_scroll_sideways(browser, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_sound_is_downloaded_from_the_page(browser):
    link = browser.execute_script("return document.querySelector('a[data-of]').href")
    assert link.startswith("data:audio/flac;base64,")
