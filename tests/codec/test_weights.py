import json
import tracemalloc
import zipfile

import numpy as np
import pytest

from compjax.codec import weights
from compjax.errors import UserError
from compjax.files import sha256_of

PARAMS = {"a": {"kernel": np.array([[1.0, 2.5]])}, "b": np.array([0.25])}


@pytest.fixture
def assets(tmp_path, monkeypatch):
    folder = tmp_path / "assets"
    folder.mkdir()
    monkeypatch.setattr(weights, "ASSETS", folder)
    return folder


def test_round_trip(tmp_path):
    weights.save_weights(tmp_path / "w.npz", {"dim": 3}, PARAMS)
    config, params = weights.load_weights(tmp_path / "w.npz")
    assert config == {"dim": 3}
    assert params["a"]["kernel"].dtype == np.float32
    np.testing.assert_array_equal(params["a"]["kernel"], [[1.0, 2.5]])
    np.testing.assert_array_equal(params["b"], [0.25])


def test_flatten_and_back():
    assert set(weights.flatten(PARAMS)) == {"a/kernel", "b"}
    np.testing.assert_array_equal(weights.unflatten(weights.flatten(PARAMS))["a"]["kernel"], [[1.0, 2.5]])


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="no weights at"):
        weights.load_weights(tmp_path / "none.npz")


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_truncated_file(tmp_path, keep):
    weights.save_weights(tmp_path / "w.npz", {}, PARAMS)
    (tmp_path / "w.npz").write_bytes((tmp_path / "w.npz").read_bytes()[:keep])
    with pytest.raises(UserError, match="damaged"):
        weights.load_weights(tmp_path / "w.npz")


def test_no_config(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.zeros(3))
    with pytest.raises(UserError, match="damaged"):
        weights.load_weights(tmp_path / "w.npz")


def test_weights_that_float16_cannot_hold(tmp_path):
    with pytest.raises(ValueError, match="'b'"), np.errstate(over="ignore"):
        weights.save_weights(tmp_path / "w.npz", {}, {"b": np.array([1e6])})
    assert not list(tmp_path.iterdir())


def test_install_records_the_checksum(tmp_path, assets):
    weights.save_weights(tmp_path / "w.npz", {}, PARAMS)
    target = weights.install(tmp_path / "w.npz", "vocos.npz")
    assert json.loads((assets / "checksums.json").read_text()) == {"vocos.npz": sha256_of(target)}
    weights.load_weights(target)


def test_bundled_file_that_changed(tmp_path, assets):
    weights.save_weights(tmp_path / "w.npz", {}, PARAMS)
    target = weights.install(tmp_path / "w.npz", "vocos.npz")
    weights.save_weights(target, {}, {"b": np.array([0.5])})
    with pytest.raises(UserError, match="does not match its sha256"):
        weights.load_weights(target)


def test_bundled_file_without_a_checksum(assets):
    weights.save_weights(assets / "vocos.npz", {}, PARAMS)
    with pytest.raises(UserError, match="no entry"):
        weights.load_weights(assets / "vocos.npz")


def damaged(tmp_path, change):
    """A weights file whose arrays `change` has changed, with the digest of before."""
    weights.save_weights(tmp_path / "w.npz", {"dim": 3}, PARAMS)
    with np.load(tmp_path / "w.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    change(arrays)
    np.savez(tmp_path / "w.npz", **arrays)
    return tmp_path / "w.npz"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("b"), "digest"),
        (lambda arrays: arrays.update(b=arrays["b"] + np.float16(1.0)), "digest"),
        (lambda arrays: arrays.update(b=arrays["b"][None]), "digest"),
        (lambda arrays: arrays.update(extra=np.zeros(2)), "digest"),
        (lambda arrays: (arrays.pop("digest"), arrays.update(b=np.array([np.inf]))), "b are not finite"),
        (lambda arrays: (arrays.pop("digest"), arrays.update(b=np.array(["x"]))), "not numbers"),
        (
            lambda arrays: (arrays.pop("digest"), arrays.update(config=np.zeros(2_000_000, np.uint8))),
            "2000000",
        ),
    ],
)
def test_arrays_that_are_not_those_that_were_written(tmp_path, change, message):
    with pytest.raises(UserError, match=message) as caught:
        weights.load_weights(damaged(tmp_path, change))
    assert "\n" not in str(caught.value)


def test_file_without_a_digest_is_read_but_not_sealed(tmp_path):
    assert weights.read_weights(damaged(tmp_path, lambda arrays: None)).sealed
    assert not weights.read_weights(damaged(tmp_path, lambda arrays: arrays.pop("digest"))).sealed


def with_config(tmp_path, text):
    np.savez(tmp_path / "w.npz", config=np.frombuffer(text.encode(), np.uint8), b=np.zeros(2, np.float32))
    return tmp_path / "w.npz"


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", "3", "{", '{"a": ' * 50_000, "nul"])
def test_configs_that_are_none(tmp_path, text):
    with pytest.raises(UserError, match="damaged or no weights file"):
        weights.load_weights(with_config(tmp_path, text))


def test_bombs_are_not_unfolded(tmp_path):
    """A small file that would unfold to gigabytes: its sizes are judged first."""
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (50_000_000,)}
        )
        for _ in range(50):
            file.write(bytes(4_000_000))
    tracemalloc.start()
    with pytest.raises(UserError, match="would unfold to 200 MB"):
        weights.load_weights(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [(10**13,), (2**40, 2**40), (-1,), (7,)])
def test_headers_that_announce_what_is_not_there(tmp_path, shape):
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive, archive.open("a.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        file.write(bytes(16))
    with pytest.raises(UserError, match="damaged or no weights file"):
        weights.load_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("kind", ["npy", "encrypted", "bzip2", "method", "crc", "pickle"])
def test_other_files(tmp_path, kind):
    path = tmp_path / "w.npz"
    if kind == "npy":
        with open(path, "wb") as file:
            np.save(file, np.zeros(3))
    elif kind == "pickle":
        np.savez(path, config=np.array([{"a": 1}], object))
    else:
        method = zipfile.ZIP_BZIP2 if kind == "bzip2" else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("a.npy", b"x" * 400)
        content = bytearray(path.read_bytes())
        directory = content.rindex(b"PK\1\2")
        content[directory + 8] |= kind == "encrypted"
        content[directory + 10] = 99 if kind == "method" else content[directory + 10]
        content[60] ^= kind == "crc"
        path.write_bytes(content)
    with pytest.raises(UserError, match="damaged or no weights file") as caught:
        weights.load_weights(path)
    assert "\n" not in str(caught.value)
