"""A visitor of the page: Chromium, headless, and what can be done with it.

Its fake microphone beeps once a second. What is played is measured on its way to the loudspeaker.
"""

import shutil
import time

from selenium import webdriver
from selenium.webdriver.common.by import By

LONGEST = 240.0
"""Seconds that anything may take: the first composition compiles."""

CHROMIUM_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()

MEASURE_SOUND = """
window.AudioContext = class extends AudioContext {
  constructor() {
    super();
    window.analyser = new AnalyserNode(this, { fftSize: 32768 });
    this.destination.tapped = true;
  }
};
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to.tapped) connect.call(this, window.analyser);
  return connect.call(this, to, ...rest);
};
window.loudness = () => {
  const samples = new Float32Array(window.analyser.fftSize);
  window.analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
};
"""


class Visitor:
    """A browser of its own, and what a visitor does with it."""

    def __init__(self, address, folder, width=1280):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
        for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        downloads = {"behavior": "allow", "downloadPath": str(folder)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", downloads)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": MEASURE_SOUND})
        self.driver.get(address)
        self.wait(lambda: self.all("#examples button"))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.one(selector).click()

    def choose(self, name, value):
        """Click on a radio button's label."""
        self.click(f"label:has(input[name={name}][value='{value}'])")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, seconds=LONGEST):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"it never came; the page says: {self.one('body').text}"
            time.sleep(0.1)
        return found

    def upload(self, role, path):
        self.one(f"#clip-{role} input[type=file]").send_keys(str(path))

    def error(self, role):
        return self.wait(lambda: self.one(f"#clip-{role} .error").text, 20)

    def loaded(self, role):
        """Wait until a clip was listened to; what the page says of it."""
        said = f"#clip-{role} .facts"
        return self.wait(lambda: "seconds ·" in (text := self.one(said).text) and "…" not in text and text)

    def compose(self):
        """Wait for the result of a click on the button."""
        self.click("#compose")
        self.wait(lambda: self.one("#working").is_displayed(), 10)
        self.finished()

    def finished(self):
        self.wait(lambda: not self.one("#working").is_displayed())
        assert self.one("#compose-error").text == ""
        assert self.one("#result").is_displayed()

    def position(self):
        return float(self.one("#result-transport input[type=range]").get_attribute("value"))

    def complaints(self):
        """What the browser's console holds but answers that were no."""
        return [line for line in self.driver.get_log("browser") if "status of 4" not in line["message"]]
