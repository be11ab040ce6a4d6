"""What composing loads and compiles, counted: a fifth more is a change to be seen, and to be meant.

Counts and not times, so that a busy machine fails nothing. Who means to have more writes the new count here.
"""

import json
import pathlib
import subprocess
import sys

import pytest

import compjax

ALLOWED = 1.2

COUNTS = {"modules at start": 150, "modules": 1173, "programs": 4, "operations": 6420}

SECOND_MODULES = 900
"""Modules of a composition for which traced programs are kept."""

COMPOSING = """
import json, os, sys, tempfile
os.environ["COMPJAX_CACHE"] = sys.argv.pop(1)
import compjax.cli.compose
counts = {"modules at start": len(sys.modules)}
import jax
folder = tempfile.mkdtemp()
jax.config.update("jax_dump_ir_to", folder)
from compjax.audio import waveform
clips = [waveform.read(path, duration=2.0) for path in sys.argv[1:]]
switches = {"rhythm": "input", "harmony": "target", "timbre": "target"}
compjax.load().compose(*clips, sample_rate=24_000, **switches)
texts = [open(os.path.join(folder, name)).read() for name in os.listdir(folder)]
counts |= {"modules": len(sys.modules), "programs": len(texts)}
counts |= {"operations": sum(text.count(" = ") for text in texts)}
print(json.dumps(counts | {"flax": "flax" in sys.modules}))
"""


def composed(cache: pathlib.Path) -> dict[str, int]:
    """Modules, programs and their operations of one composition in an interpreter of its own."""
    demo = pathlib.Path(compjax.__file__).parent / "assets" / "demo"
    given = [str(cache), *(str(demo / name) for name in ("drums.flac", "fifths.flac"))]
    done = subprocess.run(
        [sys.executable, "-c", COMPOSING, *given], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> pathlib.Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def counted(cache) -> dict[str, int]:
    """Those of the first composition on a machine."""
    return composed(cache)


@pytest.mark.parametrize("what", sorted(COUNTS))
def test_no_more_than_a_fifth_more(counted, what):
    assert counted[what] <= ALLOWED * COUNTS[what], counted


@pytest.mark.parametrize("what", sorted(COUNTS))
def test_what_became_less_is_written_down(counted, what):
    assert counted[what] >= COUNTS[what] / ALLOWED, counted


def test_the_second_composition_builds_no_network(counted, cache):
    """Traced programs are kept, and what only tracing needs is not even loaded."""
    again = composed(cache)
    assert counted["flax"] and not again["flax"]
    assert again["modules"] <= ALLOWED * SECOND_MODULES
