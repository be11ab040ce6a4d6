"""The copy guard: is an output a copy, a mix, or pieced together from what was there? Or unrelated to it?"""

import dataclasses
import enum

from compjax.measures.adherence import FactorScores


class Verdict(enum.Enum):
    """What an output turned out to be."""

    NEW = "new"
    COPY = "copy"
    MIX = "mix"
    GATED = "gated"
    PIECED = "pieced"
    UNRELATED = "unrelated"
    SILENT = "silent"


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """From these values on an output is not new. How they were found: compjax/docs/experiments-log.md."""

    mix: float = 0.70
    """Share that constant gains explain (`mix_r2`)."""
    weaker: float = 0.10
    """Below this share of the weaker source a mix is a copy (`mix_weaker`)."""
    gating: float = 0.88
    """Share that gains per frame explain (`gating_r2`)."""
    copy: float = 0.95
    """Correlation of a stretch with a source (`copy_input`, `copy_target`)."""
    pieced: float = 0.975
    """Share that any frames of the sources explain (`mosaic_r2`)."""
    rhythm: float = 0.15
    """An output follows a rhythm if its onset F1 is this much above that of the same rhythm moved in time,"""
    harmony: float = 0.20
    """and a harmony if its in-chord energy is this much above that of the chords transposed."""


THRESHOLDS = Thresholds()


def follows_rhythm(scores: FactorScores, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether more onsets agree than by chance."""
    return scores.onset_f1 - scores.onset_chance >= thresholds.rhythm


def follows_harmony(scores: FactorScores, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether more energy lies on the chords than on transposed ones; not where there are none."""
    return scores.in_chord is not None and scores.in_chord - scores.in_chord_chance >= thresholds.harmony


def judge(scores: FactorScores, thresholds: Thresholds = THRESHOLDS) -> Verdict:
    """What the output is: the simplest explanation that holds.

    New is only what also follows a rhythm or a harmony of the clips: noise is in neither clip, and no music
    of them.
    """
    if scores.gating_r2 == scores.mosaic_r2 == scores.mix_r2 == 1.0 and not scores.in_chord:
        return Verdict.SILENT
    if scores.mix_r2 >= thresholds.mix:
        return Verdict.MIX if scores.mix_weaker >= thresholds.weaker else Verdict.COPY
    if scores.gating_r2 >= thresholds.gating:
        return Verdict.GATED
    if max(scores.copy_input, scores.copy_target) >= thresholds.copy:
        return Verdict.COPY
    if scores.mosaic_r2 >= thresholds.pieced:
        return Verdict.PIECED
    related = follows_rhythm(scores, thresholds) or follows_harmony(scores, thresholds)
    return Verdict.NEW if related else Verdict.UNRELATED


def in_words(scores: FactorScores, thresholds: Thresholds = THRESHOLDS) -> str:
    """The verdict as one sentence for the user."""
    source = "input" if scores.copy_input >= scores.copy_target else "target"
    likeness = max(scores.copy_input, scores.copy_target)
    return {
        Verdict.NEW: f"The output is new: moments of the clips explain only {scores.mosaic_r2:.0%} of it.",
        Verdict.COPY: f"The output copies the {source}: a stretch of both correlates at {likeness:.2f}.",
        Verdict.MIX: f"The output is a mix: the two clips added explain {scores.mix_r2:.0%} of it.",
        Verdict.GATED: f"The output is merely gated: the clips faded explain {scores.gating_r2:.0%} of it.",
        Verdict.PIECED: f"Pieced together: moments of the clips explain {scores.mosaic_r2:.0%} of it.",
        Verdict.UNRELATED: "The output is in neither clip, but follows no rhythm and no chord of them.",
        Verdict.SILENT: "The output is silent.",
    }[judge(scores, thresholds)]
