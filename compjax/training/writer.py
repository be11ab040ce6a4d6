"""TensorBoard without TensorFlow: scalars, piano rolls and spectrograms, and plain lines in the log."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from absl import logging
from tensorboardX import SummaryWriter

from compjax.data.batches import Batch


def picture(values: np.ndarray) -> np.ndarray:
    """`[T, N]` as a grey picture `[N, T]` in [0, 1], low rows at the bottom."""
    low, high = float(values.min()), float(values.max())
    return ((values - low) / max(high - low, 1e-6)).T[::-1]


class Writer:
    """Writes what a run shows; a resumed run overwrites the steps that it repeats."""

    def __init__(self, workdir: str, start: int) -> None:
        self._events = SummaryWriter(workdir, purge_step=start + 1)

    def scalars(self, split: str, step: int, values: dict[str, float]) -> None:
        """One value per name under `split/`."""
        for name, value in values.items():
            self._events.add_scalar(f"{split}/{name}", value, step)
        words = "  ".join(
            f"{name.removeprefix('loss/')} {value:.4g}" for name, value in sorted(values.items())
        )
        logging.info("%s %d: %s", split, step, words)

    def pictures(self, step: int, batch: Batch, output: Any) -> None:
        """The first example's latents and rolls: input, target, arrangement, output."""
        shown = {name: batch[name][0] for name in ("input_latents", "target_latents", "arrangement")}
        shown["output"] = np.asarray(output.latents[0])
        if output.roll is not None:
            shown["roll_true"] = (batch["roll_held"][0] > 0) + 1.0 * (batch["roll_onsets"][0] > 0)
            shown["roll_composed"] = np.asarray(jax.nn.sigmoid(output.roll.frames[0]))
        for name, values in shown.items():
            self._events.add_image(name, picture(np.asarray(values, np.float32)), step, dataformats="HW")
        for place, gate in zip(GATE_NAMES, np.asarray(output.gates).mean(axis=(0, 1)), strict=True):
            self._events.add_scalar(f"gates/{place}", float(gate), step)

    def close(self) -> None:
        """Write what is waiting."""
        self._events.close()


GATE_NAMES = tuple(
    f"{clip}_{factor}" for clip in ("input", "target") for factor in ("rhythm", "harmony", "timbre")
)
