"""What is said of a composition holds for clips of every kind."""

import numpy as np
import pytest
from fakes import chord, drums

from compjax.arranging.steering import HEARD
from compjax.compose import report
from compjax.compose.clips import align
from compjax.compose.clips.aligned_pair import AlignedPair
from compjax.compose.clips.opening import Clip
from compjax.music.score import Harmony, Span

WEIGHTS = {
    "input": {"rhythm": 1.0, "harmony": 0.0, "timbre": 0.0},
    "target": {"rhythm": 0.0, "harmony": 1.0, "timbre": 1.0},
}
CHORD = Harmony((Span(0.0, 2.0, (24, 28, 31), 24),))


def measured(one, other, output, harmony):
    clips = [Clip("clip", audio, 1.0, audio.size / 24_000) for audio in (one, other)]
    pair = AlignedPair.of(*clips, align.find_alignment(one, other, False))
    return report.measure(pair, output, (), WEIGHTS, HEARD, harmony)


def test_where_no_chord_was_heard_nothing_is_claimed_of_harmony():
    body = measured(drums(2), drums(2), drums(2), Harmony())
    assert "No chord was heard in the target" in " ".join(body["words"])
    assert "in_chord" not in body["adherence"] and "chroma_cosine" not in body["adherence"]
    heard = measured(drums(2), chord(2), chord(2), CHORD)
    assert "target's harmony (" in " ".join(heard["words"]) and heard["adherence"]["in_chord"] > 0.9


def test_where_no_onset_was_heard_nothing_is_claimed_of_rhythm():
    fading = np.linspace(0.0, 1.0, 48_000, dtype=np.float32)
    body = measured(chord(2) * fading, chord(2), drums(2), CHORD)
    assert "No onset was heard in the input" in " ".join(body["words"])


def test_a_timbre_is_claimed_only_where_it_is_the_targets():
    own = measured(drums(2), chord(2), chord(2), CHORD)
    assert "timbre is close to the target's (1.00" in " ".join(own["words"])
    other = measured(drums(2), chord(2), drums(2), CHORD)
    assert "timbre is not the target's (0.00" in " ".join(other["words"])


@pytest.mark.parametrize("seconds", [59.0, 61.0])
def test_long_clips_say_what_was_measured(seconds):
    scores = report.adherence.FactorScores(*[0.5] * 18)
    clip = Clip("clip", drums(2), 1.0, seconds)
    pair = AlignedPair.of(clip, clip, align.find_alignment(clip.audio, clip.audio, False))
    words = " ".join(
        report.in_words(scores, {"rhythm": "input", "harmony": "target", "timbre": "target"}, HEARD, pair)
    )
    assert ("the first 60 seconds" in words) == (seconds > 60)
