"""What the loop looks at in every step's scalars: gradients that are not finite, and spikes of the loss.

The step itself leaves the parameters alone when its gradients are not finite; here it is counted, and after
too many in a row the run ends with a file that names the samples.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import os
from collections.abc import Mapping

import numpy as np

from compjax.errors import UserError
from compjax.files import atomic_path

WINDOW = 128
"""Losses that a spike is measured against."""
MIN_WINDOW = 32
DIAGNOSIS = "diagnosis-{process}.json"


class NotFinite(Exception):
    """Too many steps in a row were not finite; the text is the line to print."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """A step's number, scalars and this host's part of its batch."""

    step: int
    scalars: Mapping[str, float]
    batch: Mapping[str, np.ndarray]
    sample_ids: tuple[int, ...]


def _finite(value: float) -> float | str:
    """A number that JSON knows."""
    return value if math.isfinite(value) else str(value)


def describe(seen: Seen) -> dict:
    """A step for the diagnosis: its scalars, and range and gaps of each array of its batch."""
    arrays = {}
    for name, array in seen.batch.items():
        if np.issubdtype(array.dtype, np.floating):
            good = array[np.isfinite(array)]
            low, high = (float(good.min()), float(good.max())) if good.size else (None, None)
            arrays[name] = {"min": low, "max": high, "not_finite": int(array.size - good.size)}
    return {
        "step": seen.step,
        "sample_ids": list(seen.sample_ids),
        "scalars": {name: _finite(value) for name, value in sorted(seen.scalars.items())},
        "batch": arrays,
    }


class Guards:
    """Counts over a run; `memory` goes into checkpoints, so that a resumed run counts on.

    Attributes:
        bad: steps that were not finite.
        spikes: losses far above their recent mean.
    """

    def __init__(self, max_bad: int, sigma: float, workdir: str, process: int) -> None:
        self._max_bad, self._sigma = max_bad, sigma
        self._path = os.path.join(workdir, DIAGNOSIS.format(process=process))
        self._row: list[Seen] = []
        self._in_row = 0
        self._losses: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self.bad, self.spikes = 0, 0

    def memory(self) -> dict:
        """What to remember in a checkpoint."""
        counts = {"bad": self.bad, "in_row": self._in_row, "spikes": self.spikes}
        return counts | {"losses": list(self._losses)}

    def recall(self, memory: Mapping) -> None:
        """Go on from a checkpoint's memory."""
        self.bad, self._in_row, self.spikes = memory["bad"], memory["in_row"], memory["spikes"]
        self._losses.extend(memory["losses"])

    def look(self, seen: Seen) -> tuple[str, str] | None:
        """Judge a step: an event's name and text, or None.

        Raises:
            NotFinite: if it was one too many.
        """
        loss = seen.scalars["loss/total"]
        finite = seen.scalars.get("finite", 1.0) > 0.5 and math.isfinite(loss)
        if not finite:
            return "nan", self._bad_step(seen, loss)
        self._in_row, self._row = 0, []
        event = self._spike(seen, loss)
        self._losses.append(loss)
        return event

    def _bad_step(self, seen: Seen, loss: float) -> str:
        self.bad, self._in_row = self.bad + 1, self._in_row + 1
        self._row.append(seen)
        text = (
            f"step {seen.step} was not finite (loss {loss}) and was skipped; samples {_ids(seen.sample_ids)}"
        )
        if self._in_row < self._max_bad:
            return text
        where = f"see {self._path}" if self._diagnose() else f"({self._path} could not be written)"
        raise NotFinite(
            f"{self._in_row} steps in a row up to {seen.step} were not finite: {where}; the last samples "
            f"were {_ids(seen.sample_ids)}. Look at them or lower the learning rate; the checkpoint is good."
        )

    def _spike(self, seen: Seen, loss: float) -> tuple[str, str] | None:
        if self._sigma <= 0 or len(self._losses) < MIN_WINDOW:
            return None
        mean, deviation = float(np.mean(self._losses)), float(np.std(self._losses))
        if loss <= mean + self._sigma * max(deviation, 1e-3 * abs(mean)):
            return None
        self.spikes += 1
        text = f"loss {loss:.4g} at step {seen.step}, lately {mean:.4g} with deviation {deviation:.2g}"
        return "spike", f"{text}; samples {_ids(seen.sample_ids)}"

    def _diagnose(self) -> bool:
        try:
            with atomic_path(self._path) as path, open(path, "w") as file:
                json.dump({"not_finite": [describe(seen) for seen in self._row]}, file, indent=1)
        except (OSError, UserError):
            return False
        return True


def _ids(sample_ids: tuple[int, ...]) -> str:
    return " ".join(map(str, sample_ids)) or "unknown"
