"""The parts of a picture, each drawn on Matplotlib axes that it is given.

Colours are those of Okabe and Ito, told apart by the colour-blind; nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compjax.constants import BANDS_PER_OCTAVE, FRAME_RATE, LATENT_SIZE, MIN_PITCH, midi_to_hz
from compjax.music.chords.chord_names import name_of
from compjax.music.factors import FACTORS, SOURCES
from compjax.music.score import Harmony, Hit, Note

INK, PAPER, GREY, PALE = "#1a1a1a", "#ffffff", "#5c5c5c", "#e6e6e6"
VOICES = (("low", "#0072b2", "v"), ("mid", "#d55e00", "o"), ("high", "#007a5a", "^"))
"""Name, colour and marker of each voice of a rhythm."""
FACTOR_COLOURS = {"rhythm": "#0072b2", "harmony": "#b34f00", "timbre": "#007a5a"}
NOTE_COLOURS = ("#9ecae8", "#00426b")
"""Of the softest and of the loudest note."""
SPECTRUM_COLOURS = "magma"
RANGE_DB = 70.0
"""Levels are shown from this far below the loudest."""
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000)
SMALL = 8.5
"""Size of the letters in points; titles are larger."""


ONSETS, CHORDS, LINES = "#d55e00", (PALE, "#cfdfe9"), "#bdbdbd"
"""Lines at onsets, chords in turns, lines at pitches."""

SHADES = {SPECTRUM_COLOURS: 48, "gray": 24}
"""Of these colour maps, so many go into a palette."""


def palette() -> list[tuple[float, float, float]]:
    """Every colour that is drawn with, RGB in [0, 1], for pictures of few colours."""
    from matplotlib import colormaps, colors

    fixed = [INK, PAPER, GREY, *CHORDS, LINES, ONSETS, *FACTOR_COLOURS.values()]
    fixed += [colour for _, colour, _ in VOICES]
    drawn = [colors.to_rgb(colour) for colour in fixed]
    drawn += [tuple(1.0 - 0.55 * (1.0 - part) for part in colors.to_rgb(ONSETS))]
    notes = colors.LinearSegmentedColormap.from_list("notes", NOTE_COLOURS)
    for scale, count in ((notes, 12), *((colormaps[name], count) for name, count in SHADES.items())):
        drawn += [tuple(scale(share)[:3]) for share in np.linspace(0.0, 1.0, count)]
    return drawn


def band_of(hertz: float) -> float:
    """Place of a frequency among the bands, counted from 0."""
    return BANDS_PER_OCTAVE * np.log2(hertz / midi_to_hz(MIN_PITCH))


def draw_spectrogram(axes, decibels: np.ndarray, span: tuple[float, float], beats: Sequence[float]) -> None:
    """Levels `[T, 128]` in dB that begin at time 0, over `span` in seconds, with a line at each beat."""
    top = float(decibels.max())
    first, last = int(span[0] * FRAME_RATE), int(np.ceil(span[1] * FRAME_RATE))
    shown = decibels[first:last]
    axes.imshow(
        shown.T,
        origin="lower",
        aspect="auto",
        cmap=SPECTRUM_COLOURS,
        vmin=top - RANGE_DB,
        vmax=top,
        interpolation="nearest",
        extent=(first / FRAME_RATE, (first + len(shown)) / FRAME_RATE, -0.5, LATENT_SIZE - 0.5),
    )
    for index, beat in enumerate(b for b in beats if span[0] <= b <= span[1]):
        label = "beats" if index == 0 else None
        axes.axvline(beat, color=PAPER, linewidth=0.9, linestyle=(0, (3, 3)), alpha=0.85, label=label)
    axes.set_yticks([band_of(hertz) for hertz in TICKS_HZ])
    axes.set_yticklabels([f"{hertz // 1000}k" if hertz >= 1000 else str(hertz) for hertz in TICKS_HZ])
    axes.set_ylabel("Hz", color=INK)
    axes.set_xlim(span)
    axes.set_ylim(0, LATENT_SIZE - 0.5)


def draw_chords(axes, harmony: Harmony, span: tuple[float, float], room: float) -> None:
    """A strip of named chords; `room` is the width of a letter in seconds. What is too narrow has no name."""
    axes.set_xlim(span)
    axes.set_ylim(0.0, 1.0)
    for index, chord in enumerate(harmony.spans):
        start, end = max(chord.start, span[0]), min(chord.end, span[1])
        if end <= start:
            continue
        axes.axvspan(start, end, color=CHORDS[index % 2], linewidth=0)
        axes.axvline(start, color=GREY, linewidth=0.6)
        name = name_of(chord.pitches, chord.bass)
        for words in (name, name.strip("[]").replace(" ", "")):
            if len(words) * room < end - start:
                middle = (start + end) / 2
                axes.text(middle, 0.46, words, ha="center", va="center", fontsize=SMALL, color=INK)
                break
    axes.set_yticks([])
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def draw_hits(axes, hits: Sequence[Hit], span: tuple[float, float]) -> None:
    """Hits in three rows, low to high; the harder the larger."""
    for voice, (name, colour, marker) in enumerate(VOICES):
        struck = [hit for hit in hits if hit.voice == voice and span[0] - 0.05 <= hit.time <= span[1]]
        sizes = [10 + 40 * hit.velocity for hit in struck]
        times, rows = [max(hit.time, 0.0) for hit in struck], [voice] * len(struck)
        axes.scatter(times, rows, sizes, colour, marker=marker, label=name, clip_on=False, zorder=3)
    axes.set_yticks(range(len(VOICES)))
    axes.set_yticklabels([name for name, _, _ in VOICES])
    axes.set_ylim(-0.6, len(VOICES) - 0.4)
    axes.set_xlim(span)
    axes.grid(axis="x", color=PALE, linewidth=0.8)


def draw_roll(axes, notes: Sequence[Note], span: tuple[float, float], onsets: Sequence[float]) -> None:
    """Notes as bars, darker where louder, over a line at each onset of the rhythm."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    for onset in onsets:
        if span[0] <= onset <= span[1]:
            axes.axvline(onset, color=ONSETS, linewidth=0.7, alpha=0.55, zorder=1)
    shown = [note for note in notes if note.end > span[0] and note.start < span[1]]
    if shown:
        bars = [Rectangle((n.start, n.pitch - 0.42), n.end - n.start, 0.84) for n in shown]
        shades = LinearSegmentedColormap.from_list("notes", NOTE_COLOURS)
        colours = shades([note.velocity for note in shown])
        axes.add_collection(PatchCollection(bars, facecolor=colours, edgecolor=INK, linewidth=0.5, zorder=2))
    pitches = [note.pitch for note in shown] or [48, 72]
    low, high = min(pitches) - 2, max(max(pitches) + 2, min(pitches) + 14)
    labelled = [
        pitch for pitch in range(low, high + 1) if pitch % 12 in ((0, 7) if high - low < 40 else (0,))
    ]
    axes.set_yticks(labelled)
    axes.set_yticklabels([f"{'CG'[pitch % 12 > 0]}{pitch // 12 - 1}" for pitch in labelled])
    axes.set_yticks(range(low, high + 1), minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="y", which="major", color=LINES, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlim(span)
    axes.set_ylim(low, high)
    axes.set_ylabel("pitch", color=INK)


def draw_weights(axes, gates: np.ndarray, span: tuple[float, float]) -> None:
    """The six component weights `[T, 6]` over time: three rows of two bands, wide where the weight is 1."""
    first, last = int(span[0] * FRAME_RATE), int(np.ceil(span[1] * FRAME_RATE))
    gates = gates[first:last]
    changed = np.flatnonzero(np.append(True, (np.diff(gates, axis=0) != 0.0).any(axis=1)))
    times = np.append(first + changed, first + len(gates)) / FRAME_RATE
    rows = [(source, factor) for source in SOURCES for factor in FACTORS]
    order = [(source, factor) for factor in FACTORS for source in SOURCES]
    for place, row in enumerate(reversed(order)):
        source, factor = row
        weight = gates[:, rows.index(row)]
        hatch = None if source == "input" else "////"
        height = 0.84 * np.append(weight[changed], weight[-1])
        colour = FACTOR_COLOURS[factor]
        shape = {"step": "post", "facecolor": colour, "edgecolor": PAPER, "linewidth": 0.0, "hatch": hatch}
        axes.fill_between(times, place, place + height, **shape)
        axes.axhline(place, color=GREY, linewidth=0.6)
        axes.annotate(
            f"{weight.mean():.2f}", (1.0, place + 0.42), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks([place + 0.42 for place in range(len(order))])
    axes.set_yticklabels([f"{source} {factor}" for source, factor in reversed(order)])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(0, len(order))
    axes.set_xlim(span)
