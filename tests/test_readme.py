"""README.md says what is so: its commands and files exist, and .ci/run takes the test commands from it."""

import configparser
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_ci_runs_the_readme_test_commands():
    printed = subprocess.run([ROOT / ".ci" / "run", "--print"], capture_output=True, text=True, check=True)
    section = README.split("\n## Tests\n")[1]
    assert printed.stdout == re.search(r"```bash\n(.*?)```", section, re.DOTALL)[1]
    assert printed.stdout.endswith("pytest\n")


def test_commands_are_installed():
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    scripts = config["options.entry_points"]["console_scripts"]
    declared = set(re.findall(r"^(compjax-\w+) =", scripts, re.MULTILINE))
    assert set(re.findall(r"\bcompjax-[a-z]+", README)) == declared


def test_extras_exist():
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    used = {name for group in re.findall(r"'\.\[([\w,]+)\]'", README) for name in group.split(",")}
    assert used <= set(config["options.extras_require"]) and "test" in used


def test_files_exist():
    paths = set(re.findall(r"\b(?:compjax|experiments|launch|tests)/[\w./]+\w", README))
    assert paths and not [path for path in paths if not (ROOT / path).exists()]


def test_python_blocks_are_python():
    assert blocks("python")
    for block in blocks("python"):
        compile(block, "README.md", "exec")
