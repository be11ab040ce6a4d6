"""Judging decoded compositions during training: with a decoder that plays what it is given."""

import numpy as np
import pytest

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.training.agent.auditions import (
    SHOWN,
    AuditionConfig,
    Auditions,
    audition_config,
    switches_of,
    telling_places,
)

SECONDS = 2.0
TIME = np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE


def strikes():
    """Four clicks of noise a second."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=TIME.size) * np.exp(-40 * (TIME % 0.25))).astype(np.float32) * 0.1


def chord(struck=False):
    """A minor third and fifth on A, held or struck four times a second."""
    envelope = np.exp(-6 * (TIME % 0.25)) if struck else 1.0
    tones = sum(np.sin(2 * np.pi * f * k * TIME) / k for f in (220.0, 261.6, 329.6) for k in (1, 2, 3))
    return (0.1 * tones * envelope).astype(np.float32)


SOUNDS = {0.0: strikes(), 1.0: chord(), 2.0: chord(struck=True)}
"""Audio by the value that its latents are full of."""


def decode(latents):
    return SOUNDS[float(latents[0, 0])]


@pytest.fixture
def batch():
    """Strikes with the chord, twice; the arrangement is the chord struck."""
    full = {
        name: np.full((2, 150, 128), value, np.float32) for name, value in zip("abc", (0, 1, 2), strict=True)
    }
    return {
        "input_latents": full["a"],
        "target_latents": full["b"],
        "arrangement": full["c"],
        "gates": np.tile(np.array([1, 0, 0, 0, 1, 1], np.float32), (2, 1)),
        "has_arrangement": np.ones(2, np.float32),
    }


def test_a_good_composition_is_told_from_a_copy(batch):
    auditions = Auditions(decode, batch, AuditionConfig(clips=1, baselines=False))
    good, copy = auditions.judge(batch["arrangement"]), auditions.judge(batch["input_latents"])
    assert set(good) == {f"audio/{name}" for name in (*SHOWN, "joint")}
    assert good["audio/onset_f1"] > 0.8 and good["audio/in_chord"] > 0.7
    assert copy["audio/mix_r2"] > 0.95 > good["audio/mix_r2"] + 0.2
    assert good["audio/joint"] > copy["audio/joint"]


def test_rivals_are_judged_once(batch, monkeypatch):
    calls = []
    quick = {"copy input": lambda given, target: calls.append(1) or given}
    monkeypatch.setattr("compjax.measures.baselines.BASELINES", quick)
    auditions = Auditions(decode, batch, AuditionConfig(clips=1))
    first, second = auditions.judge(batch["arrangement"]), auditions.judge(batch["target_latents"])
    assert len(calls) == 1
    for found in (first, second):
        assert found["baseline/copy_input/mix_r2"] > 0.95
        assert found["baseline/arrangement/joint"] == first["audio/joint"]


def test_without_an_arrangement_there_is_no_ceiling(batch, monkeypatch):
    monkeypatch.setattr("compjax.measures.baselines.BASELINES", {})
    batch["has_arrangement"][1] = 0
    assert Auditions(decode, batch, AuditionConfig(clips=2)).rivals() == {}


def test_no_clips_no_scores(batch):
    assert Auditions(decode, batch, AuditionConfig(clips=0)).judge(batch["arrangement"]) == {}


def test_gates_say_where_factors_are_from():
    assert switches_of(np.array([1, 0, 0, 0, 1, 1])).label == "ITT"
    assert switches_of(np.array([0.2, 0.9, 0.4, 0.8, 0.1, 0.3])).label == "TII"


def test_clips_whose_truth_is_a_copy_come_last(batch):
    usual, of_the_kit = [1, 0, 0, 0, 1, 1], [1, 0, 1, 0, 1, 0]
    salience = np.zeros((4, 2, 150, 64), np.float32)
    salience[[0, 1, 3], 1, :, 30] = 1.0
    rows = batch | {"gates": np.float32([of_the_kit, usual, usual, usual]), "salience": salience}
    rows["has_notes"] = np.ones(4, np.float32)
    assert telling_places(rows, 2) == [1, 3], "the third target is a kit, without a pitch"
    assert telling_places(rows, 9) == [0, 1, 2, 3]
    rows["has_notes"][2] = 0
    assert telling_places(rows, 3) == [1, 2, 3], "of recordings nobody knows"


def test_only_the_telling_clips_are_judged(batch):
    batch["gates"][0] = [1, 0, 1, 0, 1, 0]
    auditions = Auditions(decode, batch, AuditionConfig(clips=1, baselines=False))
    one_good = np.stack([batch["input_latents"][0], batch["arrangement"][1]])
    assert auditions.judge(one_good)["audio/mix_r2"] < 0.7


def test_a_mistyped_setting_is_named():
    assert audition_config({"clips": 1}) == AuditionConfig(clips=1)
    with pytest.raises(UserError, match="config.auditions.*'clip'"):
        audition_config({"clip": 1})
