"""Folders and lists of pairs."""

import os

import pytest

from compjax.errors import UserError
from compjax.pair_lists import read_pairs


def test_folder(tmp_path):
    for name in ("b_input.wav", "b_target.flac", "a_input.mp3", "a_target.wav", "alone_input.wav", "x.wav"):
        (tmp_path / name).touch()
    pairs = read_pairs(tmp_path)
    assert [(p.name, p.input.name, p.target.name) for p in pairs] == [
        ("a", "a_input.mp3", "a_target.wav"),
        ("b", "b_input.wav", "b_target.flac"),
    ]


def test_list_is_relative_to_its_folder_and_names_differ(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "pairs.csv").write_text("# mine\ninput,target\n# loud\na.wav, b.wav\n\na.wav,b.wav\n")
    pairs = read_pairs(tmp_path / "pairs.csv")
    assert [pair.name for pair in pairs] == ["a_x_b", "a_x_b_2"]
    assert pairs[0].input == tmp_path / "a.wav"


@pytest.mark.parametrize(
    "text, message",
    [
        ("a.wav\n", "line 1: a line is input,target"),
        ("input,target\n", "holds no pairs"),
        ("a.wav,,b.wav\n", "line 1"),
    ],
)
def test_bad_lists(tmp_path, text, message):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_pairs(tmp_path / "pairs.csv")


def test_nothing_there(tmp_path):
    with pytest.raises(UserError, match="no such folder or list"):
        read_pairs(tmp_path / "none")
    with pytest.raises(UserError, match="holds no pairs"):
        read_pairs(tmp_path)


def test_no_text(tmp_path):
    (tmp_path / "pairs.csv").write_bytes(b"a\x00b")
    with pytest.raises(UserError, match="not a CSV"):
        read_pairs(tmp_path / "pairs.csv")


@pytest.mark.parametrize(
    "content",
    [
        "input,target\na.wav,b.wav\n".encode("utf-16"),
        b"\xef\xbb\xbfinput,target\r\na.wav,b.wav\r\n",
        b"Input;Target\na.wav;b.wav\n",
        b"a.wav\tb.wav\n",
        b'"a.wav","b.wav"\n',
        b"input,target\ra.wav,b.wav,,\r",
    ],
)
def test_lists_as_spreadsheets_write_them(tmp_path, content):
    (tmp_path / "pairs.csv").write_bytes(content)
    [pair] = read_pairs(tmp_path / "pairs.csv")
    assert (pair.name, pair.target) == ("a_x_b", tmp_path / "b.wav")


def test_names_in_any_bytes_and_of_any_length(tmp_path):
    long = "n" * 240
    (tmp_path / "pairs.csv").write_bytes(f"{long}.wav,{long}.wav\n".encode() * 2 + b"caf\351.wav,b.wav\n")
    first, second, third = read_pairs(tmp_path / "pairs.csv")
    assert len(first.name) == 200 and second.name == f"{first.name}_2"
    assert os.fsencode(third.input.name) == b"caf\351.wav"


def test_missing_files_are_left_to_who_reads_them(tmp_path):
    (tmp_path / "pairs.csv").write_text("absent.wav,b.wav\n")
    assert len(read_pairs(tmp_path / "pairs.csv")) == 1
