"""compjax-train from its command line."""

import sys

import pytest

from compjax.audio.errors import EXIT_CODE, UserError
from compjax.cli import train


def test_bad_data_is_one_line_and_its_own_status(capsys):
    with pytest.raises(SystemExit) as stopped:
        train.fail(UserError("no shards in x: render some"))
    assert stopped.value.code == EXIT_CODE
    assert capsys.readouterr().err == "compjax-train: no shards in x: render some\n"


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_collections", None)
    with pytest.raises(UserError, match=r"pip install 'compjax\[train\]'"):
        train.define_config()
