"""Systems judged on pairs: every output scored against its own pair, the floor against another's."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from absl import logging

from compjax.evaluation.testsets import Pair
from compjax.measures import adherence, joint_score
from compjax.measures.adherence import FactorScores
from compjax.measures.baselines import BASELINES
from compjax.music.factors import Switches

OURS, CEILING = "compjax", "ceiling"
"""Names of the model's row and of the rendered arrangement's."""

FLOOR, SHUFFLED = "floor", "compjax, shuffled"
"""The arrangement's and the model's outputs scored against the next pair."""


@dataclasses.dataclass(frozen=True)
class Output:
    """What a system made of a pair: audio `[S]` and, if it knows them, its notes."""

    audio: np.ndarray
    notes: tuple | None = None


System = Callable[[Pair, Switches], Output]

Keep = Callable[[str, int, Output], None]
"""Called with every output as it is made: the system's name and the pair's place. None is held on to."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """Scores of one system, pair by pair."""

    system: str
    scores: tuple[FactorScores, ...]

    def mean(self, field: str) -> float | None:
        """Mean of a score over the pairs that have it."""
        values = [getattr(one, field) for one in self.scores if getattr(one, field) is not None]
        return float(np.mean(values)) if values else None


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Everything that one run found out."""

    pairs: tuple[str, ...]
    switches: Switches
    systems: tuple[Judged, ...]
    anchors: joint_score.Anchors


def baseline_systems() -> dict[str, System]:
    """The baselines as systems; they are given the target as it sounds along the input."""
    return {name: _as_system(make) for name, make in BASELINES.items()}


def _as_system(make) -> System:
    return lambda pair, switches: Output(make(pair.given, pair.reference))


def ceiling_system(pair: Pair, switches: Switches) -> Output:
    """The rendered arrangement and its notes."""
    truth = pair.arrangements[switches.label]
    return Output(truth.audio, truth.known.arrangement)


def known_of(pair: Pair, switches: Switches) -> adherence.Known | None:
    """What is known about a pair under these switches."""
    truth = pair.arrangements.get(switches.label)
    return truth.known if truth else None


class Judge:
    """Scores outputs against pairs; describes every clip of a pair only once."""

    def __init__(self, pairs: Sequence[Pair], switches: Switches = Switches(), keep: Keep | None = None):
        self.pairs, self.switches, self._keep = tuple(pairs), switches, keep
        self._sources = [
            tuple(adherence.describe(clip) for clip in (pair.given, pair.reference)) for pair in pairs
        ]

    def outputs(self, name: str, system: System) -> list[tuple[adherence.Description, tuple | None]]:
        """What the system makes of every pair, described, with its notes."""
        made = []
        for index, pair in enumerate(self.pairs):
            logging.info("%s: %d of %d, %s", name, index + 1, len(self.pairs), pair.name)
            output = system(pair, self.switches)
            if self._keep is not None:
                self._keep(name, index, output)
            made.append((adherence.describe(output.audio), output.notes))
        return made

    def judge(self, name: str, outputs: Sequence, shift: int = 0) -> Judged:
        """Scores of the outputs, each against the pair `shift` places on: 0 its own, 1 a stranger's."""
        scores = []
        for index, (description, notes) in enumerate(outputs):
            place = (index + shift) % len(self.pairs)
            known = known_of(self.pairs[place], self.switches)
            scores.append(adherence.evaluate(description, *self._sources[place], self.switches, known, notes))
        return Judged(name, tuple(scores))


def run(
    pairs: Sequence[Pair],
    systems: Mapping[str, System],
    switches: Switches = Switches(),
    keep: Keep | None = None,
) -> Benchmark:
    """Judge the systems on the pairs, with ceiling and floor where there are two or more with arrangements.

    The system named OURS is also scored against the next pair's clips (SHUFFLED). `keep` is given every
    output, for what is to be heard and not only scored.
    """
    judge = Judge(pairs, switches, keep)
    rows = []
    anchors = joint_score.FIXED
    if len(pairs) > 1 and all(switches.label in pair.arrangements for pair in pairs):
        made = judge.outputs(CEILING, ceiling_system)
        rows += [judge.judge(CEILING, made), judge.judge(FLOOR, made, shift=1)]
        anchors = joint_score.anchors_from(rows[1].scores, rows[0].scores)
    for name, system in systems.items():
        made = judge.outputs(name, system)
        rows.append(judge.judge(name, made))
        if name == OURS and len(pairs) > 1:
            rows.append(judge.judge(SHUFFLED, made, shift=1))
    return Benchmark(tuple(pair.name for pair in pairs), switches, tuple(rows), anchors)


SETTINGS = tuple(
    Switches(rhythm, harmony, timbre)
    for rhythm in (adherence.INPUT, adherence.TARGET)
    for harmony in (adherence.INPUT, adherence.TARGET)
    for timbre in (adherence.INPUT, adherence.TARGET)
)
"""All eight switch settings."""


@dataclasses.dataclass(frozen=True)
class Adherence:
    """Means over pairs for one switch setting and one system; `other`: against the source not chosen.

    Rhythm is the onset F-measure, harmony the chroma cosine, timbre the share of outputs nearer to the
    chosen source.
    """

    system: str
    switches: Switches
    onset_f1: float
    onset_f1_other: float
    chroma_cosine: float
    chroma_cosine_other: float
    in_chord: float
    timbre_nearer: float


def _opposite(switches: Switches) -> Switches:
    flip = {adherence.INPUT: adherence.TARGET, adherence.TARGET: adherence.INPUT}
    return Switches(*(flip[getattr(switches, field.name)] for field in dataclasses.fields(switches)))


def adherence_of(pairs: Sequence[Pair], name: str, system: System, switches: Switches) -> Adherence:
    """Whether one switch setting does what it says."""
    judge = Judge(pairs, switches)
    made = judge.outputs(f"{name} {switches.label}", system)
    chosen = judge.judge(name, made)
    judge.switches = _opposite(switches)
    other = judge.judge(name, made)
    return Adherence(
        system=name,
        switches=switches,
        onset_f1=chosen.mean("onset_f1"),
        onset_f1_other=other.mean("onset_f1"),
        chroma_cosine=chosen.mean("chroma_cosine"),
        chroma_cosine_other=other.mean("chroma_cosine"),
        in_chord=chosen.mean("in_chord"),
        timbre_nearer=float(np.mean([one.timbre_margin > 0 for one in chosen.scores])),
    )


def run_switches(pairs: Sequence[Pair], systems: Mapping[str, System]) -> list[Adherence]:
    """All eight settings, each with the ceiling where every pair has an arrangement of it."""
    found = []
    for switches in SETTINGS:
        if all(switches.label in pair.arrangements for pair in pairs):
            found.append(adherence_of(pairs, CEILING, ceiling_system, switches))
        found += [adherence_of(pairs, name, system, switches) for name, system in systems.items()]
    return found
