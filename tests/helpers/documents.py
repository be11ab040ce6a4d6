"""The documents that a person reads, and the commands that stand in them."""

import configparser
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "compjax" / "docs"
DOCUMENTS = [README, ROOT / "BUILD_NOTES.md", *sorted(DOCS.glob("*.md"))]


def name_of(path: pathlib.Path) -> str:
    """A document's name in a test's id."""
    return path.name


def blocks(path: pathlib.Path, language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)


def lines(path: pathlib.Path) -> list[str]:
    """The shell commands of a document, one a line; texts that are written out with cat are left out."""
    text = "\n".join(blocks(path, "bash")).replace("\\\n", " ")
    text = re.sub(r"^cat > \S+ <<END\n.*?^END\n", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def commands(path: pathlib.Path, program: str) -> list[list[str]]:
    """The commands that begin with `program`, split as a shell does; a variable's value is 0."""
    found = [line for line in lines(path) if re.match(rf"{program}\b", line)]
    return [shlex.split(re.sub(r"\$\w+", "0", line), comments=True) for line in found]


def texts(path: pathlib.Path) -> dict[str, str]:
    """Files that a document writes out with cat, by name."""
    found: dict[str, str] = {}
    for block in blocks(path, "bash"):
        found |= dict(re.findall(r"^cat > (\S+) <<END\n(.*?)^END$", block, re.DOTALL | re.MULTILINE))
    return found


def settings() -> configparser.ConfigParser:
    """setup.cfg."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return config


def programs() -> dict[str, str]:
    """Module by command, as setup.cfg declares them."""
    scripts = settings()["options.entry_points"]["console_scripts"]
    return dict(re.findall(r"^(compjax-\w+) = ([\w.]+):run$", scripts, re.MULTILINE))
