"""Drum patterns drawn by rule: feels, meters and tempi without end, for what hears tempo and bars.

Written-out grooves are few, and a fit to them learns them by heart. Here a bar is a feel (straight,
sixteenths, half time, double time, triplets, swung, odd) with a kick that is drawn around its backbeat. The
tempi of a feel are those at which people count it so: the same strokes are half time at 150 and sixteenths
at 75.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.data.drawing.drum_patterns import DrumPattern


@dataclasses.dataclass(frozen=True)
class Feel:
    """One way to play a bar.

    Attributes:
        name: what it is called.
        share: how often it is drawn, beside the others.
        tempos: beats per minute.
        meters: beats to the bar, one of which is drawn.
        steps: to the beat.
        backbeats: places of the snare in beats, one of which is drawn; empty: those of the meter.
        hats: a beat of the high voice, one of which is drawn.
        syncopation: how likely a kick is on a step between beats.
        swing: whether odd steps come late.
    """

    name: str
    share: float
    tempos: tuple[int, int]
    meters: tuple[int, ...] = (4,)
    steps: int = 2
    backbeats: tuple[tuple[float, ...], ...] = ()
    hats: tuple[str, ...] = ("xx", "Xx", "x-")
    syncopation: float = 0.15
    swing: bool = False


BACKBEATS = {
    2: ((1,),),
    3: ((1, 2), (2,), (1,)),
    4: ((1, 3),),
    5: ((2, 4), (1, 4), (3,), (1, 3)),
    6: ((2, 5), (1, 3, 5), (3,), (1, 4)),
    7: ((1, 3, 6), (2, 4, 6), (1, 3, 5), (2, 6), (1, 4, 6)),
}
"""Usual places of the snare by beats to the bar, counted from 0."""

HALF = ((2,),)
ALL = ((0.5, 1.5, 2.5, 3.5),)
BARE = ("--",)
SIXTEENTHS = ("xxxx", "Xxxx", "Xoxo", "x-xx")
EIGHTHS = ("x-x-", "X-x-", "--x-", "--X-")
TRIPLETS = ("xxx", "Xxx", "X-x", "x-x")

FEELS = (
    Feel("eighths", 3.0, (66, 180), hats=("xx", "Xx", "xX", "-x")),
    Feel("quarters", 2.0, (85, 190), hats=("x-", "X-")),
    Feel("kick on all", 1.0, (96, 160), hats=("-x", "-X", "xx", "--"), syncopation=0.0),
    Feel("half time", 3.0, (112, 190), backbeats=HALF, hats=("xx", "Xx", "x-", "X-")),
    Feel("double time", 1.0, (140, 200), backbeats=ALL, hats=("x-", "X-")),
    Feel("sixteenths", 2.5, (46, 112), steps=4, hats=SIXTEENTHS, syncopation=0.12),
    Feel("slow eighths", 1.5, (46, 84), steps=4, hats=EIGHTHS, syncopation=0.08),
    Feel("broken", 2.5, (76, 136), steps=4, hats=EIGHTHS, syncopation=0.25),
    Feel("swung eighths", 1.5, (78, 150), swing=True),
    Feel("swung sixteenths", 2.0, (66, 112), steps=4, hats=(*SIXTEENTHS, *EIGHTHS[:2]), swing=True),
    Feel("shuffle", 1.0, (72, 150), steps=3, hats=TRIPLETS[2:], syncopation=0.08),
    Feel("half-time shuffle", 1.0, (78, 140), steps=3, backbeats=HALF, hats=TRIPLETS[2:], syncopation=0.1),
    Feel("twelve eight", 1.5, (44, 96), steps=3, hats=TRIPLETS[:2], syncopation=0.12),
    Feel("waltz", 2.0, (80, 190), (3,)),
    Feel("three slow", 0.5, (60, 110), (3,), 4, hats=EIGHTHS),
    Feel("odd quarters", 4.0, (88, 186), (5, 6, 7)),
    Feel("odd eighths", 2.5, (190, 300), (5, 7), 1, hats=("x", "X", "x", "-"), syncopation=0.0),
    Feel("one voice", 1.5, (70, 160), hats=("xx", "Xx", "x-", "X-", "xX")),
    Feel("bell", 1.0, (76, 150), steps=4, syncopation=0.3),
    Feel("toms", 1.0, (74, 150), steps=4, syncopation=0.3),
    Feel("kick and snare", 1.5, (72, 170), hats=BARE),
)
"""Those that are drawn."""

PUSHED = 0.25
"""How often a snare is a little before or after its place, or once more."""


def draw_feel(generator: np.random.Generator) -> DrumPattern:
    """A bar of a feel that is drawn by its share."""
    shares = np.array([feel.share for feel in FEELS])
    return draw_bar(FEELS[generator.choice(len(FEELS), p=shares / shares.sum())], generator)


def draw_bar(feel: Feel, generator: np.random.Generator) -> DrumPattern:
    """A bar of a feel."""
    beats = int(generator.choice(feel.meters))
    lines = [["-"] * (beats * feel.steps) for _ in range(3)]
    _snare(lines[1], feel, beats, generator)
    _kick(lines, feel, beats, generator)
    _hats(lines[2], feel, beats, generator)
    if feel.name == "one voice":
        lines[:2] = [["-"] * len(lines[0])] * 2
    if feel.name == "bell":  # what kick and snare would play, on one
        lines[2] = [max(pair, key="-oxX".index) for pair in zip(lines[0], lines[1], strict=True)]
        lines[:2] = [["-"] * len(lines[0])] * 2
    if feel.name == "toms":
        lines[2] = ["-"] * len(lines[2])
    written = [" ".join("".join(x) for x in np.reshape(line, (beats, feel.steps))) for line in lines]
    return DrumPattern(feel.name, feel.tempos, *written, swing=feel.swing)


def _snare(line: list[str], feel: Feel, beats: int, generator: np.random.Generator) -> None:
    places = feel.backbeats or BACKBEATS[beats]
    for beat in places[generator.integers(len(places))]:
        line[round(beat * feel.steps)] = "X" if generator.random() < 0.8 else "x"
    if generator.random() < PUSHED:
        line[generator.integers(1, len(line))] = "x" if generator.random() < 0.6 else "o"


def _kick(lines: list[list[str]], feel: Feel, beats: int, generator: np.random.Generator) -> None:
    low, mid = lines[:2]
    everywhere = feel.name in ("kick on all", "double time") or generator.random() < 0.06
    for step in range(len(low)):
        beat, on_beat = step // feel.steps, step % feel.steps == 0
        likely = 0.35 if on_beat and beat != beats / 2 else 0.8 if on_beat else feel.syncopation
        likely *= 1.0 if mid[step] == "-" else 0.15
        if on_beat and everywhere or step and generator.random() < likely:
            low[step] = "X" if on_beat and generator.random() < 0.6 else "x"
    low[0] = "X" if generator.random() < 0.97 else "-"


def _hats(line: list[str], feel: Feel, beats: int, generator: np.random.Generator) -> None:
    kind = feel.hats[generator.integers(len(feel.hats))] if len(feel.hats[0]) == feel.steps else ""
    line[:] = (kind or "-" * feel.steps) * beats
    if feel.steps == 3 and generator.random() < 0.4:  # a ride
        line[::6] = ["X"] * len(line[::6])
        line[1::3], line[2::6] = ["-"] * beats, ["-"] * len(line[2::6])
    if generator.random() < 0.3:  # an open place, or a stroke more
        line[generator.integers(len(line))] = "-" if generator.random() < 0.5 else "x"
