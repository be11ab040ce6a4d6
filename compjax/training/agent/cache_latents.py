"""Another codec's latents for training: computed once, kept on disk, read as rendered shards are.

`compjax-train --config.codec=encodec` does it at its start (`prepare`). Beforehand, or on several machines:

    python -m compjax.training.agent.cache_latents --codec=encodec --data=data/train
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import jax
import numpy as np
from absl import flags, logging

from compjax import command
from compjax.constants import HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE
from compjax.data.sources.latent_cache import LatentCache, LatentEncoder
from compjax.data.sources.opening import parse_sources
from compjax.errors import UserError
from compjax.files import sha256_of

FOLDER = "latents"
"""Folder of caches below a folder of rendered shards, unless another is named."""


def prepare(config: Any) -> dict[str, Any]:
    """The data of a configuration, its folders of rendered shards replaced by those of cached latents.

    Args:
        config: with `codec`, `codec_weights` (a file, or "" for where it is looked for) and `data`, which may
            name a folder for the caches (`latents`).

    Raises:
        UserError: for data that is no folder of rendered shards, or a codec that cannot be used.
    """
    data = dict(config.data.items())
    root = data.pop("latents", "")
    for part in ("train", "dev"):
        data[part] = _cached(data[part], config.codec, config.get("codec_weights", ""), root)
    if data.get("augment", True):
        logging.info(
            "augmentation is off: it filters the bundled codec's bands, not %s latents", config.codec
        )
    return data | {"augment": False}


def _cached(value: Any, codec: str, weights: str, root: str) -> Any:
    """What stands for `data.train` or `data.dev` once its latents are cached."""
    sources = parse_sources(value)
    others = [source.kind for source in sources if source.kind != "shards"]
    if others:
        raise UserError(
            f"data of the kind {others[0]!r} has latents of the bundled codec only; "
            f"with codec={codec} give a folder that compjax-render filled"
        )
    [source] = sources
    return str(cache(source.folder, codec, weights, root))


def cache(folder: str, codec: str, weights: str = "", root: str = "") -> pathlib.Path:
    """The folder of cached latents of a folder of rendered shards, filled where it is not.

    Args:
        folder: of rendered shards.
        codec: name of the codec.
        weights: its weights; "" for where they are looked for.
        root: folder of caches; "" for `latents` below `folder`.
    """
    import compjax.codec

    path = pathlib.Path(weights or compjax.codec.weights_path(codec))
    built, params = compjax.codec.load(codec, path)
    if (built.sample_rate, built.hop_length, built.dimension) != (SAMPLE_RATE, HOP_LENGTH, LATENT_SIZE):
        raise UserError(f"latents of {path} have another rate or size than the networks take")
    kept = LatentCache(folder, root or pathlib.Path(folder) / FOLDER, codec, sha256_of(path))
    place, places = jax.process_index(), jax.process_count()
    kept.fill(encoder_of(built, params), place, places, said=_report)
    return kept.folder


def encoder_of(codec: Any, params: Any) -> LatentEncoder:
    """The codec as `latent_cache` calls it: NumPy in and out, one program."""
    on_device, encode = jax.device_put(params), jax.jit(codec.encode)
    return lambda audio: np.asarray(encode(on_device, audio))


def _report(index: int, total: int) -> None:
    logging.info("latents: shard %d of %d", index + 1, total)


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("codec", "encodec", "Codec whose latents to cache.", values)
    text = "Its weights; those at the usual place if not given."
    flags.DEFINE_string("codec_weights", "", text, values)
    text = "Folder of rendered shards; may be repeated."
    flags.DEFINE_multi_string("data", None, text, values, required=True)
    text = "Folder of caches; the default is `latents` below each folder."
    flags.DEFINE_string("output", "", text, values)
    return values


def cache_all(values: flags.FlagValues) -> None:
    """Cache what the flags name."""
    for folder in values.data:
        print(cache(folder, values.codec, values.codec_weights, values.output))


def run(argv: list[str] | None = None) -> int:
    """Entry point of `python -m compjax.training.agent.cache_latents`."""
    return command.run_strict("compjax.training.agent.cache_latents", __doc__, define_flags, cache_all, argv)


if __name__ == "__main__":
    sys.exit(run())
