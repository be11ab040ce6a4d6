"""One step of training an agent, and one of validating it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh

from compjax.errors import UserError
from compjax.models.arranging.note_renderer import NoteGrid
from compjax.models.outputs import AgentOutput
from compjax.training import sharding
from compjax.training.agent.microbatches import in_parts
from compjax.training.agent.objective import both_clips
from compjax.training.state import TrainState, apply_gradients, keep_if
from compjax.training.task import Batch, Scalars

Array = jax.Array

COMPUTE_DTYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True)
class StepConfig:
    """How a step is computed.

    Attributes:
        seed: of dropout and of whatever else an objective draws.
        ema_decay: of the averaged parameters.
        accumulate: parts that the network sees a batch in, one after the other, to save memory; the
            gradient is that of the whole batch.
        compute_dtype: of the network; parameters, norms, softmax and losses are float32 always.
        remat: compute activations again in the backward pass instead of keeping them.
        given: what of a batch the agent is given: `gates`, `style`; what is left out it chooses itself.
    """

    seed: int = 0
    ema_decay: float = 0.999
    accumulate: int = 1
    compute_dtype: str = "float32"
    remat: bool = False
    given: tuple[str, ...] = ("gates", "style")


class LossFunction(Protocol):
    """What a step minimises (objective.Objective).

    Attributes:
        frozen: parameters that are used and not trained (a codec's); an argument of jitted functions.
    """

    frozen: Any

    def __call__(
        self, output: AgentOutput, batch: Batch, step: Array | int, *, key: Any, frozen: Any, critics: Any
    ) -> tuple[Array, Scalars]: ...

    def update_critics(
        self, critics: Any, latents: Array, batch: Batch, step: Array, key: Array, frozen: Any
    ) -> tuple[Any, Scalars]: ...


def in_precision(agent: nn.Module, compute_dtype: str) -> nn.Module:
    """The agent computing in another type.

    Raises:
        UserError: for an unknown type, or an agent that has float32 only.
    """
    if compute_dtype not in COMPUTE_DTYPES:
        raise UserError(f"step.compute_dtype is {compute_dtype!r}; there are {', '.join(COMPUTE_DTYPES)}")
    if compute_dtype == "float32":
        return agent
    if "dtype" not in {field.name for field in dataclasses.fields(agent)}:
        raise UserError(f"{type(agent).__name__} computes in float32 only; set step.compute_dtype=float32")
    return agent.clone(dtype=jnp.dtype(compute_dtype))


def true_notes(batch: Batch) -> NoteGrid:
    """The arrangement's notes for a renderer; one held from before the clip starts in its first frame."""
    held = batch["roll_held"]
    onsets = batch["roll_onsets"].at[:, 0].set(held[:, 0])
    return NoteGrid(onsets=onsets, frames=(held > 0).astype(held.dtype))


def forward(
    agent: nn.Module,
    variables: dict,
    batch: Batch,
    dropout_key: Array | None,
    given: tuple[str, ...] = ("gates", "style"),
) -> tuple[AgentOutput, dict]:
    """The agent's output on a batch with its gates and notes given, and its changed collections."""
    return agent.apply(
        variables,
        batch["input_latents"],
        batch["target_latents"],
        notes=true_notes(batch),
        train=dropout_key is not None,
        rngs=None if dropout_key is None else {"dropout": dropout_key},
        mutable=[name for name in variables if name != "params"],
        **{name: batch[name] for name in given},
    )


def make_forward(
    agent: nn.Module, settings: StepConfig, mesh: Mesh
) -> Callable[..., tuple[AgentOutput, Any]]:
    """`run(params, model_state, batch, key) -> (output, model_state)` as a training step computes it."""
    agent = in_precision(agent, settings.compute_dtype)

    def run(params: Any, model_state: Any, batch: Batch, key: Array) -> tuple[AgentOutput, Any]:
        output, changed = forward(agent, {"params": params, **model_state}, batch, key, settings.given)
        return output, changed or model_state

    if settings.remat:
        # Products with weights are kept, everything else (attention, norms, activations) is made again.
        run = jax.checkpoint(run, policy=jax.checkpoint_policies.dots_with_no_batch_dims_saveable)
    return in_parts(run, settings.accumulate, mesh)


def make_train_step(
    agent: nn.Module,
    optimizer: optax.GradientTransformation,
    objective: LossFunction,
    settings: StepConfig,
    mesh: Mesh,
) -> Callable[[TrainState, Batch, Any], tuple[TrainState, Scalars]]:
    """A jitted `step(state, batch, frozen) -> (state, scalars)`; the state is donated.

    A step whose loss or gradients are not finite changes nothing of the state but `step` and
    `bad_steps`. Scalars: those of the objective, `gradient_norm`, `finite` (1 or 0), `bad_steps`.

    Raises:
        UserError: for settings that do not exist, or that the agent does not have.
    """
    run = make_forward(agent, settings, mesh)

    def step(state: TrainState, batch: Batch, frozen: Any) -> tuple[TrainState, Scalars]:
        key = jax.random.fold_in(jax.random.key(settings.seed), state.step)
        keys = jax.random.split(key, 3)

        def loss_of(params: Any) -> tuple[Array, Any]:
            whole = sharding.constrain(params, sharding.replicated(mesh))
            output, model_state = run(whole, state.model_state, batch, keys[0])
            total, scalars = objective(
                output, batch, state.step, key=keys[1], frozen=frozen, critics=state.critics
            )
            return total, (scalars, model_state, output.latents)

        (total, (scalars, model_state, latents)), grads = jax.value_and_grad(loss_of, has_aux=True)(
            state.params
        )
        critics, judged = objective.update_critics(
            state.critics, jax.lax.stop_gradient(latents), batch, state.step, keys[2], frozen
        )
        norm = optax.tree.norm(grads)
        finite = jnp.isfinite(total) & jnp.isfinite(norm)
        fresh = apply_gradients(state, grads, model_state, critics, optimizer, settings.ema_decay)
        kept = keep_if(finite, fresh, state)
        kept = sharding.constrain(kept, sharding.state_shardings(kept, mesh))
        scalars = {**scalars, **judged, "gradient_norm": norm, "finite": finite.astype(jnp.float32)}
        scalars["bad_steps"] = kept.bad_steps.astype(jnp.float32)
        return kept, sharding.constrain(scalars, sharding.replicated(mesh))

    return jax.jit(step, donate_argnums=0)


def match_counts(
    logits: Array, truth: Array, known: Array, frames_off: int = 0
) -> tuple[Array, Array, Array]:
    """Counts for an F-measure of `[B, T, N]` decisions (logit > 0) against 0/1 truth.

    Returns hits among the decisions, decisions, true elements, of the examples that are `known` `[B]`
    (1 or 0). With `frames_off`, a decision counts as a hit within that many frames, and decisions are
    local maxima in time.
    """
    decided = logits > 0
    if frames_off:
        padded = jnp.pad(logits, ((0, 0), (1, 1), (0, 0)), constant_values=-jnp.inf)
        decided &= (logits >= padded[:, :-2]) & (logits > padded[:, 2:])
        near = nn.max_pool(truth, (2 * frames_off + 1,), padding="SAME")
    else:
        near = truth
    decided = decided * known[:, None, None]
    return (decided * near).sum(), decided.sum(), (truth * known[:, None, None]).sum()


def f_of_counts(counts: tuple[Array, Array, Array]) -> Array:
    """F-measure of (hits, decisions, true elements)."""
    hits, decided, true = counts
    return 2.0 * hits / jnp.maximum(decided + true, 1.0)


def agreement(output: AgentOutput, batch: Batch) -> Scalars:
    """How well what a network decides agrees with what is known: notes, pitches, hits, gates."""
    scalars, known = {}, batch["has_notes"]
    if output.roll is not None:
        struck = (batch["roll_onsets"] > 0).astype(jnp.float32)
        held = (batch["roll_held"] > 0).astype(jnp.float32)
        scalars["roll/onset_f1"] = f_of_counts(match_counts(output.roll.onsets, struck, known, 2))
        scalars["roll/frame_f1"] = f_of_counts(match_counts(output.roll.frames, held, known))
    if "harmony_logits" in output.extras:
        both = jnp.concatenate([known, known])
        salience, hits = both_clips(batch["salience"]), both_clips(batch["hits"])
        heard = match_counts(output.extras["harmony_logits"], salience, both)
        scalars["heard/salience_f1"] = f_of_counts(heard)
        struck = (hits > 0).astype(jnp.float32)
        heard = match_counts(output.extras["hits"][..., :3], struck, both, 2)
        scalars["heard/hit_f1"] = f_of_counts(heard)
    if "gate_logits" in output.extras:
        right = (output.extras["gate_logits"] > 0) == (batch["ideal_gates"] > 0.5)
        sure = batch["has_gates"]
        scalars["selector/accuracy"] = (right.all(axis=-1) * sure).sum() / jnp.maximum(sure.sum(), 1.0)
    return scalars


def make_validation_step(
    agent: nn.Module, objective: LossFunction, settings: StepConfig, mesh: Mesh
) -> Callable[..., tuple[Scalars, AgentOutput]]:
    """A jitted `validate(variables, batch, frozen, critics) -> (scalars, output)` with the switches' gates.

    The output is whole on every device, so that every host can read it.
    """

    def validate(
        variables: dict, batch: Batch, frozen: Any, critics: Any = None
    ) -> tuple[Scalars, AgentOutput]:
        variables = sharding.constrain(variables, sharding.replicated(mesh))
        output, _ = forward(agent, variables, batch, None, settings.given)
        _, scalars = objective(output, batch, 0, key=None, frozen=frozen, critics=critics)
        scalars = {**scalars, **agreement(output, batch)}
        return sharding.constrain((scalars, output), sharding.replicated(mesh))

    return jax.jit(validate)
