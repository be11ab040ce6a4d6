"""Pictures of the page for its documentation: python tests/helpers/page_pictures.py ADDRESS FOLDER."""

import base64
import io
import pathlib
import sys
import tempfile
import time

from PIL import Image
from visitor import Visitor

SHOTS = (("page-1440", 1440, "light", 0.5), ("page-768", 768, "dark", 0.5), ("page-390", 390, "light", 0.6))
"""Name, width in pixels, scheme, and how much smaller the picture is."""


def shoot(visitor: Visitor, width: int, scheme: str, scale: float) -> bytes:
    """The whole page as a small PNG."""
    run = visitor.driver.execute_cdp_cmd
    run("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    run("Emulation.setDeviceMetricsOverride", metrics)
    time.sleep(1.0)
    area = {"x": 0, "y": 0, "width": width, "scale": 1}
    area["height"] = visitor.run("return document.documentElement.scrollHeight")
    shot = run("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": area})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    small = picture.resize((round(width * scale), round(picture.height * scale)), Image.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def prepare(visitor: Visitor) -> None:
    """An example, two takes, and the hits of the first under edit."""
    visitor.click("#examples button")
    visitor.loaded("input"), visitor.loaded("target")
    for factor, source in (("rhythm", "input"), ("harmony", "target"), ("timbre", "target")):
        visitor.choose(factor, source)
    visitor.run("document.querySelector('#num_samples').value = 2")
    visitor.compose()
    visitor.wait(lambda: len(visitor.all(".take")) == 2 and visitor.all("#result-figure canvas"))
    visitor.choose("edit", "hits")
    visitor.run("document.querySelector('#style').closest('details').open = true")


def main(address: str, folder: str) -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as profile:
        visitor = Visitor(address, pathlib.Path(profile), width=1440)
        try:
            prepare(visitor)
            for name, *shape in SHOTS:
                (pathlib.Path(folder) / f"{name}.png").write_bytes(shoot(visitor, *shape))
        finally:
            visitor.driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
