"""One step of training an agent, and one of validating it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from compjax.models.note_renderer import NoteGrid
from compjax.training.objective import both_clips, objective
from compjax.training.state import TrainState, apply_gradients

Array = jax.Array
Batch = Mapping[str, Array]


def true_notes(batch: Batch) -> NoteGrid:
    """The arrangement's notes for a renderer; one held from before the clip starts in its first frame."""
    held = batch["roll_held"]
    onsets = batch["roll_onsets"].at[:, 0].set(held[:, 0])
    return NoteGrid(onsets=onsets, frames=(held > 0).astype(held.dtype))


def forward(agent: nn.Module, variables: dict, batch: Batch, dropout_key: Array | None):
    """The agent's output on a batch with its gates and notes given, and its changed collections."""
    return agent.apply(
        variables,
        batch["input_latents"],
        batch["target_latents"],
        style=batch["style"],
        gates=batch["gates"],
        notes=true_notes(batch),
        train=dropout_key is not None,
        rngs=None if dropout_key is None else {"dropout": dropout_key},
        mutable=[name for name in variables if name != "params"],
    )


def make_train_step(
    agent: nn.Module,
    optimizer: optax.GradientTransformation,
    weights: Mapping[str, float],
    seed: int,
    ema: float,
) -> Callable[[TrainState, Batch], tuple[TrainState, dict[str, Array]]]:
    """A jitted `step(state, batch) -> (state, scalars)`; the state is donated."""

    def step(state: TrainState, batch: Batch):
        key = jax.random.fold_in(jax.random.key(seed), state.step)

        def loss_of(params):
            output, changed = forward(agent, {"params": params, **state.model_state}, batch, key)
            total, scalars = objective(output, batch, weights, state.step)
            return total, (scalars, changed)

        (_, (scalars, changed)), grads = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        scalars["gradient_norm"] = optax.tree.norm(grads)
        return apply_gradients(state, grads, changed or state.model_state, optimizer, ema), scalars

    return jax.jit(step, donate_argnums=0)


def match_counts(logits: Array, truth: Array, frames_off: int = 0) -> tuple[Array, Array, Array]:
    """Counts for an F-measure of `[B, T, N]` decisions (logit > 0) against 0/1 truth.

    Returns hits among the decisions, decisions, true elements. With `frames_off`, a decision counts
    as a hit within that many frames, and decisions are local maxima in time.
    """
    decided = logits > 0
    if frames_off:
        padded = jnp.pad(logits, ((0, 0), (1, 1), (0, 0)), constant_values=-jnp.inf)
        decided &= (logits >= padded[:, :-2]) & (logits > padded[:, 2:])
        near = nn.max_pool(truth, (2 * frames_off + 1,), padding="SAME")
    else:
        near = truth
    return (decided * near).sum(), decided.sum(), truth.sum()


def f_measure(counts: tuple[Array, Array, Array]) -> Array:
    """F-measure of (hits, decisions, true elements)."""
    hits, decided, true = counts
    return 2.0 * hits / jnp.maximum(decided + true, 1.0)


def make_validation_step(agent: nn.Module, weights: Mapping[str, float]):
    """A jitted `validate(variables, batch) -> (scalars, output)` with the switches' gates."""

    def validate(variables: dict, batch: Batch):
        output, _ = forward(agent, variables, batch, None)
        _, scalars = objective(output, batch, weights, 0)
        if output.roll is not None:
            struck = (batch["roll_onsets"] > 0).astype(jnp.float32)
            held = (batch["roll_held"] > 0).astype(jnp.float32)
            scalars["roll/onset_f1"] = f_measure(match_counts(output.roll.onsets, struck, 2))
            scalars["roll/frame_f1"] = f_measure(match_counts(output.roll.frames, held))
        if "harmony_logits" in output.extras:
            salience, hits = both_clips(batch["salience"]), both_clips(batch["hits"])
            scalars["heard/salience_f1"] = f_measure(match_counts(output.extras["harmony_logits"], salience))
            struck = (hits > 0).astype(jnp.float32)
            scalars["heard/hit_f1"] = f_measure(match_counts(output.extras["hits"][..., :3], struck, 2))
        if "gate_logits" in output.extras:
            right = (output.extras["gate_logits"] > 0) == (batch["ideal_gates"] > 0.5)
            scalars["selector/accuracy"] = right.all(axis=-1).mean()
        return scalars, output

    return jax.jit(validate)
