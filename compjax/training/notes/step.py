"""One step of training the transformer, and one of validating it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from compjax.losses.hearing import selector_loss
from compjax.models.composing.note_transformer import NoteTransformer, Written
from compjax.music.factors import COMPONENTS
from compjax.training.agent.step import f_of_counts
from compjax.training.state import TrainState, apply_gradients, keep_if
from compjax.training.task import Batch

Array = jax.Array


@dataclasses.dataclass(frozen=True)
class NotesStepConfig:
    """How a step is computed.

    Attributes:
        seed: of dropout.
        ema_decay: of the averaged parameters.
        positive_weight: weight of a note against an empty pitch: notes are rare.
        onsets, velocities, lengths, selector: weights of the losses.
        told: whether the switches' gates are given; else the selector's own are used, and learned from the
            losses of the notes.
    """

    seed: int = 0
    ema_decay: float = 0.998
    positive_weight: float = 2.0
    onsets: float = 1.0
    velocities: float = 1.0
    lengths: float = 0.5
    selector: float = 0.1
    told: bool = True


def note_losses(written: Written, batch: Batch, positive_weight: float) -> dict[str, Array]:
    """Onsets: cross-entropy in nats of a moment; velocities and lengths: mean error where a note is."""
    struck, asked = batch["onsets"], batch["asked"][..., None]
    weight = jnp.where(struck > 0, positive_weight, 1.0) * asked
    wrong = optax.sigmoid_binary_cross_entropy(written.onsets, struck) * weight
    notes = jnp.maximum(struck.sum(), 1.0)
    return {
        "onsets": wrong.sum() / jnp.maximum(asked.sum(), 1.0),
        "velocities": (jnp.abs(written.velocities - batch["velocities"]) * struck).sum() / notes,
        "lengths": (jnp.abs(written.lengths - batch["lengths"]) * struck).sum() / notes,
        "selector": selector_loss(written.gate_logits, batch["ideal_gates"]),
    }


def observed(written: Written, batch: Batch) -> dict[str, Array]:
    """Note F1 at the moments, and the selector's own gates."""
    decided = (written.onsets > 0) * batch["asked"][..., None]
    counts = (decided * batch["onsets"]).sum(), decided.sum(), batch["onsets"].sum()
    gates = jax.nn.sigmoid(written.gate_logits).mean(axis=0)
    own = {f"gates/{name.replace(' ', '_')}": gates[i] for i, name in enumerate(COMPONENTS)}
    return {"notes/f1": f_of_counts(counts)} | own


def write(agent: NoteTransformer, params, batch: Batch, key: Array | None, told: bool = True) -> Written:
    """The network on a batch, with the switches' gates if it is `told` them, else with its own."""
    rngs = None if key is None else {"dropout": key}
    given = (batch[name] for name in ("heard", "style", "moments"))
    gates = batch["gates"] if told else None
    return agent.apply({"params": params}, *given, gates, train=key is not None, rngs=rngs)


def total_of(agent: NoteTransformer, params, batch: Batch, key: Array | None, config: NotesStepConfig):
    """The weighted sum of the losses, and the scalars to log."""
    written = write(agent, params, batch, key, config.told)
    losses = note_losses(written, batch, config.positive_weight)
    total = sum(getattr(config, name) * loss for name, loss in losses.items())
    scalars = {f"loss/{name}": loss for name, loss in losses.items()} | {"loss/total": total}
    return total, scalars | observed(written, batch)


def make_step(
    agent: NoteTransformer, optimizer: optax.GradientTransformation, config: NotesStepConfig
) -> Callable[[TrainState, Batch], tuple[TrainState, dict[str, Array]]]:
    """A jitted `step(state, batch) -> (state, scalars)`; the state is donated.

    A step whose loss or gradients are not finite changes nothing of the state but `step` and `bad_steps`.
    """

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, dict[str, Array]]:
        key = jax.random.fold_in(jax.random.key(config.seed), state.step)

        def loss_of(params):
            return total_of(agent, params, batch, key, config)

        (total, scalars), grads = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        norm = optax.tree.norm(grads)
        finite = jnp.isfinite(total) & jnp.isfinite(norm)
        fresh = apply_gradients(state, grads, state.model_state, None, optimizer, config.ema_decay)
        kept = keep_if(finite, fresh, state)
        scalars |= {"gradient_norm": norm, "finite": finite.astype(jnp.float32)}
        return kept, scalars | {"bad_steps": kept.bad_steps.astype(jnp.float32)}

    return jax.jit(step, donate_argnums=0)


def make_validation_step(agent: NoteTransformer, config: NotesStepConfig) -> Callable:
    """A jitted `validate(params, batch) -> scalars`."""
    return jax.jit(lambda params, batch: total_of(agent, params, batch, None, config)[1])
