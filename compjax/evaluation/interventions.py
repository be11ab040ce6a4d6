"""Interventions: one component of a composition is swapped for another clip's; only its metric may move.

Of a pair and a stranger (another pair) four pieces are composed: one of the pair's own rhythm, harmony and
timbre, and three in each of which one of them is the stranger's. How well every piece adheres to the pair's
own rhythm, harmony and timbre makes a matrix: rows are what was swapped, columns what was measured.

Adherence to a rhythm is the mean of onset F1, beat F1 and envelope cosine, to a harmony that of chroma cosine
and in-chord energy (as in the joint score), both 0 to 1; to a timbre the margin by which a piece is nearer to
it than to the stranger's, -1 to 1. Chords keep their times: a stranger's rhythm is played on the pair's own
chords where they lie along its own input, and a stranger's chords lie as they do along the stranger's.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from absl import logging

from compjax.errors import UserError
from compjax.evaluation import benchmark
from compjax.evaluation.benchmark import Output
from compjax.evaluation.report import markdown
from compjax.evaluation.testsets import Pair
from compjax.measures import adherence, joint_score, timbre
from compjax.measures.adherence import Description
from compjax.music.factors import FACTORS, Switches

MEASURES = {
    "rhythm": ("onset F1", "beat F", "envelope"),
    "harmony": ("chroma", "in chord"),
    "timbre": ("timbre margin",),
}
"""What adherence to each factor is the mean of."""


@dataclasses.dataclass(frozen=True)
class Sources:
    """The pair whose input gives the rhythm, those whose targets give harmony and timbre, and the style."""

    rhythm: Pair
    harmony: Pair
    timbre: Pair
    style: Mapping[str, float]


Composing = Callable[[Sources], Output]
"""Composes a piece; twice the same for the same sources."""


@dataclasses.dataclass(frozen=True)
class DescribedPair:
    """A pair described: its input, its target as it sounds along it, and the chords if they are known."""

    given: Description
    target: Description
    spans: tuple


@dataclasses.dataclass(frozen=True)
class Intervention:
    """What the swaps of one pair did.

    Attributes:
        pair: its name.
        stranger: name of the pair that components were taken from.
        before: `[3]`, adherence to the own rhythm, harmony and timbre of the piece composed of them.
        after: `[3, 3]`, the same of the pieces whose rhythm, harmony or timbre (rows) is the stranger's.
        new: `[3, 2]`, adherence to the stranger's before and after that factor was swapped.
        parts: swapped -> measure (of MEASURES) -> by how much it moved.
    """

    pair: str
    stranger: str
    before: np.ndarray
    after: np.ndarray
    new: np.ndarray
    parts: Mapping[str, Mapping[str, float]]

    @property
    def change(self) -> np.ndarray:
        """`[3, 3]`, after less before."""
        return self.after - self.before[None, :]


def stranger_of(pairs: Sequence[Pair], index: int) -> int:
    """The next pair none of whose clips is one of this pair's.

    Raises:
        UserError: if there is none.
    """
    own = pairs[index]
    for step in range(1, len(pairs)):
        place = (index + step) % len(pairs)
        other = pairs[place]
        if not (np.array_equal(own.given, other.given) or np.array_equal(own.target, other.target)):
            return place
    raise UserError(f"no other pair has clips that {own.name} has not; interventions need two such pairs")


def measured(output: Description, source: DescribedPair, other: DescribedPair) -> dict[str, float]:
    """The MEASURES by name, against the source's input and target; the timbre's against the other's."""
    onsets, _ = adherence.onset_agreement(output, source.given)
    if source.spans:
        classes = adherence.known_classes(source.spans, output.pitch.times)
    else:
        classes = adherence.sounding_classes(source.target, len(output.pitch.times))
    return {
        "onset F1": onsets,
        "beat F": adherence.beat_agreement(output, source.given),
        "envelope": adherence.envelope_cosine(output, source.given),
        "chroma": adherence.chroma_cosine(output, source.target),
        "in chord": adherence.in_chord_energy(output, classes),
        "timbre margin": timbre.margin(output.timbre, source.target.timbre, other.target.timbre),
    }


def adherence_of(values: Mapping[str, float]) -> np.ndarray:
    """Adherence `[3]` to rhythm, harmony and timbre of what was `measured`."""
    return np.asarray([np.mean([values[name] for name in names]) for names in MEASURES.values()])


def _clips(pair: Pair) -> DescribedPair:
    known = benchmark.known_of(pair, Switches())
    spans = known.spans if known else ()
    return DescribedPair(adherence.describe(pair.given), adherence.describe(pair.reference), spans)


def run(pairs: Sequence[Pair], compose: Composing, name: str = benchmark.OURS) -> list[Intervention]:
    """The swaps of every pair, with what comes after it in the list as the stranger.

    Raises:
        UserError: if there are fewer than two pairs, or no two without a clip in common.
    """
    if len(pairs) < 2:
        raise UserError(f"interventions need at least 2 pairs to swap between, not {len(pairs)}")
    strangers = [stranger_of(pairs, index) for index in range(len(pairs))]
    clips = [_clips(pair) for pair in pairs]
    found = []
    for index, (pair, place) in enumerate(zip(pairs, strangers, strict=True)):
        logging.info("%s, interventions: %d of %d, %s", name, index + 1, len(pairs), pair.name)
        found.append(_intervene(pair, pairs[place], clips[index], clips[place], compose))
    return found


def _intervene(
    pair: Pair, stranger: Pair, own: DescribedPair, other: DescribedPair, compose: Composing
) -> Intervention:
    sources = Sources(pair, pair, pair, pair.style)
    recipes = [sources, *(dataclasses.replace(sources, **{factor: stranger}) for factor in FACTORS)]
    pieces = [adherence.describe(compose(recipe).audio) for recipe in recipes]
    of_own = [measured(piece, own, other) for piece in pieces]
    to_own = np.stack([adherence_of(values) for values in of_own])
    to_other = np.stack([adherence_of(measured(piece, other, own)) for piece in pieces])
    new = np.stack([to_other[0], np.diagonal(to_other[1:])], axis=1)
    parts = {
        factor: {name: values[name] - of_own[0][name] for name in values}
        for factor, values in zip(FACTORS, of_own[1:], strict=True)
    }
    return Intervention(pair.name, stranger.name, to_own[0], to_own[1:], new, parts)


def summarise(found: Sequence[Intervention]) -> dict:
    """Everything about one system, ready for JSON, with 95 % intervals by bootstrap over the pairs.

    `matrix`: swapped -> measured -> `change` (an estimate), `size` (mean of its magnitude), `before` and
    `after`; on the diagonal also `new_before` and `new_after`, adherence to the stranger's.
    `parts`: swapped -> measure -> an estimate of its change, for what adherence is the mean of.
    `leak`: the largest mean change off the diagonal, as a share of its column's on the diagonal.
    """
    change = np.stack([one.change for one in found])
    matrix = {
        swapped: {measured: _cell(found, row, column) for column, measured in enumerate(FACTORS)}
        for row, swapped in enumerate(FACTORS)
    }
    parts = {
        swapped: {
            name: dataclasses.asdict(joint_score.bootstrap([one.parts[swapped][name] for one in found]))
            for name in itertools.chain(*MEASURES.values())
        }
        for swapped in FACTORS
    }
    return {
        "matrix": matrix,
        "parts": parts,
        "leak": leak(change.mean(axis=0)),
        "pairs": [
            {
                "pair": one.pair,
                "stranger": one.stranger,
                "before": one.before.tolist(),
                "after": one.after.tolist(),
                "new": one.new.tolist(),
            }
            for one in found
        ],
    }


def _cell(found: Sequence[Intervention], row: int, column: int) -> dict:
    change = np.asarray([one.change[row, column] for one in found])
    cell = {
        "change": dataclasses.asdict(joint_score.bootstrap(change)),
        "size": float(np.abs(change).mean()),
        "before": float(np.mean([one.before[column] for one in found])),
        "after": float(np.mean([one.after[row, column] for one in found])),
    }
    if row == column:
        new = np.mean([one.new[row] for one in found], axis=0)
        cell |= {"new_before": float(new[0]), "new_after": float(new[1])}
    return cell


def leak(change: np.ndarray) -> float | None:
    """Largest magnitude off the diagonal of `[3, 3]` as a share of its column's on it; None if that is 0."""
    size = np.abs(change)
    if not np.diagonal(size).all():
        return None
    share = size / np.diagonal(size)[None, :]
    return float(share[~np.eye(len(FACTORS), dtype=bool)].max())


def tables(systems: Mapping[str, dict]) -> list[str]:
    """Tables of `summarise`'s results by system: the changes, adherence before and after, each measure."""
    header = ["system", "swapped", *(f"{factor} moves by (95 %)" for factor in FACTORS), "largest leak"]
    changes = [
        [name, swapped, *(_change(row[factor]["change"]) for factor in FACTORS), _leak(found["leak"])]
        for name, found in systems.items()
        for swapped, row in found["matrix"].items()
    ]
    other = ["system", "swapped", *(f"{factor}: before → after, mean size" for factor in FACTORS)]
    adherences = [
        [name, swapped, *(_before_and_after(row[factor]) for factor in FACTORS)]
        for name, found in systems.items()
        for swapped, row in found["matrix"].items()
    ]
    names = [*itertools.chain(*MEASURES.values())]
    measures = [
        [name, swapped, *(_change(row[measure]) for measure in names)]
        for name, found in systems.items()
        for swapped, row in found["parts"].items()
    ]
    of_each = markdown(["system", "swapped", *(f"{name} moves by (95 %)" for name in names)], measures)
    return [markdown(header, changes), markdown(other, adherences), of_each]


def _change(estimate: Mapping[str, float]) -> str:
    return f"{estimate['mean']:+.2f} ({estimate['low']:+.2f} to {estimate['high']:+.2f})"


def _leak(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _before_and_after(cell: Mapping[str, float]) -> str:
    text = f"{cell['before']:.2f} → {cell['after']:.2f}, {cell['size']:.2f}"
    if "new_after" not in cell:
        return text
    return f"{text}; to the new {cell['new_before']:.2f} → {cell['new_after']:.2f}"
