"""What a run says when it sees a symptom of the troubleshooting table, and that it says nothing otherwise."""

import pytest

from compjax.training.monitoring.symptoms import Limits, Symptoms

AT_ONCE = Limits(settling=0, patience=1, epochs=1, pause=1000)


def steps(scalars, rates=None, limits=AT_ONCE):
    return Symptoms(limits).of_step(scalars, rates or {})


def test_a_copy_is_told_to_raise_the_regulariser():
    said = steps({"novelty_score": 0.01})
    assert list(said) == ["copy"]
    assert "novelty 0.010" in said["copy"] and "raise --mask_reg_weight to 0.2 to 0.3" in said["copy"]


def test_straying_is_told_to_lower_it():
    said = steps({"novelty_score": 0.8})
    assert list(said) == ["stray"]
    assert "lower --mask_reg_weight to 0.05 or raise --loss_weight_spectral" in said["stray"]


def test_novelty_is_compared_with_the_arrangements():
    """Quiet latents resemble each other: what is new depends on what there is to be said."""
    assert steps({"novelty_score": 0.03, "novelty_score/arrangement": 0.04}) == {}
    assert (
        "where the arrangements have 0.040"
        in steps({"novelty_score": 0.01, "novelty_score/arrangement": 0.04})["copy"]
    )
    assert "stray" in steps({"novelty_score": 0.1, "novelty_score/arrangement": 0.04})


def test_healthy_novelty_is_not_mentioned():
    assert steps({"novelty_score": 0.4}) == {}


@pytest.mark.parametrize("level", [1 / 6, 0.5])
def test_equal_weights_are_told_to_train_longer(level):
    """Softmax gates start at 1/6 each, sigmoid gates at a half."""
    said = Symptoms(AT_ONCE).of_epoch([level + 0.01, level, level, level - 0.01, level, level])
    assert f"near {level:.3f}" in said["alike"]
    assert "train longer, with larger batches, or raise --loss_weight_spectral" in said["alike"]


def test_different_weights_are_not_mentioned():
    assert Symptoms(AT_ONCE).of_epoch([0.7, 0.2, 0.2, 0.2, 0.7, 0.8]) == {}


def test_a_mix_is_told_to_use_the_cascade():
    said = Symptoms(AT_ONCE).of_validation({"audio/mix_r2": 0.92})
    assert "92% of the output" in said["mix"] and "--num_transformer_layers=2" in said["mix"]
    assert Symptoms(AT_ONCE).of_validation({"audio/mix_r2": 0.4}) == {}
    assert Symptoms(AT_ONCE).of_validation({"loss/total": 1.0}) == {}


def test_a_loss_that_drowns_the_others_is_named():
    norms = {"gradient/latent": 99.0, "gradient/novelty": 0.5, "gradient/selector": 0.5}
    assert "latent" in steps(norms)["drowning"]
    assert steps({"gradient/latent": 3.0, "gradient/novelty": 1.0}) == {}
    assert steps({"gradient/latent": 3.0}) == {}  # there is nothing to drown


def test_waiting_for_data():
    assert "50% of the time" in steps({}, {"data_wait": 0.5})["waiting"]
    assert steps({}, {"data_wait": 0.01}) == {}


def test_an_untrained_network_is_not_accused():
    symptoms = Symptoms(Limits(settling=3, patience=1))
    assert [bool(symptoms.of_step({"novelty_score": 0.9}, {})) for _ in range(5)] == [False] * 3 + [
        True,
        False,
    ]


def test_patience_and_pauses():
    """Once is chance; five times in a row are said, then not for a while, then seldom."""
    symptoms = Symptoms(Limits(settling=0, patience=3, pause=4))
    said = [number for number in range(20) if symptoms.of_step({"novelty_score": 0.0}, {})]
    assert said == [2, 7, 16]
    assert symptoms.of_step({"novelty_score": 0.4}, {}) == {}
    assert symptoms.of_step({"novelty_score": 0.0}, {}) == {}  # the row was broken
