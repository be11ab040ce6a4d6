"""The torture as tests: `pytest -m slow tests/resilience`. `python -m tests.resilience` prints a table."""

import importlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
scenarios = importlib.import_module("tests.resilience.scenarios")
harness = importlib.import_module("tests.resilience.harness")
agent = importlib.import_module("tests.resilience.agent")


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder for all parts: they share references and compiled programs."""
    found = harness.Place(tmp_path_factory.mktemp("resilience"))
    agent.write_examples(found.data)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.ALL)
def test_part(name, place):
    try:
        scenarios.ALL[name](place)
    except scenarios.NotHere as reason:
        pytest.skip(str(reason))
