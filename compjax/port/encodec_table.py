"""EnCodec's published weights as a table: source pattern, target path, transform.

Two programs publish them with different names: the `encodec` package (encodec_24khz-d7cc33bc.th) and
Hugging Face's transformers (model.safetensors or pytorch_model.bin of facebook/encodec_24khz). Names are
brought to one form first. Every name is used once, every place filled, every shape checked.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Callable, Mapping

import numpy as np

from compjax.codec import converted_weights
from compjax.codec.encodec.encodec import EncodecConfig
from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.files import sha256_of

Arrays = Mapping[str, np.ndarray]

ONE_FORM = (
    (r"(encoder|decoder)\.model\.", r"\1.layers."),  # the encodec package
    (r"\.conv\.conv\.|\.convtr\.convtr\.", ".conv."),
    (r"quantizer\.vq\.layers\.(\d+)\._codebook\.", r"quantizer.layers.\1.codebook."),
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),  # PyTorch's newer weight norm
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
)
"""Patterns and what they become, in both layouts' names; what is in that form already stays."""

UNUSED = re.compile(r"quantizer\.layers\.\d+\.codebook\.(inited|cluster_size|embed_avg)")
"""Statistics that only training the codebooks needs."""

HELP = "the 24 kHz model is needed: encodec_24khz-d7cc33bc.th, or model.safetensors of facebook/encodec_24khz"


def convert(state: Arrays, path: str | os.PathLike, config: EncodecConfig = EncodecConfig()) -> dict:
    """Params of `encodec.Encodec` from a state dict of either layout.

    Args:
        state: arrays by the source's names.
        path: of the file, for messages.
        config: the size that it must have.

    Raises:
        UserError: names are missing, unknown or double, or a shape is wrong; one line.
    """
    _refuse_other_models(state, path)
    named = _in_one_form(state, path)
    table = places(config)
    used = [name for _, names, _, _ in table for name in names]
    known = set(used) | {name for name in named if UNUSED.fullmatch(name)}
    converted_weights.refuse(
        [named[name][0] for name in named if name not in known], "weights that EnCodec has not", path
    )
    converted_weights.refuse([name for name in used if name not in named], "weights too few", path)
    params: dict[str, np.ndarray] = {}
    for target, names, shape, transform in table:
        params[target] = _transformed([named[name] for name in names], shape, transform, path)
    books = [f"quantizer.layers.{i}.codebook.embed" for i in range(config.codebooks)]
    params["codebooks"] = np.stack([params.pop(book) for book in books])
    from compjax.codec.weights import unflatten

    return unflatten(params)


def _refuse_other_models(state: Arrays, path) -> None:
    """One line for EnCodec's other models, which fail everywhere."""
    if any(name.endswith("conv.norm.weight") for name in state):
        raise UserError(f"{path} is the 48 kHz stereo model; {HELP}")
    codebook = [v for k, v in state.items() if re.search(r"codebook\.embed$", k)]
    if codebook and codebook[0].shape[0] == 2048:
        raise UserError(f"{path} is a 32 kHz model; {HELP}")
    if not any(name.startswith(("encoder.", "decoder.")) for name in state):
        raise UserError(f"{path} holds no EnCodec (its first name is {next(iter(state))!r:.60}); {HELP}")


def check_description(path: str | os.PathLike) -> None:
    """Look into the config.json that Hugging Face puts beside the weights, if there is one.

    Raises:
        UserError: it describes another model.
    """
    beside = pathlib.Path(path).with_name("config.json")
    if not beside.is_file():
        return
    try:
        described = json.loads(beside.read_text())
    except (OSError, ValueError):
        return  # not ours to judge: it may belong to something else in the folder
    if not isinstance(described, dict) or described.get("model_type") != "encodec":
        return
    wanted = {"sampling_rate": SAMPLE_RATE, "audio_channels": 1, "use_causal_conv": True, "normalize": False}
    for key, value in wanted.items():
        if described.get(key, value) != value:
            raise UserError(f"{path} is another model: {beside.name} says {key} {described[key]}; {HELP}")


def check_name(path: str | os.PathLike) -> None:
    """The encodec package puts the beginning of a file's SHA-256 into its name; it must be that.

    Raises:
        UserError: the file has changed.
    """
    match = re.fullmatch(r".*-([0-9a-f]{8})\.th", pathlib.Path(path).name)
    if match and pathlib.Path(path).is_file() and not sha256_of(path).startswith(match[1]):
        raise UserError(
            f"{path} is cut off or damaged: its SHA-256 does not begin with {match[1]}; fetch it again"
        )


def _in_one_form(state: Arrays, path) -> dict[str, tuple[str, np.ndarray]]:
    """The source's name and array by the name in the one form."""
    named: dict[str, tuple[str, np.ndarray]] = {}
    for name, value in state.items():
        plain = name
        for pattern, replacement in ONE_FORM:
            plain = re.sub(pattern, replacement, plain)
        if plain in named:
            raise UserError(f"{path} has the same weight twice: {named[plain][0]} and {name}")
        named[plain] = (name, value)
    return named


Place = tuple[str, tuple[str, ...], tuple[tuple[int, ...], ...], Callable[..., np.ndarray]]
"""Path in the params, the names that fill it, their shapes, and what is done with their arrays."""


def places(config: EncodecConfig) -> list[Place]:
    """The whole table."""
    table, last = [], 3 * len(config.ratios) + 1
    wide = config.filters * 2 ** len(config.ratios)
    channels = config.filters
    table += _conv("encoder", "input", 0, config.filters, 1, config.kernel_size)
    for i, ratio in enumerate(reversed(config.ratios)):
        table += _block("encoder", i, 3 * i + 1, channels, config)
        table += _conv("encoder", f"down_{i}", 3 * i + 3, 2 * channels, channels, 2 * ratio)
        channels *= 2
    table += _lstm("encoder", last, wide, config)
    table += _conv("encoder", "output", last + 2, config.dimension, wide, config.kernel_size)
    table += _conv("decoder", "input", 0, wide, config.dimension, config.kernel_size)
    table += _lstm("decoder", 1, wide, config)
    for i, ratio in enumerate(config.ratios):
        channels //= 2
        table += _transposed("decoder", f"up_{i}", 3 * i + 3, channels, ratio)
        table += _block("decoder", i, 3 * i + 4, channels, config)
    table += _conv("decoder", "output", last + 2, 1, config.filters, config.kernel_size)
    for i in range(config.codebooks):
        name, shape = f"quantizer.layers.{i}.codebook.embed", (config.codebook_size, config.dimension)
        table.append((name, (name,), (shape,), lambda x: x))
    return table


def _conv(part: str, target: str, layer: int | str, outputs: int, inputs: int, kernel: int) -> list[Place]:
    source, target = f"{part}.layers.{layer}.conv", f"{part}/{target}"
    shapes = ((outputs, 1, 1), (outputs, inputs, kernel))
    return [
        (f"{target}/kernel", (f"{source}.weight_g", f"{source}.weight_v"), shapes, conv_kernel),
        (f"{target}/bias", (f"{source}.bias",), ((outputs,),), lambda x: x),
    ]


def _transposed(part: str, target: str, layer: int, outputs: int, ratio: int) -> list[Place]:
    source, target, inputs = f"{part}.layers.{layer}.conv", f"{part}/{target}", 2 * outputs
    shapes = ((inputs, 1, 1), (inputs, outputs, 2 * ratio))
    return [
        (f"{target}/kernel", (f"{source}.weight_g", f"{source}.weight_v"), shapes, transposed_kernel),
        (f"{target}/bias", (f"{source}.bias",), ((outputs,),), lambda x: x),
    ]


def _block(part: str, index: int, layer: int, size: int, config: EncodecConfig) -> list[Place]:
    target, hidden = f"block_{index}", size // config.compress
    return [
        *_conv(part, f"{target}/conv1", f"{layer}.block.1", hidden, size, config.residual_kernel_size),
        *_conv(part, f"{target}/conv2", f"{layer}.block.3", size, hidden, 1),
        *_conv(part, f"{target}/shortcut", f"{layer}.shortcut", size, size, 1),
    ]


def _lstm(part: str, layer: int, size: int, config: EncodecConfig) -> list[Place]:
    table: list[Place] = []
    for i in range(config.lstm_layers):
        source, target = f"{part}.layers.{layer}.lstm", f"{part}/lstm"
        matrix, vector = (4 * size, size), (4 * size,)
        names = (f"{source}.bias_ih_l{i}", f"{source}.bias_hh_l{i}")
        table += [
            (f"{target}/kernel_{i}", (f"{source}.weight_ih_l{i}",), (matrix,), lambda x: x.T),
            (f"{target}/recurrent_{i}", (f"{source}.weight_hh_l{i}",), (matrix,), lambda x: x.T),
            (f"{target}/bias_{i}", names, (vector, vector), lambda x, y: x + y),
        ]
    return table


def fold_weight_norm(size: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Weight norm's kernel: `direction` `[N, ...]` brought to the lengths `size` `[N, 1, 1]`.

    Salimans and Kingma, "Weight normalization", 2016.
    """
    length = np.sqrt(np.sum(direction.astype(np.float64) ** 2, axis=(1, 2), keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):  # a direction of no length is found as not finite
        return (direction * (size / length)).astype(np.float32)


def conv_kernel(size: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """[out, in, kernel] -> [kernel, in, out]."""
    return fold_weight_norm(size, direction).transpose(2, 1, 0)


def transposed_kernel(size: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """[in, out, 2 * stride] -> [2, in, stride, out], the second half of the kernel first."""
    kernel = fold_weight_norm(size, direction)
    halves = kernel.reshape(*kernel.shape[:2], 2, -1)  # [in, out, half, stride]
    return halves[:, :, ::-1].transpose(2, 0, 3, 1)


def _transformed(sources: list[tuple[str, np.ndarray]], shapes, transform, path) -> np.ndarray:
    for (name, value), shape in zip(sources, shapes, strict=True):
        if value.dtype.kind != "f":
            raise UserError(f"{path}: {name} holds {value.dtype} values, not floating-point weights")
        if value.shape != shape:
            raise UserError(f"{path}: {name} has shape {list(value.shape)}, not {list(shape)}; {HELP}")
    return np.ascontiguousarray(transform(*(value.astype(np.float32) for _, value in sources)), np.float32)
