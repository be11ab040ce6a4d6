"""Nothing is said that a control would pass too: see `compjax.compose.report.in_words`."""

import dataclasses

import pytest

from compjax.compose import report
from compjax.measures import joint_score
from compjax.measures.adherence import FactorScores
from compjax.measures.verdict import Verdict, judge

SOURCES = {"rhythm": "input", "harmony": "target", "timbre": "target"}
FOUR = dict(
    zip(
        joint_score.FACTORS, zip(joint_score.FIXED.floor, joint_score.FIXED.ceiling, strict=True), strict=True
    )
)
ANOTHER, SAME = FOUR["timbre"]
GOOD = FactorScores(
    onset_f1=0.9, onset_lag=0.0, onset_chance=0.4, beat_f1=0.9, envelope_cosine=0.8, chroma_cosine=0.9,
    in_chord=0.95, in_chord_chance=0.3, timbre=SAME, timbre_margin=0.9, brightness=1.0, decay=1.0,
    gating_r2=0.4, mosaic_r2=0.6, mix_r2=0.1, mix_weaker=0.0, copy_input=0.3, copy_target=0.4,
)  # fmt: skip


def said(**changes):
    return report.in_words(dataclasses.replace(GOOD, **changes), SOURCES)


def test_what_is_so_is_said():
    rhythm, harmony, timbre = said()
    assert "follows the input's rhythm (onset F1 0.90; by chance 0.40)" in rhythm
    assert "follows the target's harmony (95% of its pitched energy" in harmony
    assert "Its timbre is close to the target's (1.00, where 0 is another instrument" in timbre
    assert report.warned(GOOD).startswith("The output is new")


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "is not the target's"), (0.2, "is hardly like"), (0.5, "is partly like"), (0.8, "is close to")],
)
def test_another_instrument_is_not_called_near_however_far_the_other_clip_is(share, words):
    assert words in said(timbre=ANOTHER + share * (SAME - ANOTHER), timbre_margin=0.99)[2]


def test_chance_is_no_rhythm_and_no_harmony():
    assert "does not follow" in said(onset_f1=0.8, onset_chance=0.7)[0]
    assert "does not follow" in said(in_chord=0.9, in_chord_chance=0.85)[1]


def test_harmony_is_claimed_only_where_a_chord_was_heard():
    sentence = said(in_chord=None, in_chord_chance=None)[1]
    assert sentence == "No chord was heard in the target, so nothing is said of its harmony."


def test_what_is_in_neither_clip_and_follows_neither_is_not_new():
    noise = dataclasses.replace(GOOD, onset_f1=0.3, onset_chance=0.25, in_chord=0.4, in_chord_chance=0.36)
    assert judge(noise) is Verdict.UNRELATED
    assert report.warned(noise).startswith("WARNING: The output is in neither clip")
    assert judge(dataclasses.replace(noise, onset_f1=0.9)) is Verdict.NEW
