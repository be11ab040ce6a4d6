"""Pairs to be judged on: real recordings from a folder or a list, or rendered pairs whose truth is known.

What draws and renders pairs is handed in, so that drawn music and MIDI files make them alike. Controls are
rendered when they are asked for, one pair at a time.
"""

import dataclasses
import functools
import itertools
import os
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from compjax.audio import waveform
from compjax.constants import SAMPLE_RATE
from compjax.data.drawing import controls
from compjax.data.rendering import timbres
from compjax.measures.adherence import Known
from compjax.music.factors import INPUT, TARGET, Switches
from compjax.pair_lists import INPUT_ENDING, TARGET_ENDING, read_pairs

SECONDS = 8.0
"""Length of a test clip: shorter recordings are looped to it, longer ones cut."""

SEED_STRIDE = 100_000
"""Pairs of different seeds never share a draw as long as fewer than this are looked at."""

Aligner = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(input `[S]`, target `[N]`) to the target as it sounds along the input, `[S]`."""


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """A ceiling: the rendered truth of one switch setting `[S]`, and what is known about it."""

    audio: np.ndarray
    known: Known


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two clips `[S]` and, for rendered ones, arrangements by switch label (such as "ITT")."""

    name: str
    given: np.ndarray
    target: np.ndarray
    arrangements: Mapping[str, Arrangement] = dataclasses.field(default_factory=dict)
    aligned: np.ndarray | None = None
    """The target as it sounds along the input, if it was moved."""
    style: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """The arrangements' style, for a system that can be told it."""
    family: str | None = None
    """Of the target's instrument, where it is known."""
    truths: Mapping[str, Callable[[], Any]] = dataclasses.field(default_factory=dict)
    """By switch label, what renders the controls (`compjax.data.drawing.controls.Controls`)."""
    play: Callable[[Sequence, str], np.ndarray] | None = None
    """(notes, source of the timbre) to their sound `[S]` on that clip's instrument; None for recordings."""
    drawn: Any = None
    """What it was rendered from (`compjax.data.drawing.swaps.Pair`), None for recordings."""

    @property
    def reference(self) -> np.ndarray:
        """The target that outputs are compared with."""
        return self.target if self.aligned is None else self.aligned


def real_pairs(
    source: str | os.PathLike, seconds: float = SECONDS, aligner: Aligner | None = None
) -> list[Pair]:
    """Pairs of recordings from a folder or a list: see `compjax.pair_lists.read_pairs`.

    Raises:
      UserError: if there is no such folder or file, it holds no pair, or a clip cannot be read.
    """
    listed = read_pairs(source)
    for pair in listed:
        pair.check()
    files = [(pair.input, pair.target) for pair in listed]
    clips = {
        file: _fitted(waveform.read(file), seconds)
        for file in sorted({file for pair in files for file in pair})
    }
    return [_real_pair(given, target, clips, aligner) for given, target in files]


def _real_pair(given: pathlib.Path, target: pathlib.Path, clips: dict, aligner: Aligner | None) -> Pair:
    name = f"{given.stem.removesuffix(INPUT_ENDING)} x {target.stem.removesuffix(TARGET_ENDING)}"
    aligned = aligner(clips[given], clips[target]) if aligner else None
    return Pair(name, clips[given], clips[target], aligned=aligned)


def _fitted(audio: np.ndarray, seconds: float) -> np.ndarray:
    return np.resize(audio, int(seconds * SAMPLE_RATE)).astype(np.float32)


class Swaps(Protocol):
    """What is used of `data/drawing/swaps.py`, which the caller hands in."""

    CLIP_SECONDS: float

    def draw_pair(self, seed: int, split: str): ...

    def perform(self, clip): ...

    def arrangement(self, pair, switches: tuple[int, int, int], style): ...


def rendered_pairs(
    swaps: Swaps,
    count: int,
    seed: int = 0,
    split: str = "test",
    kind: str = "drums, pitched",
    parts: Collection[str] = ("held",),
    settings: Sequence[Switches] = (Switches(),),
) -> list[Pair]:
    """`count` rendered pairs of one kind whose targets play one of the parts, with arrangements.

    The defaults are drums and sustained chords. Empty `parts` takes any. Seeds run on from `seed *
    SEED_STRIDE`.
    """
    found: list[Pair] = []
    for draw in itertools.count(seed * SEED_STRIDE):
        if len(found) == count:
            return found
        drawn = swaps.draw_pair(draw, split)
        if drawn.kind == kind and (not parts or drawn.target.part in parts):
            found.append(rendered_pair(swaps, drawn, split, settings))


def rendered_pair(swaps: Swaps, drawn, split: str, settings: Sequence[Switches] = (Switches(),)) -> Pair:
    """What was drawn, rendered, with its arrangements under the settings."""
    given, target = swaps.perform(drawn.input), swaps.perform(drawn.target)
    return Pair(
        f"rendered {drawn.seed}: {drawn.input.part} x {drawn.target.part}",
        given.audio,
        target.audio,
        {one.label: _arrangement(swaps, drawn, one) for one in settings},
        style=dataclasses.asdict(drawn.style),
        family=timbres.family_of(drawn.target.timbre),
        truths={
            one.label: functools.partial(controls.controls, swaps, drawn, numbers_of(one), split)
            for one in settings
        },
        play=functools.partial(_play, drawn, swaps.CLIP_SECONDS),
        drawn=drawn,
    )


def _play(drawn, seconds: float, notes: Sequence, source: str) -> np.ndarray:
    return controls.play(notes, getattr(drawn, source).timbre, seconds)


def numbers_of(switches: Switches) -> tuple[int, int, int]:
    """Switches as `swaps` has them: 0 input, 1 target."""
    return tuple(int(value == TARGET) for value in dataclasses.astuple(switches))


def _arrangement(swaps: Swaps, drawn, switches: Switches) -> Arrangement:
    clips = {INPUT: drawn.input, TARGET: drawn.target}
    made = swaps.arrangement(drawn, numbers_of(switches), drawn.style)
    harmony = clips[switches.harmony]
    known = Known(
        spans=tuple(harmony.harmony.spans),
        arrangement=_started_within(made.notes, swaps.CLIP_SECONDS),
        source_notes=_started_within(harmony.notes, swaps.CLIP_SECONDS),
    )
    return Arrangement(made.audio, known)


def _started_within(notes, seconds: float) -> tuple:
    """The notes that are struck within the clip: one held over from before has no onset to be found."""
    return tuple(note for note in notes if 0.0 <= note.start < seconds)
