"""With the original's settings the networks compute what the original's did, with as many weights."""

import jax
import numpy as np
import pytest

from compjax.models.agent import Network
from compjax.models.config import FACTORS, seed_exact_network
from compjax.models.discriminators import LatentDiscriminator
from compjax.models.original_names import convert

TOLERANCE = 2e-4


def count(tree) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def run_original(quick_jit, module, network, inputs, state):
    """Variables and output of a module that has the original's weights."""
    template = jax.eval_shape(module.init, jax.random.key(0), *inputs)
    variables = convert(state, network, template)
    return variables, quick_jit(module.apply)(variables, *inputs)


@pytest.fixture(scope="module")
def inputs(golden):
    return golden["input_latents"], golden["target_latents"]


@pytest.fixture(scope="module")
def compositional(quick_jit, inputs, original_state):
    module = Network(seed_exact_network("compositional"))
    return run_original(quick_jit, module, "compositional", inputs, original_state("compositional"))


@pytest.fixture(scope="module")
def masking(quick_jit, inputs, original_state):
    module = Network(seed_exact_network("masking"))
    return run_original(quick_jit, module, "masking", inputs, original_state("masking"))


@pytest.fixture(scope="module")
def discriminator(quick_jit, inputs, original_state):
    return run_original(
        quick_jit, LatentDiscriminator(), "discriminator", inputs[:1], original_state("discriminator")
    )


def assert_equal(value, golden):
    assert value.shape == golden.shape
    np.testing.assert_allclose(value, golden, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("factor", FACTORS)
def test_components(compositional, golden, factor):
    assert_equal(compositional[1].components[:, :, FACTORS.index(factor)], golden[f"input_{factor}"])


def test_selection_weights(compositional, golden):
    assert_equal(compositional[1].gates, golden["selection_weights"])


def test_agent_output(compositional, golden):
    assert_equal(compositional[1].extras["agent_latents"], golden["agent_output"])


def test_agent_regulariser(compositional, golden):
    assert_equal(compositional[1].regulariser, golden["agent_novelty_plus_balance"])


def test_cascade_output(compositional, golden):
    assert_equal(compositional[1].latents, golden["cascade_output"])


@pytest.mark.parametrize("name", ["input_mask", "target_mask", "mask_balance"])
def test_masks(masking, golden, name):
    assert_equal(masking[1].extras[name], golden[name])


def test_mask_regulariser(masking, golden):
    assert_equal(masking[1].regulariser, golden["mask_regulariser"])


def test_masking_cascade_output(masking, golden):
    assert_equal(masking[1].latents, golden["masking_cascade_output"])


def test_discriminator_logits(discriminator, golden):
    assert_equal(discriminator[1], golden["discriminator_logits"])


def test_parameters_of_compositional_network(compositional):
    params = compositional[0]["params"]
    assert {name: count(part) for name, part in params["agent"].items()} == {
        "input_extractor": 722_048,
        "target_extractor": 722_048,
        "selector": 100_102,
        "composer": 12_970_880,
    }
    assert (count(params["agent"]), count(params["cascade"])) == (14_515_078, 10_341_632)


def test_parameters_of_masking_network(masking):
    params = masking[0]["params"]
    assert count(params["agent"]["mask_generator"]) == 1_083_904
    assert (count(params["agent"]), count(params["cascade"])) == (1_281_730, 10_341_632)


def test_parameters_of_discriminator(discriminator):
    assert count(discriminator[0]["params"]) == 3_802_881
