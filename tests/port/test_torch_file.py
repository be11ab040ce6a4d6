"""Reading PyTorch's files without PyTorch: both formats, and what must not be read."""

import argparse
import collections
import datetime
import pickle
import zipfile

import numpy as np
import pytest
import torch_files
from torch_files import Named, function_of, tensor, write_legacy, write_zip

from compjax.errors import UserError
from compjax.port import reading

WEIGHTS = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "a.bias": np.array([0.5, -1.5], np.float16),
    "steps": np.array(7),
    "empty": np.zeros((0, 3), np.float32),
}


WRITERS = pytest.mark.parametrize("write", [write_zip, write_legacy])


def state(weights=WEIGHTS) -> dict:
    return collections.OrderedDict((name, tensor(value)) for name, value in weights.items())


@WRITERS
def test_weights_come_back(tmp_path, write):
    write(tmp_path / "w.pt", state())
    arrays = reading.to_arrays(reading.read(tmp_path / "w.pt"), "w.pt")
    assert list(arrays) == list(WEIGHTS)
    for name, value in WEIGHTS.items():
        assert arrays[name].dtype == value.dtype
        np.testing.assert_array_equal(arrays[name], value)


@WRITERS
def test_a_view_of_a_storage(tmp_path, write):
    """The transpose of the last four of six numbers."""
    write(tmp_path / "w.pt", {"w": tensor(np.arange(6.0, dtype=np.float32), 2, (2, 2), (1, 2))})
    np.testing.assert_array_equal(
        reading.to_arrays(reading.read(tmp_path / "w.pt"), "")["w"], [[2, 4], [3, 5]]
    )


@pytest.mark.parametrize(
    "shape, strides", [((3, 2), (2, 1)), ((2,), (5,)), ((2,), (-1,)), ((2, 2), (1,)), ((10**12,), (0,))]
)
def test_a_view_beyond_its_storage(tmp_path, shape, strides):
    write_zip(tmp_path / "w.pt", {"w": tensor(np.zeros(4, np.float32), 0, shape, strides)})
    with pytest.raises(UserError, match="damaged at w"):
        reading.to_arrays(reading.read(tmp_path / "w.pt"), "w.pt")


@WRITERS
def test_settings_and_numbers(tmp_path, write):
    content = {
        "args": argparse.Namespace(rate=1e-4, name="x", sizes=[1, 2]),
        "epoch": 3,
        "best": np.float64(0.25),
    }
    write(tmp_path / "w.pt", content)
    found = reading.read(tmp_path / "w.pt")
    assert vars(found["args"]) == {"rate": 1e-4, "name": "x", "sizes": [1, 2]}
    assert (found["epoch"], found["best"]) == (3, 0.25)


def test_data_that_is_not_needed_is_passed_over(tmp_path):
    """Which a program may keep beside its weights."""
    beside = {"losses": np.ones(3), "seen": {1, 2}, "when": datetime.datetime(2024, 1, 1)}
    write_zip(tmp_path / "w.pt", {"state": state(), "beside": beside})
    assert reading.to_arrays(reading.read(tmp_path / "w.pt")["state"], "").keys() == WEIGHTS.keys()


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    """A storage that is missing is no matter if nobody wants it."""
    write_zip(
        tmp_path / "w.pt",
        {"wanted": tensor(np.ones(2, np.float32)), "moments": tensor(np.ones(3, np.float32))},
    )
    with zipfile.ZipFile(tmp_path / "w.pt") as whole, zipfile.ZipFile(tmp_path / "part.pt", "w") as part:
        for name in whole.namelist()[:-1]:
            part.writestr(name, whole.read(name))
    found = reading.read(tmp_path / "part.pt")
    np.testing.assert_array_equal(found["wanted"].numpy(), [1, 1])
    with pytest.raises(UserError, match="damaged at moments"):
        reading.to_arrays({"moments": found["moments"]}, "part.pt")


HOSTILE = [
    ("os", "system", ("touch {}",)),
    ("posix", "system", ("touch {}",)),
    ("builtins", "eval", ("open('{}', 'w')",)),
    ("builtins", "getattr", ({}, "keys")),
    ("subprocess", "Popen", (["touch", "{}"],)),
    ("torch.hub", "load", ("x",)),
    ("numpy", "load", ("x",)),
    ("functools", "partial", (print,)),
]


@WRITERS
@pytest.mark.parametrize("module, name, args", HOSTILE, ids=[name for _, name, _ in HOSTILE])
def test_code_is_not_run(tmp_path, write, module, name, args):
    mark = tmp_path / "ran"
    filled = tuple(a.format(mark) if isinstance(a, str) else a for a in args)
    write(tmp_path / "w.pt", {**state(), "x": Named(function_of(module, name), *filled)})
    with pytest.raises(UserError, match=rf"asks for '{module}.{name}', which is no data") as caught:
        reading.read(tmp_path / "w.pt")
    assert "\n" not in str(caught.value) and not mark.exists()


def test_a_real_pickle_that_runs_code(tmp_path):
    """As Python writes it, with no disguise as a PyTorch file."""
    (tmp_path / "w.pt").write_bytes(pickle.dumps(Named(eval, f"open({str(tmp_path / 'ran')!r}, 'w')")))
    with pytest.raises(UserError, match="asks for 'builtins.eval'"):
        reading.read(tmp_path / "w.pt")
    assert not (tmp_path / "ran").exists()


def test_attributes_of_what_is_named_cannot_be_set(tmp_path):
    """BUILD on a name would change it for the whole program."""
    data = b"\x80\x02cargparse\nNamespace\n(dX\x08\x00\x00\x00__init__K\x01s\x86b."
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("w/data.pkl", data)
    before = argparse.Namespace.__init__
    with pytest.raises(UserError):
        reading.to_arrays(reading.read(tmp_path / "w.pt"), "w.pt")
    assert argparse.Namespace.__init__ is before and argparse.Namespace(a=1).a == 1


@WRITERS
def test_every_truncation_is_one_line(tmp_path, write):
    write(tmp_path / "w.pt", state())
    data = (tmp_path / "w.pt").read_bytes()
    for size in range(0, len(data) - 1, 7):
        (tmp_path / "cut.pt").write_bytes(data[:size])
        with pytest.raises(UserError) as caught:
            reading.to_arrays(reading.read(tmp_path / "cut.pt"), "cut.pt")
        assert "\n" not in str(caught.value)


@WRITERS
def test_flipped_bytes_are_refused_or_harmless(tmp_path, write, rng):
    write(tmp_path / "w.pt", state())
    data = (tmp_path / "w.pt").read_bytes()
    for place in rng.integers(0, len(data), 150):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "bad.pt").write_bytes(changed)
        try:
            reading.to_arrays(reading.read(tmp_path / "bad.pt"), "bad.pt")
        except UserError as error:
            assert "\n" not in str(error)


def test_a_compressed_archive_is_refused(tmp_path):
    """It could grow without bound."""
    with zipfile.ZipFile(tmp_path / "w.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w/data.pkl", bytes(1000))
    with pytest.raises(UserError, match="compressed"):
        reading.read(tmp_path / "w.pt")


@pytest.mark.parametrize(
    "data", [b"", b"RIFF1234WAVE", b"PK\x03\x04", b"\x80\x02.", bytes(100), b"<html>404"]
)
def test_no_weights_file(tmp_path, data):
    (tmp_path / "w.pt").write_bytes(data)
    with pytest.raises(UserError, match="no PyTorch file"):
        reading.read(tmp_path / "w.pt")


def test_folder_and_missing(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        reading.read(tmp_path)
    with pytest.raises(UserError, match="there are no weights at"):
        reading.read(tmp_path / "none.pt")


@pytest.mark.parametrize("content", [[1, 2], {}, {"a": 1}, {1: 2}, "text"])
def test_no_state_dict(tmp_path, content):
    write_zip(tmp_path / "w.pt", content)
    with pytest.raises(UserError, match="no state dict|no weights by name"):
        reading.to_arrays(reading.read(tmp_path / "w.pt"), "w.pt")


def test_halves_of_float32(tmp_path, monkeypatch):
    """bfloat16: 1.0 and -2.5."""
    monkeypatch.setitem(torch_files.STORAGES, np.dtype("u2"), function_of("torch", "BFloat16Storage"))
    write_zip(tmp_path / "w.pt", {"w": tensor(np.array([0x3F80, 0xC020], np.uint16))})
    np.testing.assert_array_equal(reading.to_arrays(reading.read(tmp_path / "w.pt"), "")["w"], [1.0, -2.5])


def test_a_pickle_cannot_ask_for_all_memory(tmp_path):
    """An object that is given the number 2**32 - 1; the unpickler in C would make a table of that length."""
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("w/data.pkl", b"\x80\x02}r\xff\xff\xff\xff.")
    with pytest.raises(UserError, match="no weights by name"):
        reading.to_arrays(reading.read(tmp_path / "w.pt"), "w.pt")
