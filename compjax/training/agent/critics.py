"""The adversaries of a run: what learns to tell compositions from music, beside the network that composes.

Up to two: the original's discriminator of latents, and the codec's discriminators of decoded audio. Real
samples are the targets of other examples of the batch (rolled by one), as in the original: were they the
example's own, the critic would ask for the target instead of for music.

A critic that is sure of everything teaches nothing. Three things keep it in balance: it learns only while
its losses weigh something, it is given noisy samples (instance noise: Sonderby et al., "Amortised MAP
inference", 2017), and it waits while it is too far ahead.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax import struct

from compjax.losses import adversarial

Array = jax.Array

LATENT, AUDIO = "adversarial", "adversarial_audio"
"""The losses by which the critics are judged from the composer's side; the critics go by the same names."""

FEATURES = "adversarial_features"
"""The distance of the audio critic's features between composition and arrangement."""

UNDECIDED = {LATENT: 2.0 * math.log(2.0), AUDIO: 2.0}
"""The loss of a critic that tells nothing apart: twice the cross-entropy of a coin; both hinges."""


@struct.dataclass
class CriticState:
    """Parameters of the critics, and their optimisers' states, by name."""

    params: dict[str, Any]
    opt_state: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class CriticConfig:
    """The critics' optimiser (the original's), what keeps them in balance, and the audio critic's width.

    Attributes:
        learning_rate, betas, clip_norm: AdamW, its gradient clipped by each critic's norm.
        noise: standard deviation of what is added to all that the critics are shown while training, as a
            share of the real samples' own.
        lead: a critic waits while its loss is below this share of an undecided one's; 0: never.
        audio_width, audio_growth: channels of the first layer of the audio critic's sub-discriminators, and
            of their layers over the first's.
    """

    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.999)
    clip_norm: float = 1.0
    noise: float = 0.0
    lead: float = 0.0
    audio_width: int = 32
    audio_growth: tuple[int, ...] = (1, 4, 16, 32, 32)


def other_examples(batch: Array) -> Array:
    """Every example in the place of the one before it, `[B, ...]`."""
    return jnp.roll(batch, -1, axis=0)


def beside(pair: tuple[Array, Array]) -> Array:
    """Real and made, `[B, ...]` each, as one batch `[2 B, ...]` that a critic sees in one pass.

    An example's two stand beside each other, so that in a batch over devices none changes its own.
    """
    together = jnp.stack(pair, axis=1)
    return together.reshape(-1, *together.shape[2:])


def apart(judged: Array) -> tuple[Array, Array]:
    """What a critic says of the real and of the made ones of `beside`."""
    rows = judged.reshape(-1, 2, *judged.shape[1:])
    return rows[:, 0], rows[:, 1]


class Critics:
    """The critics that a run's losses ask for. Those of audio are given decoded audio."""

    def __init__(self, latent: bool, audio: bool, config: CriticConfig = CriticConfig()) -> None:
        from compjax.models.critics.latent import LatentDiscriminator
        from compjax.models.critics.waveform import WaveformDiscriminator, WaveformDiscriminatorConfig

        shape = WaveformDiscriminatorConfig(
            width=config.audio_width, period_growth=tuple(config.audio_growth)
        )
        self._networks: dict[str, nn.Module] = {}
        if latent:
            self._networks[LATENT] = LatentDiscriminator()
        if audio:
            self._networks[AUDIO] = WaveformDiscriminator(shape)
        self._noise, self._lead = config.noise, config.lead
        self._optimizer = optax.chain(
            optax.clip_by_global_norm(config.clip_norm),
            optax.adamw(config.learning_rate, *config.betas, weight_decay=0.01),
        )

    def __bool__(self) -> bool:
        return bool(self._networks)

    def init(self, key: Array, latents: Array, audio: Array) -> CriticState:
        """Fresh critics of latents `[B, T, D]` and audio `[B, S]`; jittable."""
        seen = {LATENT: latents, AUDIO: audio}
        params = {
            name: network.init(jax.random.fold_in(key, place), seen[name])["params"]
            for place, (name, network) in enumerate(sorted(self._networks.items()))
        }
        return CriticState(params, {name: self._optimizer.init(own) for name, own in params.items()})

    def judge_composition(
        self, state: CriticState, latents: Array, audio: Callable[[], Array], truth: Callable[[], Array], key
    ) -> dict[str, Array]:
        """Losses of the composer, scalars by name: how far the critics see through what it made.

        Args:
            state: of the critics; no gradient flows into it.
            latents: the composition, `[B, T, D]`.
            audio: gives its decoded audio `[B, S]`, called only if there is a critic of audio.
            truth: gives the decoded arrangement `[B, S]`, for the features.
            key: of the critics' dropout; None for none.
        """
        params = jax.lax.stop_gradient(state.params)
        losses = {}
        if LATENT in params:
            shown = self._noisy(latents, latents, key, 0)
            losses[LATENT] = adversarial.logits_real(self._latent_logits(params, shown, key))
        if AUDIO in params:
            made = audio()
            shown = self._noisy(made, made, key, 1)
            scores, features = self._networks[AUDIO].apply({"params": params[AUDIO]}, shown)
            _, wanted = self._networks[AUDIO].apply({"params": params[AUDIO]}, truth())
            losses[AUDIO] = adversarial.generator_hinge(scores)
            losses[FEATURES] = adversarial.feature_matching(wanted, features)
        return losses

    def update(
        self,
        state: CriticState,
        latents: tuple[Array, Array],
        audio: Callable[[], tuple[Array, Array]],
        key,
    ) -> tuple[CriticState, dict[str, Array]]:
        """One step of the critics on (real, composed) latents `[B, T, D]` and audio `[B, S]`.

        Returns:
            the new state, and `critic/<name>`, their losses, `critic/gradient_norm`.
        """

        def losses_of(params):
            losses = {}
            if LATENT in params:
                shown = beside(self._shown(jax.lax.stop_gradient(latents), key, 0))
                real, made = apart(self._latent_logits(params, shown, key))
                losses[LATENT] = adversarial.logits_real(real) + adversarial.logits_fake(made)
            if AUDIO in params:
                shown = beside(self._shown(jax.lax.stop_gradient(audio()), key, 2))
                scores = self._networks[AUDIO].apply({"params": params[AUDIO]}, shown)[0]
                losses[AUDIO] = adversarial.discriminator_hinge(*zip(*map(apart, scores), strict=True))
            return sum(losses.values()), losses

        grads, losses = jax.grad(losses_of, has_aux=True)(state.params)
        scalars = {f"critic/{name}": value for name, value in losses.items()}
        scalars["critic/gradient_norm"] = optax.tree.norm(grads)
        return self._stepped(state, grads, losses), scalars

    def _stepped(self, state: CriticState, grads: dict, losses: dict[str, Array]) -> CriticState:
        """Every critic one step further, but for those that are too far ahead."""
        params, opt_state = {}, {}
        for name, own in state.params.items():
            updates, moved = self._optimizer.update(grads[name], state.opt_state[name], own)
            fresh, old = (optax.apply_updates(own, updates), moved), (own, state.opt_state[name])
            learns = losses[name] >= self._lead * UNDECIDED[name]
            pick = functools.partial(jnp.where, learns)
            params[name], opt_state[name] = jax.tree.map(pick, fresh, old)
        return CriticState(params, opt_state)

    def _shown(self, pair: tuple[Array, Array], key: Array | None, place: int) -> tuple[Array, Array]:
        """Real samples and composed ones, noisy."""
        return tuple(self._noisy(one, pair[0], key, place + which) for which, one in enumerate(pair))

    def _noisy(self, samples: Array, real: Array, key: Array | None, place: int) -> Array:
        """The samples as the critics are shown them; as they are without a key."""
        if key is None or not self._noise:
            return samples
        width = self._noise * jax.lax.stop_gradient(jnp.std(real))
        return samples + width * jax.random.normal(jax.random.fold_in(key, place), samples.shape)

    def _latent_logits(self, params, latents: Array, key) -> Array:
        rngs = None if key is None else {"dropout": key}
        variables = {"params": params[LATENT]}
        return self._networks[LATENT].apply(variables, latents, train=key is not None, rngs=rngs)
