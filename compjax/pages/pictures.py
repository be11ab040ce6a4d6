"""Pictures of a composition: spectrograms with beats and chords, the piano roll, the weights over time.

Every function returns the bytes of an SVG or PNG file. All pictures have the same margins, so that the
same time lies at the same place in each: `LEFT` and `RIGHT` are where time begins and ends, as shares of
the width. Matplotlib is loaded when the first is drawn.
"""

from __future__ import annotations

import dataclasses
import io
import threading
from collections.abc import Callable, Sequence

import numpy as np

from compjax.constants import BANDS_PER_OCTAVE, LATENT_SIZE, MIN_PITCH, SAMPLE_RATE, midi_to_hz
from compjax.music.factors import COMPONENTS
from compjax.pages import panels, views

LEFT, RIGHT = 0.125, 0.955
"""Where the time axis begins and ends, as shares of a picture's width."""

WIDTH = 10.0
"""Inches; text is sized for it."""

DPI = 110

FORMATS = ("svg", "png")

SHOWN_SECONDS = 30.0
"""Most that a picture shows unless it is told otherwise."""

TITLE, TIMES, GAP = 0.30, 0.46, 0.07
"""Inches for a title, for the time axis at the bottom, and between panels."""

PITCHED_SHARE = 0.5
"""Chords are shown of a clip that has some for at least this share of its time: drums have none."""

STRIP_TOP = -30.0
"""A strip's brightest shade stands for the loudest level, but for none below this, in dB: silence is dark."""

RANGE_IN_WORDS = (
    f"from {midi_to_hz(MIN_PITCH):.0f} Hz at the bottom, {(LATENT_SIZE - 1) / BANDS_PER_OCTAVE:.1f} octaves "
    f"up, levels over {panels.RANGE_DB:.0f} dB"
)
"""What a strip shows, which has no axes."""

LETTER = 0.078
"""Inches that a letter of a chord's name is wide."""

Stretch = tuple[float, float]
"""Seconds from and to."""

_DRAWING = threading.Lock()
"""Matplotlib's settings are the process's own, and two threads may draw at once."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One panel: `draw(axes, span)` in `height` inches, under a title if it has one."""

    height: float
    draw: Callable[..., None]
    title: str = ""


def clip_picture(
    view: views.ClipView,
    title: str = "",
    *,
    hits: bool = True,
    chords: bool = True,
    kind: str = "svg",
    span: Stretch | None = None,
) -> bytes:
    """A clip: the names of its chords, its spectrogram with beats, its hits.

    Args:
        view: the clip.
        title: words above the picture.
        hits: whether its hits are shown.
        chords: whether its chords are, where it has some for most of its time.
        kind: "svg" or "png".
        span: seconds from and to; the first 30 s if not given.
    """
    return _picture(_clip_rows(view, title, hits, chords), shown(view.seconds, span), kind)


def sound_picture(
    audio: np.ndarray,
    title: str = "",
    *,
    beats: Sequence[float] = (),
    kind: str = "svg",
    span: Stretch | None = None,
) -> bytes:
    """The spectrogram of audio `[S]` at 24 kHz, with `beats` in seconds; the rest as `clip_picture`."""
    row = _spectrogram(views.spectrogram(views.kept(audio)), title, beats)
    return _picture([row], shown(audio.size / SAMPLE_RATE, span), kind)


def strip(audio: np.ndarray) -> bytes:
    """The bare spectrogram of audio `[S]` at 24 kHz as a PNG file, a pixel a frame and band, without axes."""
    from matplotlib import colormaps
    from PIL import Image

    decibels = views.spectrogram(views.kept(audio))
    count = panels.SHADES[panels.SPECTRUM_COLOURS]
    shade = (decibels - max(float(decibels.max()), STRIP_TOP)) / panels.RANGE_DB + 1.0
    shade = np.clip(np.round((count - 1) * shade), 0, count - 1).astype(np.uint8)
    image = Image.frombytes("P", shade.shape, np.ascontiguousarray(shade.T[::-1]).tobytes())
    scale = colormaps[panels.SPECTRUM_COLOURS](np.linspace(0.0, 1.0, count))[:, :3]
    image.putpalette(np.round(255 * scale).astype(np.uint8).tobytes())
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def roll_picture(composition, title: str = "", *, kind: str = "svg", span: Stretch | None = None) -> bytes:
    """The composed notes over the onsets of the rhythm, under the chords that they were composed on."""
    return _picture(_roll_rows(composition, title), shown(composition.seconds, span), kind)


def weights_picture(composition, title: str = "", *, kind: str = "svg", span: Stretch | None = None) -> bytes:
    """The six component weights over time."""
    return _picture([_weights(composition, title)], shown(composition.seconds, span), kind)


def overview(composition, *, kind: str = "png", span: Stretch | None = None) -> bytes:
    """Everything in one picture: input, target, piano roll, result and weights on one time axis."""
    pair = composition.view
    result = views.spectrogram(views.kept(composition.heard))
    rows = [
        *_clip_rows(
            pair.input, "Input: what it plays is heard as low, mid and high hits", chords=sings(pair)
        ),
        *_clip_rows(pair.target, "Target, laid along the input: its chords are heard", hits=False),
        *_roll_rows(composition, "New part: notes on the onsets of the rhythm and the chords of the harmony"),
        _spectrogram(result, "New clip", pair.input.beats),
        _weights(composition, "What each clip gives, over time"),
    ]
    return _picture(rows, shown(composition.seconds, span), kind)


def shown(seconds: float, span: Stretch | None = None) -> Stretch:
    """The span asked for, or the beginning, within what is kept of a clip."""
    start, end = span or (0.0, SHOWN_SECONDS)
    last = min(seconds, views.KEPT_SECONDS)
    if not 0.0 <= start < min(end, last):
        raise ValueError(f"nothing to be shown between {start} and {end} s of the first {last} s")
    return start, min(end, last)


def sings(pair: views.PairView) -> bool:
    """Whether the input gives harmony: the chords heard in a drum loop are of interest to nobody else."""
    return float(pair.gates[:, COMPONENTS.index("input harmony")].mean()) >= 0.05


def _clip_rows(view: views.ClipView, title: str, hits: bool = True, chords: bool = True) -> list[Row]:
    covered = sum(chord.end - chord.start for chord in view.harmony.spans)
    chords = chords and covered >= PITCHED_SHARE * view.seconds
    rows = [_chords(view.harmony, title)] if chords else []
    rows.append(_spectrogram(view.decibels, "" if rows else title, view.beats))
    if hits and view.hits:
        rows.append(Row(0.55, lambda axes, span: panels.draw_hits(axes, view.hits, span)))
    return rows


def _roll_rows(composition, title: str) -> list[Row]:
    pair = composition.view
    onsets = sorted({hit.time for hit in pair.rhythm.hits})
    rows = [_chords(pair.harmony, title)] if pair.harmony.spans else []
    name = "" if rows else title
    roll = Row(1.9, lambda axes, span: panels.draw_roll(axes, composition.notes, span, onsets), name)
    return [*rows, roll]


def _chords(harmony, title: str) -> Row:
    def draw(axes, span):
        inches = WIDTH * (RIGHT - LEFT)
        panels.draw_chords(axes, harmony, span, LETTER * (span[1] - span[0]) / inches)

    return Row(0.24, draw, title)


def _spectrogram(decibels: np.ndarray, title: str, beats: Sequence[float] = ()) -> Row:
    return Row(1.25, lambda axes, span: panels.draw_spectrogram(axes, decibels, span, beats), title)


def _weights(composition, title: str) -> Row:
    return Row(1.35, lambda axes, span: panels.draw_weights(axes, composition.view.gates, span), title)


def _picture(rows: Sequence[Row], span: Stretch, kind: str) -> bytes:
    """The rows under one another, as the bytes of a file."""
    if kind not in FORMATS:
        raise ValueError(f"a picture is one of {', '.join(FORMATS)}, not {kind!r}")
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = TIMES + sum(row.height + GAP + (TITLE if row.title else 0.0) for row in rows)
    settings = {"svg.fonttype": "none", "svg.hashsalt": "compjax", "font.family": ["DejaVu Sans"]}
    with _DRAWING, matplotlib.rc_context(settings):
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=panels.PAPER)
        FigureCanvasAgg(figure)
        top = height
        for index, row in enumerate(rows):
            top -= row.height + GAP + (TITLE if row.title else 0.0)
            place = (LEFT, (top + GAP / 2) / height, RIGHT - LEFT, row.height / height)
            axes = figure.add_axes(place)
            row.draw(axes, span)
            axes.tick_params(labelsize=panels.SMALL, colors=panels.INK)
            if row.title:
                axes.set_title(
                    row.title, loc="left", fontsize=10.5, fontweight="bold", color=panels.INK, pad=5
                )
            last = index == len(rows) - 1
            axes.tick_params(axis="x", which="both", bottom=last, labelbottom=last)
            if last:
                axes.set_xlabel("seconds", fontsize=panels.SMALL + 0.5, color=panels.INK)
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, metadata=metadata)
    return _in_few_colours(buffer) if kind == "png" else buffer.getvalue()


def _in_few_colours(png: io.BytesIO) -> bytes:
    """The picture with a palette of what `panels` draws with, a quarter of the size."""
    from PIL import Image

    palette, written = Image.new("P", (1, 1)), io.BytesIO()
    palette.putpalette([round(255 * part) for colour in panels.palette() for part in colour])
    few = Image.open(png).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(written, "PNG", optimize=True)
    return written.getvalue()
