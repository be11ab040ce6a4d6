"""compjax-evaluate --arrangers: the notes of several arrangers beside the truth of rendered pairs.

    compjax-evaluate --rendered=64 --arrangers=rules,transformer --output=report

Pairs of every kind and with every switch setting are drawn, as in training; both clips are heard and each
arranger writes notes in the truth's style. Nothing is played. Note F1 is that of `measures.matching`: the
same pitch, onsets within 50 ms. The truth lies in close position, and the rules play in the register that is
heard in the target, as the player of the transformer's notes does; so pitch-class F1 stands beside it, which
no octave changes. "the truth's rules, heard" are the rules that made the truth, on the hits and chords that
were heard: what hearing alone costs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from absl import logging

from compjax.constants import SAMPLE_RATE
from compjax.data.drawing import swaps
from compjax.evaluation import testsets
from compjax.evaluation.report import markdown
from compjax.measures.matching import event_f1, note_f1
from compjax.music.arrange import arrange, revoiced
from compjax.music.factors import FACTORS, INPUT, TARGET
from compjax.music.score import Harmony, Note
from compjax.music.style import Style

TRUTHS_RULES = "the truth's rules, heard"
WRITTEN = ", as written"
"""Added to an arranger's name where its notes are those before a player put them into its register."""

MAIN, REST = "drums, pitched: rhythm of the drums", "all others"
ALL = "all"


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well notes agree with the truth's, each in [0, 1]."""

    note_f1: float
    class_f1: float
    onset_f1: float


def agreement(truth: Sequence[Note], notes: Sequence[Note]) -> Agreement:
    """Notes beside the truth's; both are those that begin within the clip."""
    classes = [tuple(dataclasses.replace(n, pitch=n.pitch % 12) for n in each) for each in (truth, notes)]
    onsets = [np.unique([round(note.start, 3) for note in each]) for each in (truth, notes)]
    return Agreement(note_f1(truth, notes), note_f1(*classes), event_f1(*onsets))


def drawn_pairs(count: int, seed: int, split: str) -> list[swaps.DrawnPair]:
    """Pairs of every kind, as training draws them."""
    first = seed * testsets.SEED_STRIDE
    return [swaps.draw_pair(number, split) for number in range(first, first + count)]


def group_of(pair: swaps.DrawnPair) -> str:
    """What a pair is counted with."""
    return MAIN if pair.kind == "drums, pitched" and pair.switches == (0, 1, 1) else REST


def within(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Notes that begin within the clip."""
    return tuple(note for note in notes if 0.0 <= note.start < swaps.CLIP_SECONDS)


def written(session: Any, pair: swaps.DrawnPair, arrangers: Sequence[str]) -> dict[str, tuple[Note, ...]]:
    """What each arranger writes for a pair, and the truth's rules on what was heard."""
    from compjax.compose.asked.options import ComposeOptions

    given, target = (swaps.perform(clip).audio for clip in (pair.input, pair.target))
    sources = (INPUT, TARGET)
    switches = {factor: sources[at] for factor, at in zip(FACTORS, pair.switches, strict=True)}
    options = ComposeOptions(**switches, align=False, style=dataclasses.asdict(pair.style))
    perceived = session.perceive(given, target, SAMPLE_RATE, options)
    found = {}
    for name in arrangers:
        plan = session.arrange(perceived, dataclasses.replace(options, arranger=name), pair.style)
        found[name] = plan.notes
        if plan.written is not None:
            found[name + WRITTEN] = plan.written
    return found | {TRUTHS_RULES: on_heard(perceived, pair.style)}


def on_heard(perceived: Any, style: Style) -> tuple[Note, ...]:
    """The truth's rules on the hits and chords that were heard."""
    rhythm, harmony = perceived.heard.together(perceived.gates)
    is_kit = perceived.heard.instrument.performer.is_kit
    return arrange(rhythm, Harmony() if is_kit else revoiced(harmony, style), style)


def measure(
    pairs: Sequence[swaps.DrawnPair], write: Callable[[swaps.DrawnPair], dict[str, tuple[Note, ...]]]
) -> list[dict]:
    """By pair: its name, group, and every arranger's `Agreement`."""
    rows = []
    for index, pair in enumerate(pairs):
        logging.info("arrangers: %d of %d", index + 1, len(pairs))
        truth = within(swaps.arrange_swap(pair, pair.switches, pair.style))
        agreed = {name: agreement(truth, within(notes)) for name, notes in write(pair).items()}
        rows.append({"pair": pair.seed, "group": group_of(pair), "agreement": agreed})
    return rows


def summarise(rows: Sequence[dict]) -> dict[str, dict[str, dict[str, float]]]:
    """group -> arranger -> mean of each field of `Agreement`, and how many pairs."""
    found: dict = {}
    for group in (MAIN, REST, ALL):
        chosen = [row["agreement"] for row in rows if group in (row["group"], ALL)]
        if chosen:
            found[group] = {
                name: {
                    field.name: float(np.mean([getattr(one[name], field.name) for one in chosen]))
                    for field in dataclasses.fields(Agreement)
                }
                | {"pairs": len(chosen)}
                for name in chosen[0]
            }
    return found


def table(summary: dict) -> str:
    """The means as a Markdown table."""
    fields = dataclasses.fields(Agreement)
    header = ["pairs", "arranger", "note F1", "pitch-class F1", "onset F1"]
    body = [
        [f"{group} ({means['pairs']})", name, *(f"{means[f.name]:.2f}" for f in fields)]
        for group, arrangers in summary.items()
        for name, means in arrangers.items()
    ]
    return markdown(header, body)
