"""How well a single line is heard as one: melodies that are drawn, whose truth is known.

    python -m compjax.evaluation.hearing.solo_lines --seed=7 --count=24 --split=test

prints, for each family of instruments, the share of notes in whose middle exactly their own pitch class is
heard, and the share in which it is among those heard. Needs FluidSynth and the soundfonts of the split.
"""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterator

import numpy as np

from compjax.constants import SAMPLE_RATE
from compjax.data.rendering.soundfont import render
from compjax.data.rendering.timbres import draw_instrument, family_of
from compjax.evaluation.hearing import judging
from compjax.music.score import Harmony, Note

SECONDS = 8.0
LOWEST, HIGHEST = 45, 79
SCALE = (0, 2, 4, 5, 7, 9, 11)
LENGTHS = (0.5, 1.0, 1.0, 1.0, 2.0)
"""Of notes in beats, as often as each stands here."""


def draw_line(generator: np.random.Generator) -> tuple[Note, ...]:
    """A tune in a major key: mostly steps, now and then a leap or a rest."""
    beat, key = 60.0 / generator.uniform(70.0, 140.0), int(generator.integers(12))
    place, time, notes = int(generator.integers(7, 14)), 0.1, []
    legato = generator.uniform(0.6, 1.0)
    while time < SECONDS - 0.3:
        length = float(generator.choice(LENGTHS)) * beat
        pitch = 36 + key + 12 * (place // 7) + SCALE[place % 7]
        if LOWEST <= pitch <= HIGHEST and generator.random() > 0.1:
            notes.append(Note(time, min(time + legato * length, SECONDS), pitch, generator.uniform(0.6, 0.9)))
        place = int(np.clip(place + generator.choice([-4, -2, -1, -1, 0, 1, 1, 2, 4]), 4, 22))
        time += length
    return tuple(notes)


def clips(seed: int, count: int, split: str) -> Iterator[tuple[str, tuple[Note, ...], np.ndarray]]:
    """Family, notes and sound `[S]` of `count` clips."""
    for number in range(count):
        generator = np.random.default_rng([seed, number])
        timbre, notes = draw_instrument(split, generator), draw_line(generator)
        yield family_of(timbre), notes, render(notes, timbre, SECONDS)


def judge(notes: tuple[Note, ...], harmony: Harmony) -> list[tuple[bool, bool]]:
    """For each note: whether its class alone is heard in its middle, and whether it is among those heard."""
    rows = []
    for note in notes:
        middle = (note.start + note.end) / 2
        there = {p % 12 for span in harmony.spans if span.start <= middle < span.end for p in span.pitches}
        rows.append((there == {note.pitch % 12}, note.pitch % 12 in there))
    return rows


def measure(seed: int, count: int, split: str) -> dict[str, list[tuple[bool, bool]]]:
    """What `judge` says of every note, by family."""
    import compjax

    session, judged = compjax.load(), collections.defaultdict(list)
    for family, notes, audio in clips(seed, count, split):
        judged[family] += judge(notes, session.listen(audio, sample_rate=SAMPLE_RATE).harmony)
    return dict(judged)


def table(judged: dict[str, list[tuple[bool, bool]]]) -> str:
    """Shares by family, and of all."""
    everything = [row for rows in judged.values() for row in rows]
    lines = [f"{'family':24}{'notes':>8}{'alone':>8}{'among':>8}"]
    for name, rows in [*sorted(judged.items()), ("all", everything)]:
        alone, among = np.mean(rows, axis=0)
        lines.append(f"{name:24}{len(rows):8}{alone:8.0%}{among:8.0%}")
    return "\n".join(lines)


def run(argv: list[str] | None = None) -> int:
    """The command."""

    def tell(values):
        return table(measure(values.seed, values.count, values.split))

    return judging.run("solo_lines", __doc__, tell, 24, define=judging.define_split, argv=argv)


if __name__ == "__main__":
    sys.exit(run())
