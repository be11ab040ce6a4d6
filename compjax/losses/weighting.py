"""Weighted sum of losses: one mapping from a loss's name to its weight, a number or a schedule over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from compjax.errors import UserError

Array = jax.Array
Step = int | Array


@dataclass(frozen=True)
class Constant:
    """The same weight at every step."""

    value: float

    def at(self, step: Step) -> Array:
        return jnp.asarray(self.value, jnp.float32)


@dataclass(frozen=True)
class LinearRamp:
    """A straight line from `start` at step `begin` to `end` at step `finish`; level before and after."""

    start: float
    end: float
    begin: int
    finish: int

    def __post_init__(self):
        if self.finish <= self.begin:
            raise ValueError(f"a ramp from step {self.begin} must finish after it, not at {self.finish}")

    def at(self, step: Step) -> Array:
        share = jnp.clip((step - self.begin) / (self.finish - self.begin), 0.0, 1.0)
        return jnp.asarray(self.start + share * (self.end - self.start), jnp.float32)


@dataclass(frozen=True)
class Piecewise:
    """A weight that jumps: `values[0]` before `steps[0]`, `values[i]` from `steps[i - 1]` on."""

    steps: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self):
        if len(self.values) != len(self.steps) + 1:
            raise ValueError(
                f"{len(self.steps)} steps need {len(self.steps) + 1} values, not {len(self.values)}"
            )
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"steps must rise, but are {list(self.steps)}")

    def at(self, step: Step) -> Array:
        passed = jnp.sum(jnp.asarray(step) >= jnp.asarray(self.steps, jnp.int32)) if self.steps else 0
        return jnp.asarray(self.values, jnp.float32)[passed]


Schedule = Constant | LinearRamp | Piecewise
Weight = float | Schedule

FORMS = {("start", "end", "begin", "finish"): LinearRamp, ("steps", "values"): Piecewise}
"""How a configuration writes a schedule: the fields that tell its kind."""


def parse_weight(name: str, written: object) -> Weight:
    """A weight as a configuration has it: a number, or the fields of a schedule.

    Args:
        name: of the loss, for the error.
        written: 0.1, or {"start": 0, "end": 0.1, "begin": 1000, "finish": 5000}, or
            {"steps": [1000], "values": [0, 0.1]}.

    Raises:
        UserError: for anything else.
    """
    if isinstance(written, Schedule):
        return written
    if isinstance(written, int | float) and not isinstance(written, bool):
        if math.isfinite(written):
            return float(written)
    elif isinstance(written, Mapping):
        for fields, schedule in FORMS.items():
            if set(written) == set(fields):
                values = [tuple(v) if isinstance(v, list | tuple) else v for v in map(written.get, fields)]
                try:
                    return schedule(*values)
                except (TypeError, ValueError) as error:
                    raise UserError(f"the weight of loss {name!r}: {error}") from error
    known = " or ".join("{" + ", ".join(fields) + "}" for fields in FORMS)
    raise UserError(f"the weight of loss {name!r} is {written!r}; give a number or a schedule {known}")


def weight_at(weight: Weight, step: Step) -> Array:
    """A weight's value at a step (a Python or traced integer), a float32 scalar."""
    schedule = weight if isinstance(weight, Schedule) else Constant(float(weight))
    return schedule.at(step)


def is_off(weight: Weight) -> bool:
    """Whether a weight is 0 at every step, so that its loss need not be computed."""
    match weight:
        case Constant(value):
            return value == 0
        case LinearRamp(start, end):
            return start == end == 0
        case Piecewise(values=values):
            return not any(values)
    return weight == 0


def total_loss(
    losses: Mapping[str, Array], weights: Mapping[str, Weight], step: Step
) -> tuple[Array, dict[str, Array]]:
    """Weighted sum of scalars, and the metrics to log.

    A loss whose weight is off adds nothing, even where it is not finite. Weights without a loss are
    passed over: not every batch has every loss.

    Returns:
        the total, a float32 scalar, and `loss/<name>` (unweighted), `weight/<name>`, `loss/total`.

    Raises:
        ValueError: for a loss without a weight, or one that is not a scalar.
    """
    total, metrics = jnp.zeros((), jnp.float32), {}
    for name, loss in losses.items():
        if name not in weights:
            raise ValueError(
                f"loss {name!r} has no weight; there are weights for {', '.join(sorted(weights)) or 'none'}"
            )
        if jnp.ndim(loss) != 0:
            raise ValueError(f"loss {name!r} has shape {list(jnp.shape(loss))}; a scalar is needed")
        weight = weight_at(weights[name], step)
        metrics |= {f"loss/{name}": loss, f"weight/{name}": weight}
        if not is_off(weights[name]):
            total = total + weight * loss
    return total, metrics | {"loss/total": total}
