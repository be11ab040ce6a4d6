import numpy as np
import pytest

from compjax.measures import adherence, baselines, verdict
from compjax.measures.verdict import Verdict

STEPS = np.array([0.25, 0.5, 1.25, 1.5, 2.25, 2.5, 3.0, 3.25])


@pytest.fixture
def pair(clicks, melody):
    return clicks(STEPS, half_life=0.05), melody(
        np.arange(0.0, 3.9, 0.4), [48, 52, 55, 60, 64, 53, 57, 60, 65, 69]
    )


def judged(audio, pair):
    scores = adherence.evaluate(adherence.describe(audio), *(adherence.describe(clip) for clip in pair))
    return verdict.judge(scores), verdict.in_words(scores)


@pytest.mark.parametrize(
    ("name", "expected", "word"),
    [
        ("copy input", Verdict.COPY, "copies the input"),
        ("copy target", Verdict.COPY, "copies the target"),
        ("mix", Verdict.MIX, "is a mix"),
        ("gated", Verdict.GATED, "merely gated"),
    ],
)
def test_baselines_are_seen_through(pair, name, expected, word):
    found, sentence = judged(baselines.BASELINES[name](*pair), pair)
    assert found is expected and word in sentence


def test_shuffled_notes_are_seen(pair):
    notes = pair[1][: 10 * 9600].reshape(10, 9600)
    found, sentence = judged(notes[[3, 8, 1, 6, 0, 9, 4, 7, 2, 5]].reshape(-1), pair)
    assert found is Verdict.PIECED and "Pieced together" in sentence


def test_new_music_is_new(pair, melody):
    found, sentence = judged(melody(STEPS, [62, 66, 54, 67, 59, 71, 50, 62], partials=5), pair)
    assert found is Verdict.NEW and "is new" in sentence


def test_a_copied_stretch_is_seen(pair, melody):
    start = melody([0.1, 0.35, 0.8, 1.3], [60, 66, 63, 70], 2.0, partials=5)
    output = np.concatenate([start, pair[1][24_000 : 24_000 + 48_000]])
    assert judged(output, pair)[0] is Verdict.COPY


def test_noise_is_not_new_and_silence_says_so(pair, rng):
    audio = (0.1 * rng.standard_normal(len(pair[1]))).astype(np.float32)
    found, sentence = judged(audio, pair)
    assert found is not Verdict.NEW
    swells = np.repeat(rng.random(16), len(audio) // 16).astype(np.float32)
    unrelated = audio[: len(swells)] * swells
    assert judged(unrelated, pair)[0] is not Verdict.NEW
    found, sentence = judged(np.zeros_like(audio), pair)
    assert found is Verdict.SILENT and sentence == "The output is silent."
