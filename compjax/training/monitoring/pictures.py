"""What a validation has drawn, as pictures with axes: time in seconds; Hz, pitch names or channels.

Matplotlib is loaded when the first is drawn.
"""

from __future__ import annotations

import numpy as np

from compjax.constants import FRAME_RATE, MIN_PITCH
from compjax.pages.panels import RANGE_DB, SPECTRUM_COLOURS, TICKS_HZ, band_of
from compjax.training.task import Picture

SIZE, DPI = (7.0, 3.4), 100
OCTAVE = 12


def drawn(picture: Picture, title: str) -> np.ndarray:
    """The picture, RGB `[340, 700, 3]` of bytes; what is not finite is left white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(SIZE, DPI, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    values = np.asarray(picture.values, np.float32)
    values = np.where(np.isfinite(values), values, np.nan)
    seconds = len(values) / FRAME_RATE
    shown = axes.imshow(
        values.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, seconds, -0.5, values.shape[1] - 0.5),
        **_scale(picture, values),
    )
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("time in s")
    _name_rows(axes, picture.rows)
    figure.colorbar(shown, ax=axes, label=picture.unit)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _scale(picture: Picture, values: np.ndarray) -> dict:
    """Colours, and what the darkest and the brightest stand for."""
    finite = values[np.isfinite(values)]
    top = float(finite.max()) if finite.size else 1.0
    if picture.rows == "bands":
        return {"cmap": SPECTRUM_COLOURS, "vmin": top - RANGE_DB, "vmax": top}
    if picture.rows == "pitches":
        return {"cmap": "Blues", "vmin": 0.0, "vmax": 1.0}
    return {"cmap": "gray", "vmin": float(finite.min()) if finite.size else 0.0, "vmax": top}


def _name_rows(axes, rows: str) -> None:
    """Label the rows."""
    low, high = axes.get_ylim()
    if rows == "bands":
        ticks = [(band_of(hertz), f"{hertz}") for hertz in TICKS_HZ]
        axes.set_ylabel("band, Hz")
    elif rows == "pitches":
        ticks = [(place, f"C{place // OCTAVE + MIN_PITCH // OCTAVE - 1}") for place in range(0, 128, OCTAVE)]
        axes.set_ylabel("pitch")
    else:
        return axes.set_ylabel("channel")
    kept = [(place, name) for place, name in ticks if low <= place <= high]
    axes.set_yticks([place for place, _ in kept], [name for _, name in kept])
