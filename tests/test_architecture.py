"""The house rules: imports go down floors only, small files, and nothing heavy at import."""

import ast
import configparser
import pathlib
import resource
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "compjax"
MAX_LINES = 350
MAX_SECONDS = 0.5

FLOORS = {
    "audio": 0,
    "codec": 1,
    "models": 1,
    "losses": 1,
    "data": 2,
    "evaluation": 2,
    "training": 3,
    "inference": 3,
    "cli": 4,
    "web": 4,
}
# Packages on one floor do not see each other, but the networks know the bands that they hear in.
SAME_FLOOR = {("models", "codec"), ("cli", "web")}
NUMPY_ONLY = ("audio", "data", "evaluation", "codec/vocos/bands.py")
HEAVY = ("jax", "jaxlib", "flax", "optax", "orbax")
# What composing must never load (it would cost the first run its seconds), wherever it is imported.
NOT_IN_COMPOSE = ("librosa", "scipy.signal", "sklearn", "orbax", "tensorboardX", "matplotlib")


def sources(*folders: str) -> list[pathlib.Path]:
    """All Python files of these folders (or files) of the package; of the whole package if none is given."""
    paths = [PACKAGE / folder for folder in folders] or [PACKAGE]
    return sorted(file for path in paths for file in ([path] if path.suffix else path.rglob("*.py")))


def imports_of(path: pathlib.Path) -> set[str]:
    """Absolute names of all modules that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: pathlib.Path) -> str:
    """The package of a file below `compjax/`, empty for the files of `compjax/` itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def rooms_imported(path: pathlib.Path) -> set[str]:
    """Packages below `compjax` that a file imports from."""
    parts = [name.split(".") for name in imports_of(path)]
    return {part[1] for part in parts if part[0] == "compjax" and len(part) > 1 and part[1] in FLOORS}


def within(names: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those `names` that are one of `packages` or lie in it."""
    return {name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages)}


def allowed(importer: str, imported: str) -> bool:
    """Whether the first package may import the second."""
    down = FLOORS[importer] > FLOORS[imported]
    return importer == imported or down or (importer, imported) in SAME_FLOOR


def test_every_package_has_a_floor():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"assets"}
    assert rooms <= set(FLOORS)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_floors_only(path):
    room = room_of(path)
    if room in FLOORS:  # compjax/__init__.py itself is the roof and may see everything, lazily
        assert not {other for other in rooms_imported(path) if not allowed(room, other)}


@pytest.mark.parametrize("room", ["models", "losses"])
def test_models_and_losses_do_not_know_data(room):
    for path in sources(room):
        assert not rooms_imported(path) & {"data", "losses" if room == "models" else "models"}, path


@pytest.mark.parametrize("folder", NUMPY_ONLY)
def test_numpy_only(folder):
    for path in sources(folder):
        assert not within(imports_of(path), HEAVY), path


def test_experiments_import_nothing_of_the_package():
    for path in sorted((ROOT / "experiments").glob("**/*.py")):
        assert not within(imports_of(path), ("compjax",)), path


def test_files_are_short():
    files = sources() + sorted(ROOT.glob("tests/**/*.py")) + sorted(ROOT.glob("experiments/**/*.py"))
    long = {str(path): len(path.read_text().splitlines()) for path in files}
    assert not {path: lines for path, lines in long.items() if lines > MAX_LINES}


def test_checker_sees_a_wrong_import(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(
        "def f():\n    from compjax.training import loop\n    import compjax.data.drawing.swaps\n"
    )
    assert rooms_imported(path) == {"training", "data"}
    assert not allowed("data", "training")
    assert within({"jax.numpy", "jaxtyping"}, HEAVY) == {"jax.numpy"}


def console_scripts() -> dict[str, str]:
    """Module by command name, as setup.cfg declares them."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    lines = config["options.entry_points"]["console_scripts"].split("\n")
    pairs = [line.split("=") for line in lines if line.strip()]
    return {name.strip(): target.strip().removesuffix(":run") for name, target in pairs}


def timed_python(code: str, *args: str) -> tuple[float, set[str], str]:
    """Run `code` in a new interpreter: processor seconds (best of three), loaded modules, printed text.

    Processor time and not wall time, so that a busy machine does not fail the test.
    """
    listing = "import atexit, sys; atexit.register(lambda: sys.stderr.write('\\n' + ' '.join(sys.modules)))\n"
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    listed = subprocess.run(
        [sys.executable, "-c", listing + code, *args], capture_output=True, text=True, cwd=ROOT
    )
    return min(times), set(listed.stderr.splitlines()[-1].split()), done.stdout + done.stderr


def test_import_is_light():
    seconds, modules, _ = timed_python("import compjax")
    assert seconds < MAX_SECONDS
    assert "compjax" in modules and not within(modules, HEAVY + NOT_IN_COMPOSE)


@pytest.mark.parametrize("command", console_scripts())
def test_help_is_quick(command):
    module = console_scripts()[command]
    code = f"import sys; sys.argv[0] = '{command}'; from {module} import run; run()"
    seconds, modules, text = timed_python(code, "--help")
    assert "--" in text and "Traceback" not in text, text
    assert not within(modules, HEAVY + NOT_IN_COMPOSE)
    assert seconds < MAX_SECONDS
