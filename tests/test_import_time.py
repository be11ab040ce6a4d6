"""What composing loads, and what it must not load: the seconds before anything is heard."""

import subprocess
import sys

import pytest

# A whole composition needs NumPy, JAX, flax, soundfile, soxr and mido; these would cost seconds for nothing.
UNWANTED = {
    "librosa",
    "scipy.signal",
    "sklearn",
    "orbax",
    "optax",
    "tensorboardX",
    "matplotlib",
    "numba",
    "pandas",
}


def loaded_by(code: str) -> set[str]:
    """Names of the modules loaded once `code` has run in an interpreter of its own."""
    listing = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["compjax", "compjax.cli.compose", "compjax.compose.asked.options"])
def test_nothing_heavy_at_import(module):
    assert not loaded_by(f"import {module}") & {"numpy", "jax", "flax", "soundfile", "soxr"}


@pytest.mark.parametrize(
    "module", ["compjax.compose.clips.align", "compjax.arranging.notes", "compjax.compose.clips.opening"]
)
def test_numpy_parts_do_without_jax(module):
    loaded = loaded_by(f"import {module}")
    assert not loaded & {"jax", "flax"}


def test_session_loads_nothing_unwanted():
    loaded = loaded_by("import compjax.compose.session, compjax.compose.composers.arranging, compjax.codec")
    assert "jax" in loaded
    assert not loaded & (UNWANTED | {"flax"})  # networks are built where no traced program of theirs is kept


def test_load_is_lazy():
    """`compjax.load` is there before anything it needs."""
    code = "import compjax; assert callable(compjax.load)"
    assert "compjax.compose.session" not in loaded_by(code)
