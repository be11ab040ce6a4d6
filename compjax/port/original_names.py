"""The original PyTorch names as a table: source pattern, target path, transform.

`convert` turns a state dict of the original into the variables of these networks. It is the one place
that knows the names; every source is used, every target filled and every shape checked, or the
conversion fails.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from compjax.errors import UserError

Variables = Mapping[str, Any]
Path = tuple[str, ...]


class Rule(NamedTuple):
    """One line of a table.

    Attributes:
        source: regular expression that a whole name of the original matches.
        target: path in the variables with `\\1` for groups, or "" for what these networks do not store.
        transform: a key of `TRANSFORMS`.
    """

    source: str
    target: str
    transform: str


class Transform(NamedTuple):
    """How an array of the original, of `ndim` axes (None: any), becomes one of ours."""

    ndim: int | None
    apply: Callable[[np.ndarray], np.ndarray]


TRANSFORMS: dict[str, Transform] = {
    "vector": Transform(1, lambda x: x),
    "dense": Transform(2, lambda x: x.transpose(1, 0)),  # [out, in] -> [in, out]
    "conv": Transform(3, lambda x: x.transpose(2, 1, 0)),  # [out, in, kernel] -> [kernel, in, out]
    "pointwise": Transform(3, lambda x: x[:, :, 0].transpose(1, 0)),  # [out, in, 1] -> [in, out]
    "drop": Transform(None, lambda x: x),
}


def _layer(source: str, target: str, kernel: str) -> list[Rule]:
    """A layer with a kernel and a bias."""
    return [
        Rule(rf"{source}\.weight", f"params/{target}/kernel", kernel),
        Rule(rf"{source}\.bias", f"params/{target}/bias", "vector"),
    ]


def _norm(source: str, target: str) -> list[Rule]:
    return [
        Rule(rf"{source}\.weight", f"params/{target}/scale", "vector"),
        Rule(rf"{source}\.bias", f"params/{target}/bias", "vector"),
    ]


def _attention(source: str, target: str) -> list[Rule]:
    return [
        Rule(rf"{source}\.in_proj_weight", f"params/{target}/in_proj/kernel", "dense"),
        Rule(rf"{source}\.in_proj_bias", f"params/{target}/in_proj/bias", "vector"),
        *_layer(rf"{source}\.out_proj", f"{target}/out_proj", "dense"),
    ]


def _encoder(source: str, target: str, group: int) -> list[Rule]:
    """Encoder layers; `group` is the number of the group that holds the layer's number, the next its part."""
    source, target, part = rf"{source}\.layers\.(\d+)", rf"{target}/layers_\{group}", rf"\{group + 1}"
    return [
        *_attention(rf"{source}\.self_attn", f"{target}/attention"),
        *_layer(rf"{source}\.(linear[12])", f"{target}/{part}", "dense"),
        *_norm(rf"{source}\.(norm[12])", f"{target}/{part}"),
    ]


_POSITIONS = Rule(r".*\.pe", "", "drop")  # the sinusoidal table is computed
_BATCH_COUNT = Rule(r".*\.num_batches_tracked", "", "drop")  # only used by a cumulative average

_CASCADE = [
    *_norm(r"cascade_stages\.(\d+)\.(input_norm|post_norm)", r"cascade/stages_\1/\2"),
    *_encoder(r"cascade_stages\.(\d+)\.transformer", r"cascade/stages_\1/encoder", 2),
    Rule(
        r"cascade_stages\.(\d+)\.output_proj\.weight_orig",
        r"params/cascade/stages_\1/output_proj/kernel",
        "dense",
    ),
    Rule(r"cascade_stages\.(\d+)\.output_proj\.bias", r"params/cascade/stages_\1/output_proj/bias", "vector"),
    Rule(
        r"cascade_stages\.(\d+)\.output_proj\.weight_([uv])",
        r"batch_stats/cascade/stages_\1/output_proj/\2",
        "vector",
    ),
    _POSITIONS,
]

_EXTRACTOR = r"creative_agent\.(input|target)_extractor\.(rhythm|harmony|timbre)"
_BRANCH = r"agent/\1_extractor/\2"

_COMPOSITIONAL = [
    *_layer(rf"{_EXTRACTOR}_(conv1|conv2|skip)", rf"{_BRANCH}_\3", "conv"),
    *_norm(rf"{_EXTRACTOR}_norm", rf"{_BRANCH}_norm"),
    Rule(rf"{_EXTRACTOR}_norm\.running_(mean|var)", rf"batch_stats/{_BRANCH}_norm/\3", "vector"),
    _BATCH_COUNT,
    *_layer(r"creative_agent\.component_selector\.0", "agent/selector/hidden", "pointwise"),
    *_layer(r"creative_agent\.component_selector\.2", "agent/selector/output", "pointwise"),
    *_layer(
        r"creative_agent\.composer\.component_projection", "agent/composer/component_projection", "dense"
    ),
    *_encoder(r"creative_agent\.composer\.composer", "agent/composer/encoder", 1),
    *_layer(r"creative_agent\.composer\.output_projection\.0", "agent/composer/output_hidden", "dense"),
    *_layer(r"creative_agent\.composer\.output_projection\.3", "agent/composer/output", "dense"),
]

_MASKS = r"creative_agent\.mask_generator"
_STYLE = r"creative_agent\.discriminator"

_MASKING = [
    *_layer(rf"{_MASKS}\.(input|target)_analyzer\.0", r"agent/mask_generator/\1_analyser/conv1", "conv"),
    *_layer(rf"{_MASKS}\.(input|target)_analyzer\.2", r"agent/mask_generator/\1_analyser/conv2", "conv"),
    *_attention(rf"{_MASKS}\.cross_attention", "agent/mask_generator/attention"),
    *_layer(rf"{_MASKS}\.(input|target)_mask_generator\.0", r"agent/mask_generator/\1_head/conv1", "conv"),
    *_layer(rf"{_MASKS}\.(input|target)_mask_generator\.2", r"agent/mask_generator/\1_head/conv2", "conv"),
    *_layer(rf"{_STYLE}\.encoder\.0", "agent/style_discriminator/convolutions_0", "conv"),
    *_layer(rf"{_STYLE}\.encoder\.2", "agent/style_discriminator/convolutions_1", "conv"),
    *_layer(rf"{_STYLE}\.encoder\.4", "agent/style_discriminator/convolutions_2", "conv"),
    *_layer(rf"{_STYLE}\.classifier\.2", "agent/style_discriminator/classifier", "dense"),
    *_layer(rf"{_STYLE}\.style_matcher", "agent/style_discriminator/style_matcher", "dense"),
]

NETWORKS: dict[str, list[Rule]] = {
    "compositional": _COMPOSITIONAL + _CASCADE,
    "masking": _MASKING + _CASCADE,
    "discriminator": [
        *_layer(r"conv_layers\.0", "conv0", "conv"),
        *_layer(r"conv_layers\.3", "conv1", "conv"),
        *_layer(r"conv_layers\.6", "conv2", "conv"),
        *_layer(r"conv_layers\.9", "conv3", "conv"),
        *_layer(r"classifier\.0", "hidden", "dense"),
        *_layer(r"classifier\.3", "output", "dense"),
    ],
}
"""A table per network; the first rule that matches a name is its rule."""


def find_rule(name: str, rules: list[Rule]) -> tuple[Rule, Path | None] | None:
    """The first rule for a name of the original and the path it fills (None: dropped), or None."""
    for rule in rules:
        match = re.fullmatch(rule.source, name)
        if match:
            return rule, tuple(match.expand(rule.target).split("/")) if rule.target else None
    return None


def convert(state: Mapping[str, np.ndarray], network: str, template: Variables) -> dict[str, Any]:
    """Variables of one of these networks from a state dict of the original.

    Args:
        state: arrays by the original's names.
        network: a key of `NETWORKS`.
        template: variables of the network to fill, as `jax.eval_shape` of its `init` gives them; only
            their shapes are read.

    Returns:
        The same tree with float32 NumPy arrays.

    Raises:
        UserError: for names without a rule or a place, places that no name fills, and shapes that
            differ.
    """
    if network not in NETWORKS:
        raise UserError(f"there is no table of names for {network!r}; known are {', '.join(NETWORKS)}")
    shapes = _flatten(template)
    placed, unknown = _place(state, NETWORKS[network], shapes)
    _refuse(unknown, f"names that the {network} network does not have")
    counts = Counter(path for path, _, _ in placed)
    _refuse(["/".join(path) for path, n in counts.items() if n > 1], "weights that two names fill")
    _refuse(["/".join(path) for path in shapes if path not in counts], "weights that no name fills")
    return _unflatten(
        {path: _transform(name, state[name], rule, shapes[path]) for path, name, rule in placed}
    )


def _place(
    state: Mapping[str, np.ndarray], rules: list[Rule], shapes: Mapping[Path, tuple[int, ...]]
) -> tuple[list[tuple[Path, str, Rule]], list[str]]:
    """Where each name goes, and the names that have no place."""
    placed, unknown = [], []
    for name in state:
        found = find_rule(name, rules)
        if found is None or (found[1] is not None and found[1] not in shapes):
            unknown.append(name)
        elif found[1] is not None:
            placed.append((found[1], name, found[0]))
    return placed, unknown


def _transform(name: str, value: np.ndarray, rule: Rule, shape: tuple[int, ...]) -> np.ndarray:
    value, transform = np.asarray(value), TRANSFORMS[rule.transform]
    if value.dtype.kind != "f":
        raise UserError(f"{name} holds {value.dtype} values, not floating-point weights")
    if value.ndim != transform.ndim or transform.apply(value).shape != shape:
        raise UserError(f"{name} has shape {list(value.shape)}, which does not give the {list(shape)} needed")
    return np.ascontiguousarray(transform.apply(value), dtype=np.float32)


def _refuse(names: list[str], what: str) -> None:
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise UserError(f"{len(names)} {what}: {', '.join(names[:3])}{more}")


def _flatten(tree: Mapping[str, Any], path: Path = ()) -> dict[Path, tuple[int, ...]]:
    """Shapes by path."""
    shapes: dict[Path, tuple[int, ...]] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            shapes |= _flatten(value, (*path, key))
        else:
            shapes[(*path, key)] = tuple(value.shape)
    return shapes


def _unflatten(arrays: Mapping[Path, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in arrays.items():
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = value
    return tree
