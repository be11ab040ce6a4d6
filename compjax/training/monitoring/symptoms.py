"""What to do when training goes wrong: the run sees a symptom and says so itself.

The first four are the original's troubleshooting table, with its advice; `mix` is measured on decoded audio
where the original asked for ears, and novelty is `novelty_score`, 0 for a copy and rising as the output
becomes newer. Where the batch has arrangements, their own novelty is what is right, and the output's is
compared with it.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Limits:
    """When a symptom is seen.

    Attributes:
        copying: novelty below which the output copies, as a share of the arrangements' own, and in itself
            where there are no arrangements.
        straying: novelty above which it has left both clips: times the arrangements' own, and in itself (the
            design wants similarities of 0.5 to 0.7, so a novelty of at most 0.5).
        alike: range of the six component weights below which they tell nothing apart.
        mix: share of the output's spectrogram that a mix of the clips explains, from which it is one.
        drowning: share of the sum of the gradient norms from which one loss drowns the others.
        waiting: share of the time spent waiting for data.
        settling: reports at the beginning in which novelty says nothing: an untrained output is like neither.
        patience: reports in a row that must show a symptom before it is said.
        epochs: epochs in a row, likewise.
        pause: reports before it is said again; doubles each time.
    """

    copying: tuple[float, float] = (0.3, 0.05)
    straying: tuple[float, float] = (2.0, 0.5)
    alike: float = 0.05
    mix: float = 0.7
    drowning: float = 0.95
    waiting: float = 0.2
    settling: int = 20
    patience: int = 5
    epochs: int = 2
    pause: int = 20


ADVICE = {
    "copy": "the output copies its sources: raise --mask_reg_weight to 0.2 to 0.3",
    "stray": "the output strays from both: lower --mask_reg_weight to 0.05 or raise --loss_weight_spectral",
    "alike": "the selector does not tell the components apart: train longer, with larger batches, or raise "
    "--loss_weight_spectral",
    "mix": "it sounds like a mix: use two cascade stages (--num_transformer_layers=2) and more "
    "composer layers",
    "drowning": "one loss drowns the others: lower its weight (config.losses)",
    "waiting": "training waits for data: raise config.loop.workers, or render the examples beforehand "
    "(compjax-render)",
}
"""What to do about each symptom."""


class Symptoms:
    """Watches a run's numbers; each method returns advice by the symptom's name, most often none."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._streak: collections.Counter[str] = collections.Counter()
        self._silent: dict[str, tuple[int, int]] = {}
        self._reports = 0

    def of_step(self, scalars: Mapping[str, float], rates: Mapping[str, float]) -> dict[str, str]:
        """Of a training report: novelty, gradient norms of the losses, waiting for data."""
        limits, seen = self._limits, {}
        self._reports += 1
        if "novelty_score" in scalars and self._reports > limits.settling:
            value, truth = scalars["novelty_score"], scalars.get("novelty_score/arrangement")
            floor, ceiling = (
                (limits.copying[1], limits.straying[1])
                if truth is None
                else (limits.copying[0] * truth, limits.straying[0] * truth)
            )
            own = "" if truth is None else f" where the arrangements have {truth:.3f}"
            seen["copy"] = f"novelty {value:.3f}{own}" if value < floor else ""
            seen["stray"] = f"novelty {value:.3f}{own}" if value > ceiling else ""
        norms = {name: value for name, value in scalars.items() if name.startswith("gradient/")}
        if len(norms) > 1:
            largest = max(norms, key=norms.get)
            share = norms[largest] / max(sum(norms.values()), 1e-12)
            said = f"{share:.0%} of the gradients' norms are {largest.removeprefix('gradient/')}'s"
            seen["drowning"] = said if share > limits.drowning else ""
        if "data_wait" in rates:
            share = rates["data_wait"]
            seen["waiting"] = f"{share:.0%} of the time" if share > limits.waiting else ""
        return self._said(seen, limits.patience)

    def of_epoch(self, gates: Sequence[float]) -> dict[str, str]:
        """Of the six component weights, means over an epoch."""
        gates = np.asarray(gates, np.float64)
        alike = float(np.ptp(gates)) < self._limits.alike
        return self._said(
            {"alike": f"all six weights are near {gates.mean():.3f}" if alike else ""}, self._limits.epochs
        )

    def of_validation(self, scalars: Mapping[str, float]) -> dict[str, str]:
        """Of a validation on decoded audio."""
        share = scalars.get("audio/mix_r2")
        if share is None:
            return {}
        said = f"{share:.0%} of the output is explained by a mix" if share >= self._limits.mix else ""
        return self._said({"mix": said}, 1)

    def _said(self, seen: Mapping[str, str], patience: int) -> dict[str, str]:
        """Advice on what was seen `patience` times in a row, and not said lately; "" is not seen."""
        told = {}
        for name, finding in seen.items():
            self._streak[name] = self._streak[name] + 1 if finding else 0
            wait, pause = self._silent.get(name, (0, self._limits.pause))
            if self._streak[name] >= patience and wait == 0:
                told[name] = f"{finding}: {ADVICE[name]}"
                wait, pause = pause, 2 * pause
            else:
                wait = max(wait - 1, 0)
            self._silent[name] = (wait, pause)
        return told
