"""A run's curves as a picture: losses, novelty and the six component weights.

    python -m compjax.training.monitoring.curves --workdir=runs/compositional --output=curves.png

reads TensorBoard's files in the workdir, also of a run that goes on. The weights are the means of each
epoch, over the examples that are trained on: drums x pitched clips and all others, with switches at random.
"""

from __future__ import annotations

import dataclasses
import io
import os
import pathlib
import sys
from collections.abc import Mapping

import numpy as np
from absl import flags

from compjax import command
from compjax.errors import UserError
from compjax.files import atomic_path
from compjax.music.factors import PLACES

SIZE, DPI = (10.0, 6.4), 100
PALETTE = 64
"""Colours of the file: a third of the size, and lines need no more."""
PANELS = {
    "novelty (distance from the nearer mix)": {
        "output": "train/novelty_score",
        "arrangement": "train/novelty_score/arrangement",
    },
    "L1 of the latents to the arrangement's": {
        "training": "train/loss/latent",
        "held out": "dev/loss/latent",
    },
    "note F1": {"training": "train/notes/f1", "held out": "dev/notes/f1"},
    "F1 of the roll, held out": {"frames": "dev/roll/frame_f1", "onsets": "dev/roll/onset_f1"},
    "loss of the critics": {
        "of latents": "train/critic/adversarial",
        "of sound": "train/critic/adversarial_audio",
    },
}
"""What is drawn where a run has it: titles, and the curves by their labels."""
COLOURS = ("#0072b2", "#b34f00", "#007a5a")
"""Of rhythm, harmony and timbre; and of the first lines of the other panels (Okabe and Ito)."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """A scalar over the run: steps and values, `[N]` each."""

    steps: np.ndarray
    values: np.ndarray


def read_curves(workdir: str | os.PathLike) -> dict[str, Curve]:
    """Every scalar that a run has written, by its name in TensorBoard.

    Raises:
        UserError: if there is no run in the folder.
    """
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    if not pathlib.Path(workdir).is_dir():
        raise UserError(f"{workdir}: no such folder; give the --workdir of a run")
    events = EventAccumulator(str(workdir), {SCALARS: 0})
    events.Reload()
    curves = {}
    for name in events.Tags()[SCALARS]:
        points = events.Scalars(name)
        steps, values = np.array([point.step for point in points]), [point.value for point in points]
        curves[name] = Curve(steps, np.array(values, np.float64))
    if not curves:
        raise UserError(f"{workdir} holds no curves; give the --workdir of a run that has begun")
    return curves


def smoothed(values: np.ndarray, width: int) -> np.ndarray:
    """Mean `[N]` of the last `width` values `[N]`, at the beginning of as many as there are."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(end - width, 0)
    return (total[end] - total[begin]) / (end - begin)


def draw(curves: Mapping[str, Curve], title: str = "") -> bytes:
    """The picture, a PNG file."""
    from PIL import Image

    drawn, written = io.BytesIO(), io.BytesIO()
    figure_of(curves, title).savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(PALETTE).save(written, "PNG", optimize=True)
    return written.getvalue()


def figure_of(curves: Mapping[str, Curve], title: str = ""):
    """The figure: component weights, the panels that the run has curves for, and its other losses."""
    from matplotlib.figure import Figure

    figure = Figure(SIZE, DPI, layout="constrained")
    figure.suptitle(title, fontsize=11)
    panels = [(what, names) for what, names in PANELS.items() if set(names.values()) & set(curves)]
    axes = figure.subplots(2, max(-(-(len(panels) + 2) // 2), 2)).reshape(-1)
    _draw_weights(axes[0], curves)
    for place, (what, names) in enumerate(panels, 1):
        _draw_lines(axes[place], curves, names, what)
    others = axes[len(panels) + 1]
    _draw_lines(
        others, curves, {name.rpartition("/")[2]: name for name in _other_losses(curves)}, "other losses"
    )
    others.set_yscale("log")  # of very different sizes
    for left in axes[len(panels) + 2 :]:
        left.remove()
    return figure


def _other_losses(curves: Mapping[str, Curve]) -> list[str]:
    """Names of up to six losses that have no panel of their own."""
    shown = {name for names in PANELS.values() for name in names.values()}
    terms = sorted(name for name in curves if name.startswith("train/loss/") and name not in shown)
    return [name for name in terms if not name.endswith("/total") and curves[name].values.any()][:6]


def _draw_weights(axes, curves: Mapping[str, Curve]) -> None:
    """The six component weights: the input's dashed, the target's drawn through."""
    for index, (clip, factor) in enumerate(PLACES):
        curve = curves.get(f"epoch/{clip}/{factor}_weight")
        if curve is not None:
            style = "--" if clip == "input" else "-"
            axes.plot(curve.steps, curve.values, style, color=COLOURS[index % 3], label=f"{clip} {factor}")
    axes.set_ylim(0.0, 1.0)
    _finish(axes, "component weights (mean of an epoch)")


def _draw_lines(axes, curves: Mapping[str, Curve], names: Mapping[str, str], title: str) -> None:
    """Curves by their labels; what is written every step is smoothed."""
    for label, name in names.items():
        if name in curves:
            curve = curves[name]
            width = max(1, len(curve.values) // 40)
            marker = "o" if len(curve.values) < 3 else None  # a point has no line
            axes.plot(curve.steps, smoothed(curve.values, width), marker=marker, label=label)
    _finish(axes, title)


def _finish(axes, title: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("step", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e6e6e6")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7, loc="best")


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "Folder of the run.", values, required=True)
    flags.DEFINE_string("output", "curves.png", "PNG file to write.", values)
    flags.DEFINE_string("title", "", "Words above the picture.", values)
    return values


def write(values: flags.FlagValues) -> None:
    """Draw what the flags name."""
    picture = draw(read_curves(values.workdir), values.title)
    with atomic_path(values.output) as path:
        path.write_bytes(picture)
    print(f"Wrote {values.output}")


def run(argv: list[str] | None = None) -> int:
    """Entry point of `python -m compjax.training.monitoring.curves`."""
    return command.run_strict("compjax.training.monitoring.curves", __doc__, define_flags, write, argv)


if __name__ == "__main__":
    sys.exit(run())
