"""EnCodec's weights in both layouts: every name, every shape, and what is refused."""

import json
import math

import numpy as np
import pytest
from encodec_helpers import drawn, small_state

from compjax.codec.encodec.converted_file import shapes
from compjax.codec.encodec.encodec import EncodecConfig
from compjax.codec.weights import flatten
from compjax.errors import UserError
from compjax.port import encodec_table


@pytest.fixture
def state(small):
    return small_state(small.config)


def refusal(state, config) -> str:
    """The one line that a conversion ends with."""
    with pytest.raises(UserError) as caught:
        encodec_table.convert(state, "w.th", config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def parts(layout: str) -> dict[str, list[str]]:
    """The names of a layout by what they belong to, in the order of the state dict."""
    found: dict[str, list[str]] = {}
    for name in drawn.shapes(layout):
        found.setdefault(name.partition(".")[0], []).append(name)
    return found


@pytest.fixture(scope="module")
def published():
    """The published model in both layouts."""
    first = drawn.state()
    theirs, ours = parts("encodec"), parts("transformers")
    names = {a: b for part in ours for a, b in zip(theirs[part], ours[part], strict=True)}
    return {"transformers": first, "encodec": {a: first[b] for a, b in names.items()}}


def test_both_layouts_are_the_same_weights(published):
    for layout, state in published.items():
        assert {name: value.shape for name, value in state.items()} == drawn.shapes(layout)
    first, second = (flatten(encodec_table.convert(state, layout)) for layout, state in published.items())
    assert {name: value.shape for name, value in first.items()} == shapes(EncodecConfig())
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_older_names_of_weight_norm(published):
    """As Hugging Face published the file."""
    state = {drawn.plain_name(name): value for name, value in published["transformers"].items()}
    assert "encoder.layers.0.conv.weight_g" in state and len(state) == 252
    np.testing.assert_array_equal(
        encodec_table.convert(state, "")["encoder"]["input"]["kernel"],
        encodec_table.convert(published["transformers"], "")["encoder"]["input"]["kernel"],
    )


def test_number_of_weights(published):
    """Folding takes the lengths of weight norm away, and of the two biases of an LSTM one."""
    params = encodec_table.convert(published["encodec"], "")
    for part in ("encoder", "decoder"):
        kept = {
            name: math.prod(shape) // (2 if ".bias_" in name else 1)
            for name, shape in drawn.shapes("encodec").items()
            if name.startswith(part) and not name.endswith("weight_g")
        }
        assert sum(value.size for value in flatten(params[part]).values()) == sum(kept.values())
    assert params["codebooks"].shape == (32, 1024, 128)


def test_every_name_is_needed(state, small):
    for name in state:
        rest = {key: value for key, value in state.items() if key != name}
        assert f"w.th has 1 weights too few: {name}" in refusal(rest, small.config)


def test_extra_names(state, small):
    for name in ("encoder.layers.2.conv.bias", "lm.linear.weight", "quantizer.layers.2.codebook.embed"):
        assert name in refusal(state | {name: np.zeros(3, np.float32)}, small.config)


def test_statistics_of_the_codebooks_are_not_needed(state, small):
    extra = {f"quantizer.layers.1.codebook.{name}": np.zeros(1) for name in ("inited", "embed_avg")}
    encodec_table.convert(state | extra, "", small.config)


def test_every_shape_is_checked(state, small):
    for name, value in state.items():
        line = refusal(state | {name: np.zeros((*value.shape, 2), np.float32)}, small.config)
        assert f"{name} has shape" in line and f"not {list(value.shape)}" in line


def test_integers(state, small):
    changed = state | {"encoder.layers.0.conv.bias": np.zeros(4, int)}
    assert "holds int64 values" in refusal(changed, small.config)


def test_the_same_weight_twice(state, small):
    name = "encoder.layers.0.conv.weight_g"
    doubled = state | {"encoder.model.0.conv.conv.weight_g": state[name]}
    assert f"the same weight twice: {name} and encoder.model.0" in refusal(doubled, small.config)


def test_the_48_khz_model():
    state = {
        "encoder.model.0.conv.conv.weight": np.zeros((32, 2, 7)),
        "encoder.model.0.conv.norm.weight": np.zeros(32),
    }
    assert "48 kHz stereo model; the 24 kHz model is needed" in refusal(state, EncodecConfig())


def test_a_32_khz_model():
    state = {
        "encoder.layers.0.conv.weight_g": np.zeros((64, 1, 1)),
        "quantizer.layers.0.codebook.embed": np.zeros((2048, 128)),
    }
    assert "32 kHz model; the 24 kHz model is needed" in refusal(state, EncodecConfig())


def test_another_network():
    assert "holds no EnCodec" in refusal({"model.embed.weight": np.zeros(3)}, EncodecConfig())


def test_weight_norm_by_hand():
    """The direction (3, 4) has length 5; brought to length 10 it is (6, 8)."""
    direction = np.array([[[3.0, 4.0]], [[0.0, 2.0]]], np.float32)
    size = np.array([[[10.0]], [[1.0]]], np.float32)
    np.testing.assert_allclose(encodec_table.fold_weight_norm(size, direction), [[[6, 8]], [[0, 1]]])
    np.testing.assert_allclose(encodec_table.conv_kernel(size, direction), [[[6, 0]], [[8, 1]]])


def test_transposed_kernel_by_hand():
    """Stride 2, kernel (1, 2, 3, 4): a step gives 1, 2 to its own two samples and 3, 4 to the next."""
    direction = np.array([[[1.0, 2.0, 3.0, 4.0]]], np.float32)
    size = np.sqrt(30.0).astype(np.float32).reshape(1, 1, 1)
    kernel = encodec_table.transposed_kernel(size, direction)
    np.testing.assert_allclose(kernel[:, 0, :, 0], [[3, 4], [1, 2]], rtol=1e-6)


def test_checksum_in_the_name(tmp_path):
    """SHA-256 of the three bytes "abc" begins with ba7816bf."""
    for name, data in {"m-ba7816bf.th": b"abc", "m-ba7816bf.bin": b"abd", "m-old.th": b"abd"}.items():
        (tmp_path / name).write_bytes(data)
        encodec_table.check_name(tmp_path / name)
    (tmp_path / "m-ba7816bf.th").write_bytes(b"ab")
    with pytest.raises(UserError, match="its SHA-256 does not begin with ba7816bf"):
        encodec_table.check_name(tmp_path / "m-ba7816bf.th")


@pytest.mark.parametrize(
    "field, value",
    [("sampling_rate", 48_000), ("sampling_rate", 32_000), ("audio_channels", 2), ("normalize", True)],
)
def test_description_of_another_model(tmp_path, field, value):
    described = {"model_type": "encodec", "sampling_rate": 24_000, "audio_channels": 1} | {field: value}
    (tmp_path / "config.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match=f"config.json says {field} {value}; the 24 kHz model is needed"):
        encodec_table.check_description(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "text", ['{"model_type": "encodec", "sampling_rate": 24000}', '{"a": 1}', "no JSON", "[]"]
)
def test_description_that_says_nothing_against_it(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    encodec_table.check_description(tmp_path / "model.safetensors")
    encodec_table.check_description(tmp_path / "elsewhere" / "model.safetensors")
