"""One update of the codec's generator, and of its discriminators once they take part.

Both updates run in one jitted program and the generator runs once: its gradient comes from the
same forward pass whose output the discriminators are then trained on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from compjax.audio.transforms import stft
from compjax.audio.transforms.mel import mel_filters
from compjax.codec.vocos import bands, generator, vocos
from compjax.constants import HOP_LENGTH, LATENT_SIZE
from compjax.losses import adversarial, spectral
from compjax.models.critics.waveform import WaveformDiscriminator, WaveformDiscriminatorConfig
from compjax.training.state import keep_if, moving_average

MAGNITUDE_FLOOR = 3e-3  # of an STFT magnitude: what the latents' own floor amounts to
POOLED_BANDS = 160  # mel bands of the pooled loss


@dataclasses.dataclass(frozen=True)
class CodecTraining:
    """Everything that shapes a training step of the codec."""

    codec: vocos.VocosConfig = vocos.VocosConfig()
    discriminator: WaveformDiscriminatorConfig = WaveformDiscriminatorConfig()
    batch_size: int = 16
    frames: int = 64  # of a crop, on which the losses are taken
    context: int = 8  # frames on either side that only the analysis sees
    steps: int = 8000
    learning_rate: float = 1e-3
    warmup: int = 200
    final_fraction: float = 0.02  # of the learning rate, at the end of its cosine decay
    weight_decay: float = 0.01
    clip: float = 1.0  # global norm of the generator's gradient
    ema: float = 0.999  # decay of the averaged weights, which are the ones to ship
    magnitude_weight: float = 1.0  # L1 of log magnitudes of the inverse STFT
    convergence_weight: float = 0.5
    pooled_weight: float = 0.5
    advance_weight: float = 0.5  # phase gradient along time
    tilt_weight: float = 0.25  # phase gradient along frequency
    audio_from: int | None = None  # step from which the waveform losses count; None: never
    mel_weight: float = 0.5
    stft_weight: float = 0.5
    adversarial_from: int | None = None  # step from which the discriminators count; None: never
    adversarial_weight: float = 0.1
    feature_weight: float = 0.2
    discriminator_rate: float = 2e-4

    @property
    def crop_length(self) -> int:
        """Samples of one training crop, context included."""
        return (self.frames + 2 * self.context) * HOP_LENGTH

    @classmethod
    def from_dict(cls, values: dict) -> CodecTraining:
        """From a plain (JSON, ml_collections) dictionary; unknown keys raise TypeError."""
        judge = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.get("discriminator", {}).items()
        }
        return cls(
            **{
                **values,
                "codec": vocos.VocosConfig.from_dict(values.get("codec", {})),
                "discriminator": WaveformDiscriminatorConfig(**judge),
            }
        )


@flax.struct.dataclass
class CodecState:
    """Weights and optimiser states; `average` is the moving average of `generator`.

    `bad_steps` counts the last steps in a row that were not finite.
    """

    step: jax.Array
    generator: dict
    average: dict
    generator_opt: optax.OptState
    discriminator: dict
    discriminator_opt: optax.OptState
    bad_steps: jax.Array


def generator_schedule(config: CodecTraining) -> optax.Schedule:
    """The generator's learning rate by step: a warm-up and a cosine decay."""
    warmup = min(config.warmup, config.steps // 4)
    return optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, config.steps, config.learning_rate * config.final_fraction
    )


def generator_optimizer(config: CodecTraining) -> optax.GradientTransformation:
    """AdamW at the generator's rate behind a clip of the global norm."""
    return optax.chain(
        optax.clip_by_global_norm(config.clip),
        optax.adamw(generator_schedule(config), b1=0.8, b2=0.99, weight_decay=config.weight_decay),
    )


def discriminator_optimizer(config: CodecTraining) -> optax.GradientTransformation:
    """AdamW at a constant rate."""
    return optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(config.discriminator_rate, b1=0.8, b2=0.99)
    )


def init_state(key: jax.Array, config: CodecTraining) -> CodecState:
    """Fresh weights; the discriminators stay empty where they never take part."""
    first, second = jax.random.split(key)
    latents = jnp.zeros((1, config.frames, LATENT_SIZE))
    weights = jax.jit(generator.Generator(config.codec).init)(first, latents)["params"]
    judge = {}
    if config.adversarial_from is not None:
        audio = jnp.zeros((1, config.frames * HOP_LENGTH))
        judge = jax.jit(WaveformDiscriminator(config.discriminator).init)(second, audio)["params"]
    return CodecState(
        jnp.zeros((), jnp.int32),
        weights,
        jax.tree.map(jnp.copy, weights),
        generator_optimizer(config).init(weights),
        judge,
        discriminator_optimizer(config).init(judge),
        jnp.zeros((), jnp.int32),
    )


def analyse(audio: jax.Array, config: CodecTraining) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Crops `[B, S]` to what a step needs of their middle: latents, audio and complex STFT."""
    inside = slice(config.context, config.context + config.frames)
    latents = bands.encode(audio, config.codec.bands, jnp)[:, inside]
    truth = stft.centered_stft(audio, config.codec.n_fft, HOP_LENGTH, jnp)[:, inside]
    return latents, audio[:, inside.start * HOP_LENGTH : inside.stop * HOP_LENGTH], truth


def magnitude_losses(log_magnitude: jax.Array, truth: jax.Array) -> dict[str, jax.Array]:
    """Distances of predicted log magnitudes from true magnitudes, both `[B, T, bins]`.

    The pooled term compares mel bands of the power: the logarithm's median alone would leave noise too soft.
    """
    estimate = jnp.exp(log_magnitude)
    size = 2 * (truth.shape[-1] - 1)
    filters = mel_filters(size, POOLED_BANDS, 12_000.0)

    def pooled(magnitude):
        return 0.5 * jnp.log(magnitude**2 @ filters + MAGNITUDE_FLOOR**2)

    def log(magnitude):
        return jnp.log(magnitude + MAGNITUDE_FLOOR)

    return {
        "magnitude": jnp.mean(jnp.abs(log(estimate) - log(truth))),
        "convergence": spectral.spectral_convergence(estimate, truth),
        "pooled": jnp.mean(jnp.abs(pooled(estimate) - pooled(truth))),
    }


def phase_losses(spectrogram: generator.Spectrogram, truth: jax.Array) -> dict[str, jax.Array]:
    """1 - cos of the errors of the phase's two gradients, weighted by the complex `truth` `[B, T, bins]`."""

    def loss(now, before, now_gradient, before_gradient):
        cross = now * jnp.conj(before)
        size = jnp.abs(cross) + 1e-9
        weight = jnp.sqrt(size)
        guess = (now_gradient + before_gradient) / 2
        cosine = (jnp.real(cross) * jnp.cos(guess) + jnp.imag(cross) * jnp.sin(guess)) / size
        return jnp.sum(weight * (1.0 - cosine)) / jnp.sum(weight)

    advance, tilt = spectrogram.advance, spectrogram.tilt
    return {
        "advance": loss(truth[:, 1:], truth[:, :-1], advance[:, 1:], advance[:, :-1]),
        "tilt": loss(truth[..., 1:], truth[..., :-1], tilt[..., 1:], tilt[..., :-1]),
    }


def spectrogram_losses(spectrogram: generator.Spectrogram, truth: jax.Array) -> dict[str, jax.Array]:
    """Everything that is compared with the true STFT `[B, T, bins]` (complex)."""
    return magnitude_losses(spectrogram.log_magnitude, jnp.abs(truth)) | phase_losses(spectrogram, truth)


def audio_losses(estimate: jax.Array, truth: jax.Array) -> dict[str, jax.Array]:
    """Distances of two waveforms `[B, S]`."""
    return {
        "mel": spectral.mel_loss(estimate, truth),
        "stft": spectral.multi_resolution_stft_loss(estimate, truth),
    }


def make_step(config: CodecTraining, with_audio: bool, with_adversary: bool) -> Callable:
    """The jitted `step(state, crops [B, S]) -> (state, scalars)` of one phase; the state is donated.

    A step whose loss or gradients are not finite changes nothing of the state but `step` and
    `bad_steps`. Scalars: `loss/total`, `loss/<name>`, `gradient_norm`, `finite` (1 or 0), `bad_steps`.
    """
    network = generator.Generator(config.codec)
    judge = WaveformDiscriminator(config.discriminator)
    tune, tune_judge = generator_optimizer(config), discriminator_optimizer(config)
    weights = {
        "magnitude": config.magnitude_weight,
        "convergence": config.convergence_weight,
        "pooled": config.pooled_weight,
        "advance": config.advance_weight,
        "tilt": config.tilt_weight,
        "mel": config.mel_weight,
        "stft": config.stft_weight,
        "fool": config.adversarial_weight,
        "features": config.feature_weight,
    }

    def generator_loss(params, judge_params, latents, audio, truth):
        spectrogram = network.apply({"params": params}, latents)
        metrics, estimate = spectrogram_losses(spectrogram, truth), audio
        if with_audio:
            estimate = stft.centered_istft(generator.to_complex(spectrogram), HOP_LENGTH, jnp)
            metrics |= audio_losses(estimate, audio)
        if with_adversary:
            fake, fake_features = judge.apply({"params": judge_params}, estimate)
            _, real_features = judge.apply({"params": judge_params}, audio)
            metrics |= {
                "fool": adversarial.generator_hinge(fake),
                "features": adversarial.feature_matching(real_features, fake_features),
            }
        metrics["total"] = sum(weights[name] * value for name, value in metrics.items())
        return metrics["total"], (metrics, estimate)

    def judge_loss(params, audio, estimate):
        scores, _ = judge.apply({"params": params}, jnp.concatenate([audio, jax.lax.stop_gradient(estimate)]))
        half = audio.shape[0]
        return adversarial.discriminator_hinge([s[:half] for s in scores], [s[half:] for s in scores])

    def step(state: CodecState, crops: jax.Array) -> tuple[CodecState, dict[str, jax.Array]]:
        latents, audio, truth = analyse(crops, config)
        grads, (metrics, estimate) = jax.grad(generator_loss, has_aux=True)(
            state.generator, state.discriminator, latents, audio, truth
        )
        norm = optax.tree.norm(grads)
        finite = jnp.isfinite(metrics["total"]) & jnp.isfinite(norm)
        updates, generator_opt = tune.update(grads, state.generator_opt, state.generator)
        weights_now = optax.apply_updates(state.generator, updates)
        average = moving_average(state.average, weights_now, state.step, config.ema)
        fresh = state.replace(generator=weights_now, average=average, generator_opt=generator_opt)
        if with_adversary:
            loss, grads = jax.value_and_grad(judge_loss)(state.discriminator, audio, estimate)
            updates, opt = tune_judge.update(grads, state.discriminator_opt, state.discriminator)
            judge_now = optax.apply_updates(state.discriminator, updates)
            fresh = fresh.replace(discriminator=judge_now, discriminator_opt=opt)
            metrics["discriminator"] = loss
            finite &= jnp.isfinite(loss) & jnp.isfinite(optax.tree.norm(grads))
        kept = keep_if(finite, fresh, state)
        scalars = {f"loss/{name}": value for name, value in metrics.items()}
        scalars |= {"gradient_norm": norm, "finite": finite.astype(jnp.float32)}
        return kept, {**scalars, "bad_steps": kept.bad_steps.astype(jnp.float32)}

    return jax.jit(step, donate_argnums=0)


def make_validation(config: CodecTraining) -> Callable:
    """The jitted `validate(params, crops [B, S]) -> (metrics, audio [B, S'])` without Griffin-Lim steps."""
    network = generator.Generator(config.codec)

    def validate(params: dict, crops: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
        latents, audio, truth = analyse(crops, config)
        spectrogram = network.apply({"params": params}, latents)
        estimate = stft.centered_istft(generator.to_complex(spectrogram), HOP_LENGTH, jnp)
        return spectrogram_losses(spectrogram, truth) | audio_losses(estimate, audio), estimate

    return jax.jit(validate)


def parameter_count(params: dict) -> int:
    """Numbers in a tree of weights."""
    return int(sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(params)))
