"""What became of a composition: how well it follows its sources, how new it is, in figures and in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from compjax.arranging.steering import HEARD, Steering
from compjax.audio.loudness import SILENCE_RMS, level
from compjax.compose.clips.aligned_pair import EXCERPT_SECONDS, AlignedPair, excerpt
from compjax.constants import SAMPLE_RATE
from compjax.measures import adherence, joint_score, verdict
from compjax.music import gates
from compjax.music.chords.chord_names import name_of
from compjax.music.factors import SOURCES, Switches
from compjax.music.roles import VOICE_NAMES
from compjax.music.score import Harmony, Note

ADHERENCE = (
    "onset_f1",
    "onset_lag",
    "beat_f1",
    "envelope_cosine",
    "chroma_cosine",
    "in_chord",
    "onset_chance",
    "in_chord_chance",
    "timbre",
    "timbre_margin",
    "brightness",
    "decay",
)
"""The scores that say how well the sources are followed; the others say how new the output is."""

LIMITER_WORTH_SAYING = 0.1
"""What the limiter must do, in dB, to be spoken of."""

ALIKE = (
    (0.75, "is close to"),
    (0.4, "is partly like"),
    (0.15, "is hardly like"),
    (0.0, "is not"),
)
"""From which share of the way from another instrument to the same one what is said of a timbre."""

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
        scores = dataclasses.replace(scores, chroma_cosine=None, in_chord=None, in_chord_chance=None)
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


def played(notes: Iterable[Note]) -> list[dict]:
    """Every note and why it is there: its hit, its chord, and the rule or the network that wrote it."""
    return [explained(note) for note in notes]


def explained(note: Note) -> dict:
    """A note and why it is there, ready for JSON; the hit in the time in which it was heard."""
    said = {
        "start": round(note.start, 4),
        "end": round(note.end, 4),
        "pitch": note.pitch,
        "velocity": round(note.velocity, 4),
        "voice": None if note.voice is None else VOICE_NAMES[note.voice],
    }
    reason = note.reason
    if reason is None:
        return {**said, "why": None}
    hit, chord = reason.hit, reason.chord
    why = {
        "rule": reason.rule,
        "hit": None if hit is None else {"time": round(hit.time, 4), "velocity": round(hit.velocity, 4)},
        "chord": None if chord is None else name_of(chord.pitches, chord.bass),
        "probability": None if reason.probability is None else round(reason.probability, 4),
    }
    return {**said, "why": why}


def in_words(
    scores: adherence.FactorScores,
    sources: dict[str, str],
    steering: Steering = HEARD,
    pair: AlignedPair | None = None,
) -> list[str]:
    """One sentence for each factor, and one on how much of the clips they are about.

    Nothing is claimed that a control would pass too: chance, other chords, another instrument.
    """
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
    how = _how_far(scores.onset_f1, verdict.follows_rhythm(scores))
    agreed = f"onset F1 {scores.onset_f1:.2f}; by chance {scores.onset_chance:.2f}"
    return f"The output {how} the {rhythm} ({agreed})."


def _of_harmony(scores: adherence.FactorScores, source: str, steering: Steering) -> str:
    if scores.in_chord is None:
        return f"No chord was heard in the {source}, so nothing is said of its harmony."
    harmony = f"{source}'s harmony" if steering.harmony is None else "given chords"
    return (
        f"It {_how_far(scores.in_chord, verdict.follows_harmony(scores))} the {harmony} "
        f"({scores.in_chord:.0%} of its pitched energy on the sounding pitch classes; "
        f"by chance {scores.in_chord_chance:.0%})."
    )


def _of_timbre(scores: adherence.FactorScores, source: str) -> str:
    share = joint_score.share_of_way("timbre", scores)
    how = next(words for least, words in ALIKE if share >= least)
    return f"Its timbre {how} the {source}'s ({share:.2f}, where 0 is another instrument and 1 the same)."


def of_limiter(decibels: float) -> list[str]:
    """What there is to say where the limiter turned peaks down by so many dB."""
    if decibels < LIMITER_WORTH_SAYING:
        return []
    return [f"The limiter turned the output's peaks down, by {decibels:.1f} dB at the most."]


def warned(scores: adherence.FactorScores) -> str:
    """The copy guard's sentence, marked as a warning where the output is not new."""
    sentence = verdict.in_words(scores)
    return sentence if verdict.judge(scores) is verdict.Verdict.NEW else f"WARNING: {sentence}"


def _how_far(share: float, above_chance: bool) -> str:
    """A verb for a share in [0, 1]."""
    if not above_chance:
        return "does not follow"
    return "follows" if share >= 0.75 else "partly follows" if share >= 0.5 else "hardly follows"
