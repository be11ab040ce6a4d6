"""The names that `import compjax` gives: there, typed, documented, and lazy."""

import inspect
import pathlib
import subprocess
import sys

import pytest

import compjax


@pytest.mark.parametrize("name", compjax.__all__)
def test_public_names_are_documented(name):
    value = getattr(compjax, name)
    assert inspect.getdoc(value)
    assert name in dir(compjax)
    parameters = inspect.signature(value).parameters if inspect.isfunction(value) else {}
    assert inspect.isclass(value) or inspect.signature(value).return_annotation is not inspect.Signature.empty
    assert not {"self", "kwargs"} & set(parameters)


@pytest.mark.parametrize("name", ["compose", "compose_many", "compose_pairs", "stream", "listen"])
def test_methods_of_a_session_are_documented_and_typed(name):
    method = getattr(compjax.Session, name)
    assert "the arguments" in inspect.getdoc(method).lower() or "Args:" in inspect.getdoc(method)
    assert inspect.signature(method).return_annotation is not inspect.Signature.empty


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Symphony'"):
        compjax.Symphony  # noqa: B018


def test_names_are_imported_when_asked_for():
    code = (
        "import sys, compjax; before = set(sys.modules); compjax.UserError; assert 'jax' not in sys.modules\n"
        "assert 'compjax.compose.session' not in before; from compjax import Session\n"
        "assert 'compjax.compose.session' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_types_are_declared():
    assert (pathlib.Path(compjax.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize("before", ["", "import compjax.compose.session; "])
def test_compose_can_be_called_whatever_was_imported_before(before):
    code = f"import compjax; {before}compjax.compose('no.wav', 'no.wav')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "UserError" in done.stderr and "no.wav" in done.stderr, done.stderr


def test_compose_loads_the_model_once(monkeypatch):
    loaded = []

    class Fake:
        def compose(self, input, target, **options):
            return input, target, options

    def load():
        loaded.append(1)
        return Fake()

    monkeypatch.setattr(compjax, "load", load)
    compjax._bundled.cache_clear()
    try:
        assert compjax.compose("a", "b", seed=3) == ("a", "b", {"seed": 3})
        assert compjax.compose("a", "b") == ("a", "b", {})
    finally:
        compjax._bundled.cache_clear()
    assert loaded == [1]
