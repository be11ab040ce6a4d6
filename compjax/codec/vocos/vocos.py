"""The bundled codec: fixed log-frequency analysis, a ConvNeXt generator with an inverse-STFT head.

After Vocos (Siuzdak, "Vocos: closing the gap between time-domain and Fourier-based neural vocoders",
2023), with two priors that leave the network little to learn: its log magnitudes are a correction
to the bands interpolated onto the bins, and its phases are a correction to the phase that those
magnitudes and the bands' peaks imply (see `phase` and `frequency`). Vocos predicts phases outright; here
the network predicts their two derivatives, which unlike phases follow from the latents.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from compjax.audio import stft
from compjax.codec import weights
from compjax.codec.vocos import bands, frequency, phase
from compjax.constants import FRAME_RATE, HOP_LENGTH, LATENT_SIZE, SAMPLE_RATE
from compjax.errors import UserError

KERNEL = 7
MAX_LOG_MAGNITUDE = 7.0  # a full-scale sine reads log(n_fft / 4) = 5.8


@dataclasses.dataclass(frozen=True)
class VocosConfig:
    """Size of the generator, its inverse STFT, and the analysis it inverts."""

    dim: int = 256
    layers: int = 8
    ffn: int = 768
    n_fft: int = 1280  # samples; the hop is the latents' 320
    refine_steps: int = 8  # Griffin-Lim steps after the network
    bands: bands.BandConfig = bands.BandConfig()

    @property
    def bins(self) -> int:
        """Frequency bins of the inverse STFT."""
        return self.n_fft // 2 + 1

    @classmethod
    def from_dict(cls, values: dict) -> VocosConfig:
        """The config that `dataclasses.asdict` (or JSON) made `values` from."""
        analysis = {k: tuple(v) if isinstance(v, list) else v for k, v in values.get("bands", {}).items()}
        return cls(**{**values, "bands": bands.BandConfig(**analysis)})


def bands_to_bins(config: VocosConfig) -> np.ndarray:
    """Linear interpolation, on the bands' own frequency axis, from bands to bins: `[128, bins]`."""
    centers = bands.center_frequencies(config.bands)
    hertz = np.arange(config.bins) * SAMPLE_RATE / config.n_fft
    place = np.interp(hertz, centers, np.arange(LATENT_SIZE))
    return np.maximum(0.0, 1.0 - np.abs(np.arange(LATENT_SIZE)[:, None] - place[None, :])).astype(np.float32)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, LayerNorm, two dense layers, scaled residual: `[B, T, dim]`."""

    dim: int
    ffn: int
    scale: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("depthwise", nn.initializers.normal(0.15), (KERNEL, self.dim))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.dim,))
        y = nn.LayerNorm()(depthwise(x, kernel) + bias[None, None, :])
        y = nn.Dense(self.dim)(nn.gelu(nn.Dense(self.ffn)(y)))
        gain = self.param("layer_scale", nn.initializers.constant(self.scale), (self.dim,))
        return x + y * gain[None, None, :]


def depthwise(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Each channel of `x` `[B, T, C]` with its own `kernel` `[k, C]`, 'same' padding.

    Shifted multiply-adds: XLA's grouped convolution is some thirty times slower on a CPU.
    """
    size, time = kernel.shape[0], x.shape[1]
    wide = jnp.pad(x, ((0, 0), (size // 2, size // 2), (0, 0)))
    return sum(wide[:, i : i + time] * kernel[i][None, None, :] for i in range(size))


class Spectrogram(NamedTuple):
    """What determines the inverse STFT's input; each `[B, T, bins]`, float32."""

    log_magnitude: jax.Array  # natural log
    advance: jax.Array  # radians by which the phase grows in one hop
    tilt: jax.Array  # radians by which the phase grows from bin to bin, counted from the window's middle


class Generator(nn.Module):
    """Latents `[B, T, 128]` to a `Spectrogram`: three priors and the network's corrections to them."""

    config: VocosConfig

    @nn.compact
    def __call__(self, latents: jax.Array) -> Spectrogram:
        config = self.config
        x = nn.LayerNorm()(nn.Conv(config.dim, (KERNEL,))(latents))
        for _ in range(config.layers):
            x = ConvNeXtBlock(config.dim, config.ffn, 1.0 / config.layers)(x)
        x = nn.LayerNorm()(x)
        correction, turn, lean = (
            nn.Dense(config.bins, kernel_init=nn.initializers.zeros_init(), name=name)(x)
            for name in ("magnitude", "advance", "tilt")
        )
        level = bands.to_log_magnitude(latents, config.bands)
        log_magnitude = level @ bands_to_bins(config) + np.float32(np.log(config.n_fft / 4)) + correction
        log_magnitude = jnp.minimum(log_magnitude, MAX_LOG_MAGNITUDE)
        fixed = jax.lax.stop_gradient(log_magnitude)
        hertz, clear = frequency.nearest_partial(level, config.bins, config.bands)
        advance = jnp.where(
            clear, frequency.advance_of(hertz), phase.time_gradient(fixed, HOP_LENGTH) + turn
        )  # a clear partial's frequency is known to a cent: nothing to correct
        return Spectrogram(log_magnitude, advance, phase.frequency_gradient(fixed, HOP_LENGTH) + lean)


def to_complex(spectrogram: Spectrogram) -> jax.Array:
    """Complex spectra `[B, T, bins]`, the phase integrated from its gradients."""
    angle = phase.integrate(*spectrogram)
    magnitude = jnp.exp(spectrogram.log_magnitude)
    return jax.lax.complex(magnitude * jnp.cos(angle), magnitude * jnp.sin(angle))


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
        spectrogram = Generator(self.config).apply({"params": params}, latents)
        spectrum = phase.refine(to_complex(spectrogram), HOP_LENGTH, self.config.refine_steps)
        return stft.centered_istft(spectrum, HOP_LENGTH, jnp)

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
