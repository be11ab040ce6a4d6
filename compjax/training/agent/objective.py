"""The objective of composing: what each loss is taken of, for whichever agent and whichever data.

One mapping, name -> weight or schedule, says which losses a run has. A loss that an agent gives nothing for
(no roll, no hearing), or a batch knows nothing for (no arrangement, no notes), is left out or counts only
the examples that it can be taken of. Everything frozen, the codec's weights, is an argument.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from compjax.codec import BUNDLED_CODEC, class_of
from compjax.errors import UserError
from compjax.losses.factors import factor_losses
from compjax.losses.hearing import bass_loss, chord_loss, hit_loss, salience_loss, selector_loss
from compjax.losses.latent import latent_loss
from compjax.losses.novelty import novelty_hinge, novelty_score
from compjax.losses.pianoroll import velocity_error, weighted_cross_entropy
from compjax.losses.weighting import (
    LinearRamp,
    Schedule,
    Weight,
    is_off,
    parse_weight,
    total_loss,
    weight_at,
)
from compjax.models.outputs import AgentOutput, PianoRoll
from compjax.music.factors import FACTORS, GATE_NAMES
from compjax.training.agent import critics as adversaries
from compjax.training.agent import decoded
from compjax.training.agent.critics import CriticConfig, Critics, CriticState
from compjax.training.task import Batch

Array = jax.Array

ONSET_WEIGHT, FRAME_WEIGHT = 5.0, 2.0
"""Weight of a cell of the roll where a note starts, and where one sounds, against an empty one."""

ROLL = ("roll_onsets", "roll_frames", "roll_velocities")
ADVERSARIAL = (adversaries.LATENT, adversaries.AUDIO, adversaries.FEATURES)
OF_FACTORS = tuple(f"factor_{factor}" for factor in FACTORS)
NAMES = (
    "latent",
    *decoded.NAMES,
    "novelty",
    "regulariser",
    "mask_balance",
    *ADVERSARIAL,
    *ROLL,
    "salience",
    "chords",
    "bass",
    "hits",
    "selector",
    *OF_FACTORS,
)
"""Every loss that a configuration may weigh; compjax/docs/training.md says what each is."""

COSTLY = (*decoded.NAMES, *ADVERSARIAL)
"""Losses that are not even worked out where their weight is 0; the others are then still reported."""


@dataclasses.dataclass(frozen=True)
class ObjectiveConfig:
    """How the losses are taken, apart from their weights.

    Attributes:
        codec, codec_weights: whose latents these are, and the file with its weights if not the usual one.
        decoded_seconds: length of the stretch that is decoded in a step, the same in all of a batch; 0: all.
        gate: how the agent's gate logits become weights, for reporting: `sigmoid` or `softmax`.
        late: first and last step over which the costly losses come in whose weights are numbers.
        critics: of the adversarial losses.
    """

    codec: str = BUNDLED_CODEC
    codec_weights: str = ""
    decoded_seconds: float = 1.0
    gate: str = "sigmoid"
    late: tuple[int, int] = (0, 0)
    critics: CriticConfig = CriticConfig()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ObjectiveConfig:
        """From a plain dictionary; a UserError names a field that there is not."""
        try:
            late = values.get("late", {"begin": 0, "finish": 0})
            critics = CriticConfig(**values.get("critics", {}))
            return cls(**{**values, "critics": critics, "late": (late["begin"], late["finish"])})
        except (TypeError, KeyError) as error:
            raise UserError(f"config.objective: {error}") from error

    def weight(self, name: str, weight: Weight) -> Weight:
        """The weight of a loss, coming in late where that is asked for."""
        begin, finish = self.late
        if name not in COSTLY or isinstance(weight, Schedule) or finish <= begin:
            return weight
        return LinearRamp(0.0, weight, begin, finish)


def both_clips(labels: Array) -> Array:
    """Labels `[B, 2, ...]` as a network hears them, all inputs, then all targets: `[2 B, ...]`."""
    return jnp.concatenate([labels[:, 0], labels[:, 1]])


def averaged(loss: Callable[..., Array], known: Array | None, *arrays: Array) -> Array:
    """The loss of every example by itself, and of those the mean over the `known` ones (0 or 1, `[B]`).

    None counts all; 0 is returned where nothing is known.
    """
    found = jax.vmap(lambda *one: loss(*(array[None] for array in one)))(*arrays)
    if known is None:
        return jnp.mean(found)
    return jnp.sum(jnp.where(known > 0, found, 0.0)) / jnp.maximum(jnp.sum(known), 1.0)


def roll_losses(roll: PianoRoll, batch: Batch) -> dict[str, Array]:
    """Cross-entropy of onsets and frames, and the error of velocities where notes start."""
    known = batch.get("has_notes")
    struck = (batch["roll_onsets"] > 0).astype(jnp.float32)
    sounding = (batch["roll_held"] > 0).astype(jnp.float32)
    return {
        "roll_onsets": averaged(
            lambda x, y: weighted_cross_entropy(x, y, ONSET_WEIGHT), known, roll.onsets, struck
        ),
        "roll_frames": averaged(
            lambda x, y: weighted_cross_entropy(x, y, FRAME_WEIGHT), known, roll.frames, sounding
        ),
        "roll_velocities": averaged(velocity_error, known, roll.velocities, batch["roll_onsets"], struck),
    }


def hearing_losses(extras: Mapping[str, Array], batch: Batch) -> dict[str, Array]:
    """What the agent says that it hears, against what is there."""
    losses, known = {}, batch.get("has_notes")
    twice = None if known is None else jnp.concatenate([known, known])
    if "harmony_logits" in extras:
        labels = both_clips(batch["salience"])
        losses["salience"] = averaged(salience_loss, twice, extras["harmony_logits"], labels)
    if "chord_logits" in extras:
        losses["chords"] = averaged(chord_loss, twice, extras["chord_logits"], labels)
        losses["bass"] = averaged(bass_loss, twice, extras["bass_logits"], both_clips(batch["bass"]))
    if "hits" in extras:
        losses["hits"] = averaged(hit_loss, twice, extras["hits"], both_clips(batch["hits"]))
    if "gate_logits" in extras:
        told = batch.get("has_gates")
        losses["selector"] = averaged(selector_loss, told, extras["gate_logits"], batch["ideal_gates"])
    return losses


def mean_difference(latents: Array, truth: Array) -> Array:
    """Mean absolute difference: the distance of latents that are no log bands."""
    return jnp.mean(jnp.abs(latents - truth))


def latent_losses(output: AgentOutput, batch: Batch, log_bands: bool, factors: bool) -> dict[str, Array]:
    """Distance to the arrangement, novelty, the agent's own regularisers; with `factors` theirs."""
    known = batch.get("has_arrangement")
    clips = batch["input_latents"], batch["target_latents"]
    distance = latent_loss if log_bands else mean_difference
    losses = {
        "latent": averaged(distance, known, output.latents, batch["arrangement"]),
        "novelty": novelty_hinge(output.latents, *clips),
        "regulariser": output.regulariser,
    }
    if "mask_balance" in output.extras:
        losses["mask_balance"] = output.extras["mask_balance"]
    if known is not None and factors:
        unknown = 1.0 - known
        for factor, apart in factor_losses(output.latents, *clips, batch["gates"]).items():
            losses[f"factor_{factor}"] = jnp.sum(apart * unknown) / jnp.maximum(jnp.sum(unknown), 1.0)
    return losses


class Objective:
    """The losses of a run and their weighted sum; pure functions but for what is fixed at the start.

    Attributes:
        weights: by name of the loss.
        frozen: the codec's weights if a loss decodes, else {}: an argument of whatever is jitted.
    """

    def __init__(self, weights: Mapping[str, Weight], config: ObjectiveConfig = ObjectiveConfig()) -> None:
        unknown = sorted(set(weights) - set(NAMES))
        if unknown:
            raise UserError(f"there is no loss {unknown[0]!r} (config.losses); there are {', '.join(NAMES)}")
        self.weights = dict(weights)
        self._gate, self._log_bands = config.gate, class_of(config.codec).log_bands
        wanted = {name for name, weight in weights.items() if not is_off(weight)}
        if not self._log_bands and (reading := wanted & set(OF_FACTORS)):
            raise UserError(
                f"{min(reading)} reads log bands, and latents of codec {config.codec!r} are none; weigh it 0"
            )
        self._critics = Critics(
            adversaries.LATENT in wanted,
            bool({adversaries.AUDIO, adversaries.FEATURES} & wanted),
            config.critics,
        )
        self._skipped = set(COSTLY) - wanted
        hears = bool(wanted & set(COSTLY) - {adversaries.LATENT})
        path = config.codec_weights or None
        heard = config.codec, path, config.decoded_seconds, bool(wanted & decoded.OF_CLIPS)
        self._decoder = decoded.SoundDecoder(*heard) if hears else None
        self.frozen = self._decoder.params if self._decoder else {}

    def init_critics(self, key: Array, latents: Array) -> CriticState | None:
        """Fresh critics for latents like `[B, T, D]`; None where no adversarial loss is on. Jittable."""
        if not self._critics:
            return None
        audio = self._decoder.silence(latents) if self._decoder else jnp.zeros((1, 1))
        return self._critics.init(key, latents, audio)

    def losses(
        self,
        output: AgentOutput,
        batch: Batch,
        key=None,
        frozen: Any = None,
        critics: CriticState | None = None,
    ) -> dict[str, Array]:
        """Every loss that applies and has a weight, by name, unweighted scalars; as `__call__`."""
        factors = self._log_bands and not self.weights.keys().isdisjoint(OF_FACTORS)
        losses = latent_losses(output, batch, self._log_bands, factors)
        losses |= hearing_losses(output.extras, batch)
        if output.roll is not None:
            losses |= roll_losses(output.roll, batch)
        sound = self._sound(output.latents, batch, key, frozen)
        if sound is not None:
            losses |= decoded.losses(sound, set(decoded.NAMES) - self._skipped)
        if critics is not None:
            losses |= self._critics.judge_composition(
                critics, output.latents, lambda: sound.made, lambda: sound.truth, _branch(key, 1)
            )
        return {
            name: loss for name, loss in losses.items() if name in self.weights and name not in self._skipped
        }

    def __call__(
        self,
        output: AgentOutput,
        batch: Batch,
        step: Array | int,
        *,
        key: Array | None = None,
        frozen: Any = None,
        critics: CriticState | None = None,
    ) -> tuple[Array, dict[str, Array]]:
        """The weighted sum of the losses, and the scalars to log.

        Args:
            output: of the agent.
            batch: as in data/sources/example.py; masks `has_...` may be missing where everything is known.
            step: steps done, for schedules.
            key: chooses the stretch that is decoded, and the critics' dropout; None: the middle, and none.
            frozen: `self.frozen`, passed through the jitted function's arguments.
            critics: the state of the critics, or None.

        Returns:
            the total, and `loss/<name>`, `weight/<name>`, `novelty_hinge`, `novelty_score`, `gates/<place>`.
        """
        losses = self.losses(output, batch, key, frozen, critics)
        total, scalars = total_loss(losses, self.weights, step)
        return total, scalars | self._observed(output, batch)

    def update_critics(
        self, critics: CriticState | None, latents: Array, batch: Batch, step, key, frozen: Any
    ) -> tuple[CriticState | None, dict[str, Array]]:
        """One step of the critics on a whole batch's composed latents, once their losses weigh something.

        Nothing where there are no critics; the critics as they are, and zeros, before the step from which a
        schedule lets them in.
        """
        if critics is None:
            return None, {}
        real = adversaries.other_examples(batch["target_latents"])

        def learn():
            return self._critics.update(
                critics,
                (real, latents),
                lambda: self._decoder.stretches((real, latents), key, frozen),
                _branch(key, 2),
            )

        weights = [self.weights[name] for name in ADVERSARIAL if name in self.weights]
        if not any(isinstance(weight, Schedule) for weight in weights):
            return learn()
        waiting = critics, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(learn)[1])
        now = sum(weight_at(weight, step) for weight in weights)
        return jax.lax.cond(now > 0, learn, lambda: waiting)

    def _sound(self, latents: Array, batch: Batch, key, frozen: Any) -> decoded.DecodedSound | None:
        if self._decoder is None:
            return None
        if not frozen:
            raise ValueError(
                "a loss on decoded audio needs the codec's weights: pass frozen=objective.frozen"
            )
        return self._decoder.sound(latents, batch, key, frozen)

    def _observed(self, output: AgentOutput, batch: Batch) -> dict[str, Array]:
        """What is reported and not trained on: novelty and the selector's weights.

        `novelty_hinge` is the original's loss, 0 where all is new; `novelty_score` is ours, 0 of a copy.
        """
        clips = batch["input_latents"], batch["target_latents"]
        seen = {
            "novelty_hinge": novelty_hinge(output.latents, *clips),
            "novelty_score": novelty_score(output.latents, *clips),
            "novelty_score/arrangement": averaged(
                novelty_score, batch.get("has_arrangement"), batch["arrangement"], *clips
            ),
        }
        gates = jnp.mean(output.gates, axis=(0, 1))
        if "gate_logits" in output.extras:
            turn = jax.nn.softmax if self._gate == "softmax" else jax.nn.sigmoid
            gates = jnp.mean(turn(output.extras["gate_logits"]), axis=0)
        return seen | {f"gates/{name}": gates[place] for place, name in enumerate(GATE_NAMES)}


def _branch(key: Array | None, number: int) -> Array | None:
    return None if key is None else jax.random.fold_in(key, number)


def make_objective(losses: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Objective:
    """The objective of a configuration: `config.losses`, and `config.objective` where there is one.

    Raises:
        UserError: for a loss that there is not, or a weight that is none.
    """
    config = ObjectiveConfig.from_dict(settings or {})
    parsed = {name: parse_weight(name, written) for name, written in losses.items()}
    return Objective({name: config.weight(name, one) for name, one in parsed.items()}, config)
