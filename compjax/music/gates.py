"""The six gates: from the user's switches or weights, or from the selector; and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compjax.music.factors import COMPONENTS, FACTORS, SOURCES

AGENT_LINE = "Creative agent: Compositional (rhythm/harmony/timbre)"
"""Names the usual agent above the table of its weights."""


def needs_selector(switches: Sequence[str], weights: Sequence[float] | None) -> bool:
    """Whether any gate is left to the selector."""
    return weights is None and "auto" in switches


def decide_gates(
    switches: Sequence[str],
    weights: Sequence[float] | None,
    frames: int,
    selected: np.ndarray | None = None,
) -> np.ndarray:
    """Gates of every frame.

    Args:
        switches: of `CHOICES`, in the order of `FACTORS`.
        weights: six numbers in the switches' place, or None.
        frames: T.
        selected: the selector's gates `[T, 6]`; needed where a switch says "auto".

    Returns:
        `[T, 6]` float32 in [0, 1], in the order of `COMPONENTS`.
    """
    if weights is not None:
        return np.tile(np.asarray(weights, np.float32), (frames, 1))
    gates = np.zeros((frames, len(COMPONENTS)), np.float32)
    for factor, choice in enumerate(switches):
        columns = [factor, factor + len(FACTORS)]
        if choice == "auto":
            gates[:, columns] = np.clip(np.asarray(selected)[:, columns], 0.0, 1.0)
        else:
            gates[:, columns[SOURCES.index(choice)]] = 1.0
    return gates


def led_in(gates: np.ndarray, frames: int) -> np.ndarray:
    """Gates `[T, 6]` and, for `frames` frames before the clip, those of its first: `[frames + T, 6]`."""
    return np.concatenate([np.repeat(gates[:1], frames, axis=0), gates])


def mixed(gates: np.ndarray, factor: str, of_input: np.ndarray, of_target: np.ndarray) -> np.ndarray:
    """What two clips have of a factor, `[T, N]` in [0, 1] each, by its gates; the heavier counts in full."""
    first = FACTORS.index(factor)
    share = np.asarray(gates)[:, [first, first + len(FACTORS)]]
    share = share / np.maximum(share.max(axis=1, keepdims=True), 1e-6)
    return np.maximum(share[:, :1] * of_input, share[:, 1:] * of_target)


LEAST_TIMBRE = 0.15
"""Share of the timbre below which a clip's is not heard beside the other's."""


def timbre_weights(gates: np.ndarray) -> tuple[float, float]:
    """How much input and target count in the timbre, adding up to 1, by their mean gates `[T, 6]`.

    What would hardly be heard counts nothing; where no gate is open, the target counts.
    """
    mean = np.asarray(gates, np.float64).mean(axis=0)[[2, 2 + len(FACTORS)]]
    if mean.sum() < 1e-6:
        return 0.0, 1.0
    share = mean / mean.sum()
    share = np.where(share < LEAST_TIMBRE, 0.0, share)
    return tuple(float(value) for value in share / share.sum())


def summarize(gates: np.ndarray) -> dict[str, dict[str, float]]:
    """Mean weights over time: source -> factor -> weight in [0, 1], of gates `[T, 6]`."""
    mean = np.asarray(gates, np.float64).mean(axis=0).reshape(len(SOURCES), len(FACTORS))
    return {
        source: {factor: round(float(mean[i, j]), 4) for j, factor in enumerate(FACTORS)}
        for i, source in enumerate(SOURCES)
    }


def chosen_sources(weights: dict[str, dict[str, float]]) -> dict[str, str]:
    """The clip that weighs more for each factor; the original's way round where both weigh the same."""
    usual = {"rhythm": "input", "harmony": "target", "timbre": "target"}
    chosen = {}
    for factor in FACTORS:
        difference = weights["input"][factor] - weights["target"][factor]
        chosen[factor] = usual[factor] if difference == 0 else SOURCES[int(difference < 0)]
    return chosen


def table(weights: dict[str, dict[str, float]], agent_line: str = AGENT_LINE) -> str:
    """The component weights as lines of text, under the line that names the agent."""
    lines = [agent_line, f"{'':8}" + "".join(f"{factor:>10}" for factor in FACTORS)]
    lines += [f"{source:8}" + "".join(f"{weights[source][f]:10.2f}" for f in FACTORS) for source in SOURCES]
    return "\n".join(lines)
