"""The converted file: written whole, checked when read, found where it is looked for."""

import dataclasses

import numpy as np
import pytest
from encodec_helpers import drawn

from compjax import codec
from compjax.codec import converted_weights, weights
from compjax.codec.encodec import converted_file
from compjax.codec.encodec.encodec import Encodec, EncodecConfig
from compjax.errors import UserError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "published.th"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def converted(tmp_path, small, small_params, source):
    path = tmp_path / "encodec.npz"
    converted_file.save(path, small.config, small_params, source)
    return path


def test_round_trip(converted, small, small_params):
    """All 32 bits: half precision would change the codes."""
    made, params = codec.load("encodec", converted)
    assert made == small
    found, expected = weights.flatten(params), weights.flatten(small_params)
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name])


def test_checksums(converted, small_params):
    config, _ = converted_weights.load(converted)
    assert config["sha256"] == converted_weights.digest(weights.flatten(small_params))
    # SHA-256 of the three bytes "abc", an example of FIPS 180-2.
    assert (
        config["source"]["sha256"].startswith("ba7816bf8f01cfea")
        and config["source"]["file"] == "published.th"
    )


def test_digest_sees_names_shapes_and_values():
    arrays = {"a": np.zeros((2, 3)), "b": np.ones(2)}
    others = [
        {"a": np.zeros((3, 2)), "b": np.ones(2)},
        {"c": np.zeros((2, 3)), "b": np.ones(2)},
        {"a": np.zeros((2, 3)), "b": np.array([1, 1.0000001])},
    ]
    digests = {converted_weights.digest(x) for x in [arrays, *others]}
    assert len(digests) == 4
    assert converted_weights.digest(dict(reversed(arrays.items()))) in digests


@pytest.mark.parametrize(
    "dropped, words",
    [
        ((), "does not match the digest in it"),
        (("digest",), "does not match the SHA-256 in it; convert it again"),
    ],
)
def test_another_file_with_the_old_checksum(converted, tmp_path, dropped, words):
    """Files of before there were digests have the converter's own sum."""
    with np.load(converted) as stored:
        arrays = {name: value for name, value in stored.items() if name not in dropped}
    arrays["decoder/output/bias"] = arrays["decoder/output/bias"] + 1
    np.savez(tmp_path / "changed.npz", **arrays)
    with pytest.raises(UserError, match=words):
        codec.load("encodec", tmp_path / "changed.npz")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated(converted, share):
    data = converted.read_bytes()
    converted.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError, match="damaged"):
        codec.load("encodec", converted)


def test_missing_file_names_the_command(tmp_path):
    with pytest.raises(
        UserError, match=r"none are at .*none.npz; convert yours: compjax-port --from encodec"
    ):
        codec.load("encodec", tmp_path / "none.npz")


def test_weights_of_another_kind(tmp_path):
    with pytest.raises(UserError, match="holds no EnCodec of this version"):
        codec.load("encodec", weights.ASSETS / "vocos.npz")
    weights.save_weights(tmp_path / "w.npz", {"codec": "encodec", "settings": {"filters": 4, "new": 1}}, {})
    with pytest.raises(UserError, match="holds no EnCodec of this version"):
        codec.load("encodec", tmp_path / "w.npz")


def test_weights_that_do_not_fit_their_config(tmp_path, small, small_params, source):
    config = dataclasses.replace(small.config, kernel_size=5)
    converted_file.save(tmp_path / "w.npz", config, small_params, source)
    with pytest.raises(UserError, match="does not fit its own config .*put/kernel"):
        codec.load("encodec", tmp_path / "w.npz")


def test_where_it_is_looked_for(monkeypatch, tmp_path):
    for name in ("COMPJAX_ENCODEC", "COMPJAX_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert codec.weights_path("encodec") == tmp_path / ".cache/compjax/encodec.npz"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert codec.weights_path("encodec") == tmp_path / "xdg/compjax/encodec.npz"
    monkeypatch.setenv("COMPJAX_CACHE", str(tmp_path / "cache"))
    assert codec.weights_path("encodec") == tmp_path / "cache/encodec.npz"
    monkeypatch.setenv("COMPJAX_ENCODEC", str(tmp_path / "mine.npz"))
    assert codec.weights_path("encodec") == tmp_path / "mine.npz"
    with pytest.raises(UserError, match="no codec is called 'mp3'; there is: vocos, encodec"):
        codec.weights_path("mp3")


def test_weights_that_are_not_finite(tmp_path, small, small_params, source):
    broken = {**small_params, "codebooks": small_params["codebooks"] * np.float32(np.nan)}
    with pytest.raises(UserError, match="1 weights not finite: codebooks"):
        converted_file.save(tmp_path / "w.npz", small.config, broken, source)
    assert not (tmp_path / "w.npz").exists()


def test_latents_normalised_over_recordings(small, small_params):
    clips = [drawn.clip(300), drawn.clip(500)]
    config = converted_file.normalized_over(clips, small.config, small_params)
    latents = np.concatenate([Encodec(config).encode_clip(small_params, clip) for clip in clips])
    np.testing.assert_allclose([latents.mean(), latents.std()], [0.0, 1.0], atol=1e-5)
    assert dataclasses.replace(config, mean=0.0, std=1.0) == small.config


@pytest.mark.parametrize("clips", [[], [np.zeros(0, np.float32)]])
def test_nothing_to_normalise_over(small, small_params, clips):
    with pytest.raises(UserError, match="recordings to normalise over are all silent or empty"):
        converted_file.normalized_over(clips, EncodecConfig(), small_params)
