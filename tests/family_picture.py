"""A picture of what is made of eight families of instruments: target, output and rendered arrangement.

    python -m tests.family_picture --output=families.png

The first held-out pair of each family, from `--seed` on, whose target plays any part; nobody chose them.
"""

from __future__ import annotations

import io
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from absl import app, flags

FAMILIES = (
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "strings",
    "brass",
    "reed",
    "synth pad",
)
COLUMNS = ("target", "output", "arrangement")
SECONDS = 4.0
"""Of each sound that are drawn."""
RANGE_DB = 60.0
COLOURS = 48
"""Of the picture's palette: the file is small."""


def pairs_of_families(seed: int) -> Iterator:
    """The first rendered pair of the `test` split of each family, in the order of FAMILIES."""
    from compjax.data.drawing import swaps
    from compjax.data.rendering import timbres
    from compjax.evaluation import testsets

    first: dict[str, int] = {}
    draw = seed * testsets.SEED_STRIDE
    while len(first) < len(FAMILIES):
        drawn = swaps.draw_pair(draw, "test")
        family = timbres.family_of(drawn.target.timbre)
        if drawn.kind == "drums, pitched" and family in FAMILIES:
            first.setdefault(family, draw)
        draw += 1
    for family in FAMILIES:
        yield testsets.rendered_pair(swaps, swaps.draw_pair(first[family], "test"), "test")


def sounds(pair, session, seed: int) -> tuple[np.ndarray, ...]:
    """Target, output and arrangement `[S]` of a pair, in the order of COLUMNS."""
    from compjax.evaluation.benchmark import ceiling_system
    from compjax.evaluation.systems import composing
    from compjax.music.factors import Switches

    made = composing(session, seed)(pair, Switches())
    return pair.target, made.audio, ceiling_system(pair, Switches()).audio


def draw(rows: Sequence[tuple[str, Sequence[np.ndarray]]]) -> bytes:
    """A PNG file: of every row its name and the spectrograms of its sounds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(8.0, 1.05 * len(rows)), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(rows), len(COLUMNS), squeeze=False, sharex=True, sharey=True)
    for axes, (name, clips) in zip(grid, rows, strict=True):
        axes[0].set_ylabel(name, fontsize=7)
        for one, audio in zip(axes, clips, strict=True):
            draw_one(one, audio)
    for one, title in zip(grid[0], COLUMNS, strict=True):
        one.set_title(title, fontsize=9)
    drawn, written = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()


def draw_one(axes, audio: np.ndarray) -> None:
    """The spectrogram of a sound `[S]`, its loudest `RANGE_DB`."""
    from compjax.constants import FRAME_RATE
    from compjax.pages import panels, views

    decibels = views.spectrogram(audio)[: round(SECONDS * FRAME_RATE)]
    top = float(decibels.max())
    extent = (0.0, SECONDS, 0.0, decibels.shape[1])
    axes.imshow(
        decibels.T, origin="lower", aspect="auto", cmap="magma", vmin=top - RANGE_DB, vmax=top, extent=extent
    )
    axes.set_yticks([panels.band_of(hertz) for hertz in (100, 1000, 10000)], ["100", "1k", "10k"])
    axes.tick_params(labelsize=6)


def main(_: list[str]) -> None:
    """Entry of the command line."""
    import compjax

    session, rows = compjax.load(), []
    for family, pair in zip(FAMILIES, pairs_of_families(_SEED.value), strict=True):
        rows.append((family.replace(" ", "\n"), sounds(pair, session, _SEED.value)))
    pathlib.Path(_OUTPUT.value).write_bytes(draw(rows))


if __name__ == "__main__":
    _OUTPUT = flags.DEFINE_string("output", None, "file for the picture (.png)", required=True)
    _SEED = flags.DEFINE_integer("seed", 5, "other pairs")
    app.run(main)
