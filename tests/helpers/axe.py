"""axe-core finds what assistive technology stumbles over; fetched from the npm registry, not shipped."""

import io
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

PACKAGE = "axe-core@4.14.1"

RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then((found) => done(found.violations.map(
  ({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`)));
"""


def source() -> str | None:
    """The script; None where it is not to be had."""
    kept = pathlib.Path(tempfile.gettempdir()) / f"{PACKAGE}.js"
    if not kept.exists():
        if not shutil.which("npm"):
            return None
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run(["npm", "pack", PACKAGE], cwd=folder, capture_output=True, timeout=60)
            files = list(pathlib.Path(folder).glob("*.tgz"))
            if packed.returncode or not files:
                return None
            with tarfile.open(fileobj=io.BytesIO(files[0].read_bytes())) as archive:
                kept.write_bytes(archive.extractfile("package/axe.min.js").read())
    return kept.read_text()


def violations(driver) -> list[str]:
    """What is wrong with the page as it is now, a line each."""
    driver.execute_script(source())
    return driver.execute_async_script(RUN)
