"""The copy guard: is an output a copy, a mix, or pieced together from what was there?"""

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


THRESHOLDS = Thresholds()


def judge(scores: FactorScores, thresholds: Thresholds = THRESHOLDS) -> Verdict:
    """What the output is: the simplest explanation that holds."""
    if scores.mix_r2 >= thresholds.mix:
        return Verdict.MIX if scores.mix_weaker >= thresholds.weaker else Verdict.COPY
    if scores.gating_r2 >= thresholds.gating:
        return Verdict.GATED
    if max(scores.copy_input, scores.copy_target) >= thresholds.copy:
        return Verdict.COPY
    return Verdict.PIECED if scores.mosaic_r2 >= thresholds.pieced else Verdict.NEW


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
    }[judge(scores, thresholds)]
