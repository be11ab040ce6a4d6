"""What became of a composition: how well it follows its sources, how new it is, in figures and in words."""

from __future__ import annotations

import dataclasses

import numpy as np

from compjax.arranging.steering import HEARD, Steering
from compjax.audio.loudness import SILENCE_RMS, level
from compjax.compose.clips.aligned_pair import EXCERPT_SECONDS, AlignedPair, excerpt
from compjax.constants import SAMPLE_RATE
from compjax.measures import adherence, verdict
from compjax.music import gates
from compjax.music.factors import INPUT, SOURCES, TARGET, Switches
from compjax.music.score import Harmony, Note

ADHERENCE = (
    "onset_f1",
    "onset_lag",
    "beat_f1",
    "envelope_cosine",
    "chroma_cosine",
    "in_chord",
    "timbre_margin",
)
"""The scores that say how well the sources are followed; the others say how new the output is."""

LIMITER_WORTH_SAYING = 0.1
"""What the limiter must do, in dB, to be spoken of."""

EVEN_MARGIN = 0.005
"""Timbre margin that is none: it would be said to be 0.00."""

SILENT = "The output is silent: no note was composed. Try other switches, or clips with clearer onsets."
"""Takes the place of the report's sentences where nothing can be measured."""


def measure(
    pair: AlignedPair,
    audio: np.ndarray,
    notes: tuple[Note, ...],
    weights: dict[str, dict[str, float]],
    steering: Steering = HEARD,
    harmony: Harmony | None = None,
) -> dict:
    """Scores of the output `[S]` against the sources that weigh more, and the verdict, ready for JSON.

    Where chords were given, the harmony is measured against them. `harmony` is what it was composed on: where
    that is no chord at all, nothing is measured of it.
    """
    sources = gates.chosen_sources(weights)
    scores = adherence.evaluate(
        adherence.describe(excerpt(audio)),
        *pair.described,
        Switches(**sources),
        known=None if steering.harmony is None else adherence.Known(spans=steering.harmony.spans),
    )
    if steering.harmony is not None:
        scores = dataclasses.replace(scores, chroma_cosine=None)  # that of the recording's own chords
    if harmony is not None and not harmony.spans:
        scores = dataclasses.replace(scores, chroma_cosine=None, in_chord=None)
    silent = level(audio) < SILENCE_RMS
    figures = {k: round(float(v), 4) for k, v in dataclasses.asdict(scores).items() if v is not None}
    return {
        "agent": gates.AGENT_LINE.removeprefix("Creative agent: "),
        "weights": weights,
        "sources": sources,
        "notes": len(notes),
        "seconds": round(audio.size / SAMPLE_RATE, 3),
        "adherence": {name: value for name, value in figures.items() if name in ADHERENCE},
        "novelty": {name: value for name, value in figures.items() if name not in ADHERENCE},
        "verdict": "silent" if silent else verdict.judge(scores).value,
        "words": [SILENT] if silent else [*in_words(scores, sources, steering, pair), warned(scores)],
    }


def in_words(
    scores: adherence.FactorScores,
    sources: dict[str, str],
    steering: Steering = HEARD,
    pair: AlignedPair | None = None,
) -> list[str]:
    """One sentence for each factor, and one on how much of the clips they are about."""
    said = [
        _of_rhythm(scores, sources["rhythm"], steering, pair),
        _of_harmony(scores, sources["harmony"], steering),
        _of_timbre(scores, sources["timbre"]),
    ]
    if pair is not None and pair.input.seconds > EXCERPT_SECONDS:
        said.append(f"All this is said of the first {EXCERPT_SECONDS:.0f} seconds.")
    return said


def _of_rhythm(
    scores: adherence.FactorScores, source: str, steering: Steering, pair: AlignedPair | None
) -> str:
    if pair is not None and not pair.described[SOURCES.index(source)].onsets.size:
        return f"No onset was heard in the {source}, so nothing is said of its rhythm."
    rhythm = f"{source}'s rhythm" if steering.rhythm is None else "groove"
    return f"The output {_how_far(scores.onset_f1)} the {rhythm} (onset F1 {scores.onset_f1:.2f})."


def _of_harmony(scores: adherence.FactorScores, source: str, steering: Steering) -> str:
    if scores.in_chord is None:
        return f"No chord was heard in the {source}, so nothing is said of its harmony."
    harmony = f"{source}'s harmony" if steering.harmony is None else "given chords"
    return (
        f"It {_how_far(scores.in_chord)} the {harmony} "
        f"({scores.in_chord:.0%} of its pitched energy on the sounding pitch classes)."
    )


def _of_timbre(scores: adherence.FactorScores, nearer: str) -> str:
    other = {INPUT: TARGET, TARGET: INPUT}[nearer]
    if abs(scores.timbre_margin) < EVEN_MARGIN:
        return f"Its timbre is as near to the {nearer} as to the {other}."
    if scores.timbre_margin < 0:
        nearer, other = other, nearer
    margin = abs(scores.timbre_margin)
    return f"Its timbre is nearer to the {nearer} than to the {other} (margin {margin:.2f})."


def of_limiter(decibels: float) -> list[str]:
    """What there is to say where the limiter turned peaks down by so many dB."""
    if decibels < LIMITER_WORTH_SAYING:
        return []
    return [f"The limiter turned the output's peaks down, by {decibels:.1f} dB at the most."]


def warned(scores: adherence.FactorScores) -> str:
    """The copy guard's sentence, marked as a warning where the output is not new."""
    sentence = verdict.in_words(scores)
    return sentence if verdict.judge(scores) is verdict.Verdict.NEW else f"WARNING: {sentence}"


def _how_far(share: float) -> str:
    """A verb for a share in [0, 1]."""
    return "follows" if share >= 0.75 else "partly follows" if share >= 0.5 else "hardly follows"
