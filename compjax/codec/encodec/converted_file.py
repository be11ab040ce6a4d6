"""The converted EnCodec file: what is in it, and how it is checked."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec import converted_weights, weights
from compjax.codec.encodec.encodec import Decoder, Encodec, EncodecConfig, Encoder
from compjax.codec.encodec.layers import SampleSpan
from compjax.errors import UserError

KIND = "encodec"
"""What the config of a converted file says under `codec`."""


def save(path: str | os.PathLike, config: EncodecConfig, params: dict, source: str | os.PathLike) -> None:
    """Write a converted codec, float32, with its checksum and that of its `source`; whole or not at all."""
    described = {"codec": KIND, "settings": dataclasses.asdict(config)}
    converted_weights.save(path, described, params, source)


def load(path: str | os.PathLike) -> tuple[Encodec, dict]:
    """The codec in a converted file and its params, shapes checked.

    Raises:
        UserError: the file is missing, damaged, or holds no EnCodec.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(
            f"EnCodec's weights are not part of compjax and none are at {path}; convert yours: "
            "compjax-port --from encodec --weights encodec_24khz-d7cc33bc.th"
        )
    stored, params = converted_weights.load(path)
    try:
        if stored.get("codec") != KIND:
            raise ValueError("it says it is something else")
        config = EncodecConfig.from_dict(stored["settings"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{path} holds no EnCodec of this version ({error})"
        raise UserError(f"{reason}; make it with compjax-port --from encodec") from error
    expected, found = shapes(config), {k: v.shape for k, v in weights.flatten(params).items()}
    if found != expected:
        odd = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise UserError(f"{path} does not fit its own config (first difference: {odd}); convert it again")
    return Encodec(config), params


def shapes(config: EncodecConfig) -> dict[str, tuple[int, ...]]:
    """Shape of every weight by its path."""
    audio = jax.ShapeDtypeStruct((1, config.hop_length), jnp.float32)
    latents = jax.ShapeDtypeStruct((1, 1, config.dimension), jnp.float32)
    found = {}
    for part, module, x in (("encoder", Encoder(config), audio), ("decoder", Decoder(config), latents)):
        span = SampleSpan(x.shape[1])
        tree = jax.eval_shape(lambda x, m=module, s=span: m.init(jax.random.key(0), x, s)["params"], x)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            found[f"{part}/{jax.tree_util.keystr(path, simple=True, separator='/')}"] = leaf.shape
    found["codebooks"] = (config.codebooks, config.codebook_size, config.dimension)
    return found


def normalized_over(clips: list[np.ndarray], config: EncodecConfig, params: dict) -> EncodecConfig:
    """The config whose latents have mean 0 and deviation 1 over all frames and channels of the clips `[S]`.

    Raises:
        UserError: there is nothing to measure.
    """
    raw = Encodec(config).raw
    latents = [raw.encode_clip(params, clip) for clip in clips if clip.size]
    if not latents:
        raise UserError("the recordings to normalise over are all silent or empty")
    values = np.concatenate(latents).astype(np.float64)
    if not values.std() > 0:
        raise UserError("the latents of the recordings to normalise over are all the same")
    return dataclasses.replace(config, mean=float(values.mean()), std=float(values.std()))
