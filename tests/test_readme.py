"""README.md is short and says what is so; .ci/run takes the test commands from it."""

import re
import subprocess

from documents import DOCS, README, ROOT, commands, programs

TEXT = README.read_text()
MAX_LINES = 155


def test_is_short():
    assert len(TEXT.splitlines()) <= MAX_LINES


def test_ci_runs_the_readme_test_commands():
    printed = subprocess.run([ROOT / ".ci" / "run", "--print"], capture_output=True, text=True, check=True)
    section = TEXT.split("\n## Tests\n")[1]
    assert printed.stdout == re.search(r"```bash\n(.*?)```", section, re.DOTALL)[1]
    assert printed.stdout.splitlines()[-1].startswith("pytest ")
    assert "-e" not in printed.stdout.split()  # the package that a user gets is what is tested


def test_names_every_program():
    assert set(re.findall(r"\bcompjax-[a-z]+", TEXT)) == set(programs())


def test_links_every_page():
    linked = set(re.findall(r"\]\(compjax/docs/([\w.-]+)\)", TEXT))
    assert {path.name for path in DOCS.glob("*.md")} <= linked


def test_shows_every_kind_of_request():
    flags = {word.split("=")[0] for words in commands(README, "compjax-compose") for word in words}
    asked = {"--rhythm", "--num_samples", "--style", "--weights", "--groove", "--chords", "--report"}
    assert asked <= flags
