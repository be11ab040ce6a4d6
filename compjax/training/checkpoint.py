"""Checkpoints with Orbax: the last ones and the best, written while training goes on."""

from __future__ import annotations

import math
import os
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint import checkpoint_managers as policies

BEST_METRIC = "score"
KEEP_LATEST = 2


def _best(metrics: dict[str, float] | None) -> float:
    """The validation score of a checkpoint; none, or one that is not a number, is the worst."""
    score = (metrics or {}).get(BEST_METRIC, -math.inf)
    return score if math.isfinite(score) else -math.inf


def open_checkpoints(workdir: str) -> ocp.CheckpointManager:
    """The manager of `workdir/checkpoints`, keeping the last two and the best."""
    options = ocp.CheckpointManagerOptions(
        preservation_policy=policies.AnyPreservationPolicy(
            [
                policies.LatestN(KEEP_LATEST),
                policies.BestN(get_metric_fn=_best, n=1, keep_checkpoints_without_metrics=False),
            ]
        ),
        best_fn=_best,
        best_mode="max",
        enable_async_checkpointing=True,
        cleanup_tmp_directories=True,
    )
    return ocp.CheckpointManager(os.path.abspath(os.path.join(workdir, "checkpoints")), options=options)


def save(manager: ocp.CheckpointManager, step: int, state: Any, meta: dict, score: float) -> None:
    """Start saving the state and its description under `step`."""
    items = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
    manager.save(step, args=items, metrics={BEST_METRIC: float(score)})


def restore(manager: ocp.CheckpointManager, step: int, like: Any) -> tuple[Any, dict]:
    """The state of a step, shaped as `like`, and its description."""
    abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
    items = ocp.args.Composite(state=ocp.args.StandardRestore(abstract), meta=ocp.args.JsonRestore())
    found = manager.restore(step, args=items)
    return found.state, found.meta
