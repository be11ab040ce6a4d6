"""compjax-port as a user runs it: what it writes, what it says, and what it refuses."""

import pathlib
import pickle

import numpy as np
import pytest
from encodec_helpers import drawn, small_state
from torch_files import Named, tensor, write_legacy, write_zip

from compjax import codec
from compjax.audio import waveform
from compjax.cli import port
from compjax.codec.encodec import converted_file, encodec
from compjax.codec.weights import load_weights

TESTS = pathlib.Path(__file__).parents[1]


@pytest.fixture
def small(monkeypatch):
    """The command converts EnCodec of a small size in this test."""
    config = encodec.EncodecConfig(**drawn.SMALL)
    assert (
        converted_file.EncodecConfig is encodec.EncodecConfig
    )  # loaded before the other is put in its place
    monkeypatch.setattr(encodec, "EncodecConfig", lambda: config)
    return config


@pytest.fixture
def weights(tmp_path, small):
    path = tmp_path / "encodec_24khz.th"
    write_zip(path, {name: tensor(value) for name, value in small_state(small).items()})
    return path


def refused(capsys, *arguments: str) -> str:
    """The command's one line on stderr."""
    assert port.run(["compjax-port", *arguments]) == 65
    said = capsys.readouterr()
    assert said.err.startswith("compjax-port: ") and said.err.count("\n") == 1 and not said.out
    return said.err


def test_encodec_goes_where_it_is_looked_for(monkeypatch, tmp_path, weights, small, capsys):
    monkeypatch.setenv("COMPJAX_CACHE", str(tmp_path / "new" / "cache"))
    assert port.run(["compjax-port", "--from=encodec", f"--weights={weights}"]) == 0
    assert "SHA-256" in capsys.readouterr().out
    made, params = codec.load("encodec")
    assert made.config == small and made.encode_clip(params, drawn.clip(60)).shape == (10, 8)


def test_output_is_named(tmp_path, weights, capsys):
    output = tmp_path / "mine.npz"
    assert port.run(["compjax-port", "--from=encodec", f"--weights={weights}", f"--output={output}"]) == 0
    assert f"--codec_weights {output}" in capsys.readouterr().out
    codec.load("encodec", output)


@pytest.mark.parametrize("kind", ["legacy", "safetensors"])
def test_other_formats_give_the_same_weights(tmp_path, weights, small, kind, capsys):
    other, state = tmp_path / f"model.{kind}", small_state(small)
    if kind == "legacy":
        write_legacy(other, {name: tensor(value) for name, value in state.items()})
    else:
        pytest.importorskip("safetensors.numpy").save_file(state, other)
    for source in (weights, other):
        assert port.run(["", "--from=encodec", f"--weights={source}", f"--output={source}.npz"]) == 0
    digests = {load_weights(f"{source}.npz")[0]["sha256"] for source in (weights, other)}
    assert len(digests) == 1
    capsys.readouterr()


def test_latents_normalised_over_a_folder(tmp_path, weights, capsys):
    (tmp_path / "music").mkdir()
    waveform.write(tmp_path / "music" / "a.wav", drawn.clip(24_000))
    arguments = [f"--weights={weights}", f"--output={tmp_path}/w.npz", f"--audio={tmp_path}/music"]
    assert port.run(["compjax-port", "--from=encodec", *arguments]) == 0
    assert "normalised over 1 recordings" in capsys.readouterr().out
    config = codec.load("encodec", tmp_path / "w.npz")[0].config
    assert config.std != 1.0 and config.mean != 0.0


def break_file(path: pathlib.Path, how: str, state) -> str:
    """Spoils a weights file; returns words of the line that it is refused with."""
    tensors = {name: tensor(value) for name, value in state.items()}
    if how == "missing":
        write_zip(path, dict(list(tensors.items())[1:]))
        return "1 weights too few: encoder.layers.0.conv.weight_g"
    if how == "extra":
        write_zip(path, tensors | {"surplus": tensor(np.zeros(1, np.float32))})
        return "1 weights that EnCodec has not: surplus"
    if how == "shape":
        write_zip(path, tensors | {"decoder.layers.0.conv.bias": tensor(np.zeros(3, np.float32))})
        return "decoder.layers.0.conv.bias has shape [3], not [16]"
    if how == "not finite":
        write_zip(path, tensors | {"decoder.layers.0.conv.bias": tensor(np.full(16, np.inf, np.float32))})
        return "1 weights not finite: decoder/input/bias"
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:-1000])
        return "is cut off, damaged or no PyTorch file"
    if how == "hostile":
        path.write_bytes(pickle.dumps(Named(eval, f"open({str(path) + '.ran'!r}, 'w')")))
        return "asks for 'builtins.eval', which is no data"
    if how == "sound":
        path.write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
        return "is cut off, damaged or no PyTorch file"
    if how == "safetensors":
        path.write_bytes((10**9).to_bytes(8, "little") + b'{"a": 1}')
        return "is cut off, damaged or no weights file"
    path.unlink()
    if how == "folder":
        path.mkdir()
        return "is a folder"
    return "there are no weights at"


KINDS = (
    "missing",
    "extra",
    "shape",
    "not finite",
    "truncated",
    "hostile",
    "sound",
    "safetensors",
    "folder",
    "none",
)


@pytest.mark.parametrize("how", KINDS)
def test_bad_weights_are_one_line_and_nothing_is_written(tmp_path, weights, small, how, capsys):
    words = break_file(weights, how, small_state(small))
    before = sorted(tmp_path.rglob("*"))
    output = tmp_path / "w.npz"
    assert words in refused(capsys, "--from=encodec", f"--weights={weights}", f"--output={output}")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_was_there_stays(tmp_path, weights, small, capsys):
    output = tmp_path / "w.npz"
    output.write_bytes(b"mine")
    break_file(weights, "missing", small_state(small))
    refused(capsys, "--from=encodec", f"--weights={weights}", f"--output={output}")
    assert output.read_bytes() == b"mine"


@pytest.mark.parametrize("output", ["folder", "none/w.npz"])
def test_where_it_cannot_write(tmp_path, weights, output, capsys):
    (tmp_path / "folder").mkdir()
    arguments = [f"--weights={weights}", f"--output={tmp_path}/{output}"]
    assert "cannot write" in refused(capsys, "--from=encodec", *arguments)


def test_a_cache_folder_that_cannot_be_made(monkeypatch, tmp_path, weights, capsys):
    monkeypatch.setenv("COMPJAX_CACHE", f"{weights}/cache")
    assert "cannot make the folder" in refused(capsys, "--from=encodec", f"--weights={weights}")


def test_the_published_48_khz_model(tmp_path, capsys):
    state = {"encoder.model.0.conv.norm.weight": tensor(np.zeros(32, np.float32))}
    write_zip(tmp_path / "w.th", state)
    line = refused(capsys, "--from=encodec", f"--weights={tmp_path}/w.th", f"--output={tmp_path}/w.npz")
    assert "48 kHz stereo model" in line


def test_the_original(tmp_path, capsys):
    """Its masking agent without a cascade: weights from shapes alone."""
    import csv

    with open(TESTS / "reference" / "keys.tsv") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["network"] == "masking"]
    state = {
        row["name"]: tensor(np.full(tuple(map(int, row["shape"].split("x"))), 0.01, np.float32))
        for row in rows
        if row["name"].startswith("creative_agent")
    }
    write_zip(tmp_path / "best_model.pt", {"model_state_dict": state, "args": {"lr": 1e-4}})
    arguments = ["--from=original", f"--weights={tmp_path}/best_model.pt"]
    assert "name the file to write: --output" in refused(capsys, *arguments)
    assert port.run(["compjax-port", *arguments, f"--output={tmp_path}/model.npz"]) == 0
    said = capsys.readouterr().out
    assert "masking agent of the original, no cascade stages" in said and "--codec encodec" in said
    config, variables = load_weights(tmp_path / "model.npz")
    assert config["agent"] == "masking" and config["source"]["args"] == {"lr": 1e-4}
    assert set(variables["params"]["agent"]) == {"mask_generator", "style_discriminator"}


def test_what_is_no_checkpoint_of_the_original(tmp_path, weights, capsys):
    arguments = [f"--weights={weights}", f"--output={tmp_path}/w.npz"]
    assert "model_state_dict is missing" in refused(capsys, "--from=original", *arguments)
    assert "goes with --from encodec only" in refused(capsys, "--from=original", "--audio=x", *arguments)


@pytest.mark.parametrize(
    "arguments", [[], ["--from=mp3", "--weights=x"], ["--from=encodec", "--weights=x", "y"]]
)
def test_flags_that_will_not_do(arguments, capsys):
    assert port.run(["compjax-port", *arguments]) == 65
    said = capsys.readouterr().err
    assert "--help lists the flags" in said and "Traceback" not in said


def test_help(capsys):
    assert port.run(["compjax-port", "--help"]) == 0
    assert "--from" in capsys.readouterr().out
