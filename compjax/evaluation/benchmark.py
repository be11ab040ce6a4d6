"""Systems judged on pairs: every output is scored from its own pair's controls to its arrangement."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from absl import logging

from compjax.audio.loudness import normalize_rms
from compjax.evaluation.testsets import Pair
from compjax.measures import adherence, ear, joint_score
from compjax.measures.adherence import Description, FactorScores
from compjax.measures.baselines import BASELINES
from compjax.music.factors import Switches

OURS, CEILING = "compjax", "ceiling"
"""Names of the model's row and of the rendered arrangement's."""

CONTROLS = {"rhythm": "another rhythm", "harmony": "other chords", "timbre": "another instrument"}
"""Rows of the controls, the arrangement with just one factor from elsewhere, by that factor."""


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

    @property
    def measures(self) -> np.ndarray:
        """The four measures of every pair, `[N, 4]`."""
        return np.asarray([joint_score.measure(one) for one in self.scores])


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Everything that one run found out.

    Attributes:
        pairs, families: name of every pair, and of its target's family of instruments or None.
        anchors: what maps to 0 and to 1, pair by pair.
        recorded: what would, on the same pairs, if only the clips were known: anchors for recordings.
    """

    pairs: tuple[str, ...]
    switches: Switches
    systems: tuple[Judged, ...]
    anchors: tuple[joint_score.Anchors, ...]
    families: tuple[str | None, ...] = ()
    recorded: joint_score.Anchors | None = None


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


@dataclasses.dataclass(frozen=True)
class Controlled:
    """A pair's controls, described: one of each factor to be a row, the others to be the floor."""

    truth: adherence.Truth
    rows: Mapping[str, Description]
    floors: Mapping[str, tuple[Description, ...]]
    spectral: Mapping[str, float]
    """Of the row whose notes are the arrangement's: how far its spectrum is from it, in decibels."""


class Judge:
    """Scores outputs against pairs; describes every clip of a pair only once."""

    def __init__(self, pairs: Sequence[Pair], switches: Switches = Switches(), keep: Keep | None = None):
        self.pairs, self.switches, self._keep = tuple(pairs), switches, keep
        self._sources = [
            tuple(adherence.describe(clip) for clip in (pair.given, pair.reference)) for pair in pairs
        ]
        self._controlled: list[Controlled | None] = [None] * len(self.pairs)

    def outputs(self, name: str, system: System) -> list[tuple[Description, tuple | None, float | None]]:
        """What the system makes of every pair: description, notes, and distance from the true spectrum."""
        made = []
        for index, pair in enumerate(self.pairs):
            logging.info("%s: %d of %d, %s", name, index + 1, len(self.pairs), pair.name)
            output = system(pair, self.switches)
            if self._keep is not None:
                self._keep(name, index, output)
            made.append((adherence.describe(output.audio), output.notes, self._spectral(pair, output)))
        return made

    def _spectral(self, pair: Pair, output: Output) -> float | None:
        """Decibels from the true instrument playing the output's own notes, where both are known."""
        if pair.play is None or not output.notes:
            return None
        played = pair.play(output.notes, self.switches.timbre)
        return spectral_distance(output.audio, played)

    def judge(self, name: str, outputs: Sequence) -> Judged:
        """Scores of what `outputs` gave, each against its own pair."""
        found = []
        for index, (description, notes, spectral) in enumerate(outputs):
            scores = self.score(index, description, notes)
            found.append(dataclasses.replace(scores, spectral_distance=spectral))
        return Judged(name, tuple(found))

    def score(
        self, index: int, output: Description, notes: tuple | None = None, told: bool = True
    ) -> FactorScores:
        """Scores of one output of a pair; `told` the truth about its instrument, where it is known."""
        known, controlled = known_of(self.pairs[index], self.switches), self._controlled[index]
        truth = controlled.truth if controlled and told else None
        return adherence.evaluate(output, *self._sources[index], self.switches, known, notes, truth)

    def control(self) -> None:
        """Render and describe the controls of every pair; from now on timbre is scored against the truth."""
        for index, pair in enumerate(self.pairs):
            logging.info("controls: %d of %d, %s", index + 1, len(self.pairs), pair.name)
            chosen = self._sources[index][self.switches.timbre == adherence.TARGET]
            arrangement = pair.arrangements[self.switches.label].audio
            self._controlled[index] = controlled(pair.truths[self.switches.label](), chosen, arrangement)

    def control_rows(self) -> list[Judged]:
        """The controls as rows: each should score 0 in its own factor, else as the arrangement does."""
        rows = []
        for factor, name in CONTROLS.items():
            made = [(one.rows[factor], None, one.spectral.get(factor)) for one in self._controlled]
            rows.append(self.judge(name, made))
        return rows

    def floors(self, told: bool = True) -> np.ndarray:
        """Floors of the four measures, `[N, 4]`: means of each pair's other controls; novelty's is 0."""
        return np.asarray([self._floor(index, told) for index in range(len(self.pairs))])

    def _floor(self, index: int, told: bool) -> list[float]:
        made = self._controlled[index].floors
        measured = {
            factor: np.mean(
                [joint_score.MEASURES[factor](self.score(index, one, told=told)) for one in made[factor]]
            )
            for factor in CONTROLS
        }
        return [float(measured.get(factor, 0.0)) for factor in joint_score.FACTORS]


def spectral_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference in decibels of the spectra of two sounds `[S]`, at three resolutions and one level."""
    return ear.spectral_distance(*(ear.spectra(normalize_rms(audio)) for audio in (one, other)))


def controlled(made, chosen: Description, arrangement: np.ndarray) -> Controlled:
    """Describe the controls that a pair's `truths` rendered; the first of each factor is to be its row."""
    described = {
        "rhythm": [adherence.describe(one) for one in made.rhythm],
        "harmony": [adherence.describe(one) for one in made.harmony],
        "timbre": [adherence.describe(one) for one in made.instruments],
    }
    clips = [chosen.timbre, *(adherence.describe(one).timbre for one in made.plays)]
    rivals = np.array([one.timbre for one in described["timbre"][1:]])
    return Controlled(
        truth=adherence.Truth(np.nanmean(clips, axis=0), rivals, adherence.describe(arrangement).ear),
        rows={factor: group[0] for factor, group in described.items()},
        floors={factor: tuple(group[1:]) for factor, group in described.items()},
        spectral={"timbre": spectral_distance(made.instruments[0], arrangement)},
    )


def run(
    pairs: Sequence[Pair],
    systems: Mapping[str, System],
    switches: Switches = Switches(),
    keep: Keep | None = None,
) -> Benchmark:
    """Judge the systems on the pairs, with ceiling and controls where all have arrangements.

    `keep` is given every output, for what is to be heard and not only scored.
    """
    judge = Judge(pairs, switches, keep)
    rows: list[Judged] = []
    anchors, recorded = (joint_score.FIXED,) * len(pairs), None
    if pairs and all(switches.label in pair.truths for pair in pairs):
        judge.control()
        made = judge.outputs(CEILING, ceiling_system)
        rows += [judge.judge(CEILING, made), *judge.control_rows()]
        anchors = joint_score.anchors_from(judge.floors(), rows[0].measures)
        untold = [joint_score.measure(judge.score(i, one, told=False)) for i, (one, *_) in enumerate(made)]
        recorded = joint_score.mean_anchors(judge.floors(told=False), untold)
    for name, system in systems.items():
        rows.append(judge.judge(name, judge.outputs(name, system)))
    families = tuple(pair.family for pair in pairs)
    return Benchmark(tuple(pair.name for pair in pairs), switches, tuple(rows), anchors, families, recorded)


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
