"""How TensorBoard groups a run's curves (its tab "Custom Scalars"), and what some of them mean."""

from __future__ import annotations

from collections.abc import Mapping

Charts = Mapping[str, tuple[str, ...]]
"""By a chart's title, regular expressions of the scalars that it shows."""

BOTH = "^(train|dev)/"
GRADIENTS = "gradients' norms, loss by loss"

_LOSSES: Charts = {
    "total, training and held out": (f"{BOTH}loss/total$",),
    "each loss, training": ("^train/loss/(?!total$).+",),
    "each loss, held out": ("^dev/loss/(?!total$).+",),
    "weight of each loss": ("^train/weight/.+",),
    GRADIENTS: ("^train/gradient.+",),
}
_WEIGHTS: Charts = {
    "of the input, mean of an epoch": ("^epoch/input/.+_weight$",),
    "of the target, mean of an epoch": ("^epoch/target/.+_weight$",),
    "of each batch": (f"{BOTH}gates/.+",),
}
_NOVELTY: Charts = {
    "our score: 0 is a copy, higher is newer; beside the arrangements' own": (f"{BOTH}novelty_score.*",),
    "the design's hinge, a loss: 0 is new": (f"{BOTH}novelty_hinge$",),
}
_ROLL: Charts = {
    "onsets": (f"{BOTH}roll/onset_f1$",),
    "frames": (f"{BOTH}roll/frame_f1$",),
    "what is heard in the clips": (f"{BOTH}heard/.+",),
}
_DECODED: Charts = {
    "joint score beside systems without training": ("^dev/audio/joint$", "^dev/baseline/.+/joint$"),
    "each measure": ("^dev/audio/(?!joint$).+",),
}
_MACHINE: Charts = {
    "seconds of a step": ("^speed/step_seconds$",),
    "shares of the time": ("^speed/(data_wait|goodput|mfu)$",),
    "memory in GB": ("^memory/.+",),
    "learning rate": ("^train/learning_rate$",),
}

LAYOUTS: Mapping[str, Mapping[str, Charts]] = {
    "agent": {
        "losses": _LOSSES,
        "component weights": _WEIGHTS,
        "novelty": _NOVELTY,
        "piano roll, F1": _ROLL,
        "decoded sound": _DECODED,
        "machine": _MACHINE,
    },
    "notes": {
        "losses": _LOSSES,
        "component weights": _WEIGHTS,
        "notes, F1": {"at the moments that are asked for": (f"{BOTH}notes/f1$",)},
        "machine": _MACHINE,
    },
    "codec": {"losses": _LOSSES, "machine": _MACHINE},
}
"""By the kind of experiment: charts by category."""

MEANINGS = {
    "novelty_score": "Ours: one minus the cosine similarity to the nearer clip, mean over frames. "
    "0 is a copy, and it rises as the output becomes newer. Not trained on.",
    "novelty_score/arrangement": "Ours, of the rendered arrangements: what is right for this data.",
    "novelty_hinge": "The design's: relu(cos(output, input) - 0.7) + relu(cos(output, target) - 0.7), "
    "mean over frames. 0 is new, 0.6 a copy of both. A loss: it falls as the output becomes newer.",
    "roll/onset_f1": "F1 of struck notes, within two frames of 1 / 75 s.",
    "roll/frame_f1": "F1 of sounding pitches, frame by frame.",
}
"""What scalars that are easily mistaken mean, by their names without train or dev."""


def charts_of(kind: str) -> dict[str, dict[str, tuple[str, list[str]]]]:
    """The layout of a kind of experiment, as tensorboardX takes it."""
    categories = LAYOUTS.get(kind, {"losses": _LOSSES, "machine": _MACHINE})
    return {
        category: {title: ("Multiline", list(tags)) for title, tags in charts.items()}
        for category, charts in categories.items()
    }
