"""The house rules: imports go down floors only, small files, and nothing heavy at import."""

import ast
import configparser
import pathlib
import re
import resource
import subprocess
import sys

import pytest
from nouns import clashes

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "compjax"
MAX_LINES = 350
MAX_FILES = 16
MAX_SECONDS = 0.5

FLOORS = (
    ("",),  # errors, constants, files, progress, pair_lists: what everyone uses
    ("audio",),
    ("music",),
    ("codec", "measures"),
    ("models", "losses"),
    ("data", "docs", "port"),
    ("hearing",),
    ("arranging",),
    ("instrument", "pages"),
    ("compose", "training"),
    ("evaluation",),
    ("web", "cli"),
)
"""Rooms from the ground up: a file sees its own room and the floors below, at load and inside functions."""

NEIGHBOURS = {("cli", "web"), ("models", "losses")}
"""Of one floor, the first sees the second; the original's network carries losses of its own."""

NUMPY_ONLY = ("audio", "music", "data", "measures", "codec/vocos/bands.py")
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
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def file_of(name: str) -> pathlib.Path | None:
    """The file of the package in which a dotted name is, None for other packages' names."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file() and file.is_relative_to(PACKAGE):
                return file
    return None


def room_of(path: pathlib.Path) -> str:
    """The folder of a file below `compjax/`, such as "data/drawing"; empty for those of `compjax/` itself."""
    return "/".join(path.relative_to(PACKAGE).parts[:-1])


def rooms_imported(path: pathlib.Path) -> set[str]:
    """Folders below `compjax` that a file imports from; the package's own roof is none."""
    files = {file_of(name) for name in imports_of(path)} - {None, PACKAGE / "__init__.py"}
    return {room_of(file) for file in files}


def floor_of(room: str) -> int:
    """The floor of a folder's room; AssertionError if it has none."""
    found = [place for place, rooms in enumerate(FLOORS) if room.split("/")[0] in rooms]
    assert found, f"{room} has no floor"
    return found[0]


def within(names: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those `names` that are one of `packages` or lie in it."""
    return {name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages)}


def allowed(importer: str, imported: str) -> bool:
    """Whether a file in the first folder may import from the second."""
    first, second = importer.split("/")[0], imported.split("/")[0]
    return first == second or (first, second) in NEIGHBOURS or floor_of(first) > floor_of(second)


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Folders that import each other in a circle, the first found; none if there is none."""
    done: set[str] = set()

    def walk(room: str, way: list[str]) -> list[str]:
        if room in way:
            return [*way[way.index(room) :], room]
        if room in done:
            return []
        for other in sorted(edges.get(room, ())):
            if found := walk(other, [*way, room]):
                return found
        done.add(room)
        return []

    return next((found for room in sorted(edges) if (found := walk(room, []))), [])


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_other_packages_keep_private_is_left_alone(path):
    parts = {part for name in imports_of(path) if not name.startswith("compjax") for part in name.split(".")}
    assert not {part for part in parts if re.match(r"_(?!_)", part)}


def test_every_room_has_a_floor():
    for path in PACKAGE.glob("*/__init__.py"):
        floor_of(path.parent.name)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_floors_only(path):
    room = room_of(path)
    if path != PACKAGE / "__init__.py":  # the roof may see everything, lazily
        assert not {other for other in rooms_imported(path) if not allowed(room, other)}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_imported_is_there(path):
    """Lazily too: a function's import of a module that has moved would fail only when it is called."""
    for name in imports_of(path):
        if name.startswith("compjax."):  # a module's name, or a module's and that of something in it
            module = ROOT.joinpath(*name.split(".")[:-1])
            assert module.with_suffix(".py").is_file() or (module / "__init__.py").is_file(), name


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.name)
def test_what_tests_run_as_text_is_there(path):
    """Programs that a test writes down and runs name modules too, and fail far from the wrong line."""
    for name in re.findall(r"(?:from|import|-m) (compjax(?:\.\w+)+)", path.read_text()):
        assert file_of(name) in (
            ROOT.joinpath(*name.split(".")).with_suffix(".py"),
            ROOT.joinpath(*name.split("."), "__init__.py"),
        ), name


def test_no_files_import_each_other():
    edges = {
        str(path.relative_to(PACKAGE)): {
            str(file.relative_to(PACKAGE))
            for name in imports_of(path)
            if (file := file_of(name)) not in (None, path, PACKAGE / "__init__.py")
        }
        for path in sources()
        if path != PACKAGE / "__init__.py"
    }
    assert not circle(edges)


@pytest.mark.parametrize(
    "room", sorted({path.parent.parent.name for path in PACKAGE.glob("*/*/__init__.py")})
)
def test_no_folders_of_a_room_import_each_other(room):
    edges: dict[str, set[str]] = {}
    for path in sources(room):
        beside = {other for other in rooms_imported(path) if other.startswith(f"{room}/")}
        if room_of(path) != room:  # what stands above the folders may see them all
            edges.setdefault(room_of(path), set()).update(beside - {room_of(path)})
    assert not circle(edges)


@pytest.mark.parametrize("folder", sorted({path.parent for path in sources()}), ids=lambda path: path.name)
def test_no_folder_is_a_hall(folder):
    assert len(list(folder.glob("*.py"))) <= MAX_FILES + 1  # and its __init__.py


def test_a_noun_means_one_thing():
    assert not clashes()


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_a_module_says_a_name_once(path):
    lines = [
        line for line in ast.parse(path.read_text()).body if isinstance(line, ast.Assign | ast.AnnAssign)
    ]
    targets = [
        target for line in lines for target in getattr(line, "targets", [getattr(line, "target", None)])
    ]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    assert len(names) == len(set(names))


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
    assert rooms_imported(path) == {"training", "data/drawing"}
    assert not allowed("data/drawing", "training")
    assert within({"jax.numpy", "jaxtyping"}, HEAVY) == {"jax.numpy"}
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


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
