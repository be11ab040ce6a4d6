import json

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
