"""The bundled codec: fixed log-frequency analysis, and a generator that inverts it (`generator.py`)."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec import weights
from compjax.codec.vocos import bands
from compjax.codec.vocos.config import KERNEL, VocosConfig
from compjax.constants import FRAME_RATE, HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE
from compjax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Vocos:
    """`compjax.codec.protocol.Codec` over the generator; its params are the generator's."""

    config: VocosConfig = VocosConfig()
    name: str = "vocos"
    sample_rate: int = SAMPLE_RATE
    hop_length: int = HOP_LENGTH
    frame_rate: float = FRAME_RATE
    dimension: int = LATENT_SIZE
    log_bands: bool = True
    encodes_in_numpy: bool = True

    def encode(self, params, audio):
        """Latents `[B, T, 128]` of audio `[B, S]`; in NumPy for NumPy audio, else in JAX."""
        del params  # the analysis is fixed
        return bands.encode(audio, self.config.bands, np if isinstance(audio, np.ndarray) else jnp)

    def decode(self, params, latents: jax.Array) -> jax.Array:
        """Audio `[B, T * 320]` of latents `[B, T, 128]`; meant to be jitted by the caller."""
        from compjax.codec.vocos import generator  # flax: a program that is kept needs none

        return generator.decode(self.config, params, latents)

    @property
    def unpolished(self) -> Vocos:
        """The codec without Griffin-Lim steps."""
        return dataclasses.replace(self, config=dataclasses.replace(self.config, refine_steps=0))


def from_weights(path) -> tuple[Vocos, dict]:
    """The codec in a weights file and its params, shapes checked without running `init`.

    Raises:
      UserError: the file is missing or damaged, or its weights do not fit its config.
    """
    stored, params = weights.load_weights(path)
    try:
        config = VocosConfig.from_dict(stored)
    except TypeError as error:
        raise UserError(
            f"{path} holds no codec of this version ({error}); fetch or train it again"
        ) from error
    expected = _shapes(config)
    found = {name: value.shape for name, value in weights.flatten(params).items()}
    if found != expected:
        odd = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise UserError(
            f"{path} does not fit its own config (first difference: {odd}); fetch or train it again"
        )
    return Vocos(config), params


def _shapes(config: VocosConfig) -> dict[str, tuple[int, ...]]:
    """Shape of every weight of `Generator` by its path, written out: tracing `init` takes a second."""
    dim = (config.dim,)
    norm = {"scale": dim, "bias": dim}
    block = {
        "depthwise": (KERNEL, config.dim),
        "bias": dim,
        "LayerNorm_0": norm,
        "Dense_0": _dense(config.ffn, config.dim),  # made first, applied last
        "Dense_1": _dense(config.dim, config.ffn),
        "layer_scale": dim,
    }
    heads = {name: _dense(config.dim, config.bins) for name in ("magnitude", "advance", "tilt")}
    blocks = {f"ConvNeXtBlock_{i}": block for i in range(config.layers)}
    first = {"kernel": (KERNEL, LATENT_SIZE, config.dim), "bias": dim}
    tree = {"Conv_0": first, "LayerNorm_0": norm, "LayerNorm_1": norm, **blocks, **heads}
    return {name: tuple(shape.tolist()) for name, shape in weights.flatten(tree).items()}


def _dense(wide: int, out: int) -> dict[str, tuple[int, ...]]:
    return {"kernel": (wide, out), "bias": (out,)}
