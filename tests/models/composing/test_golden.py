"""With the original's settings the networks compute what the original's did, with as many weights."""

import jax
import numpy as np
import pytest

from compjax.models.composing.cascade import to_level
from compjax.models.critics.latent import LatentDiscriminator
from compjax.models.registry import build_agent
from compjax.music.factors import FACTORS
from compjax.port.original_names import convert

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
    module = build_agent("compositional", {"exact": True})
    return run_original(quick_jit, module, "compositional", inputs, original_state("compositional"))


@pytest.fixture(scope="module")
def masking(quick_jit, inputs, original_state):
    module = build_agent("masking", {"exact": True})
    return run_original(quick_jit, module, "masking", inputs, original_state("masking"))


@pytest.fixture(scope="module")
def discriminator(quick_jit, inputs, original_state):
    return run_original(
        quick_jit, LatentDiscriminator(), "discriminator", inputs[:1], original_state("discriminator")
    )


def computed(compositional, masking, discriminator) -> dict[str, np.ndarray]:
    """What the networks compute, by the names of the golden file."""
    components = {f"input_{name}": compositional.components[:, :, i] for i, name in enumerate(FACTORS)}
    return components | {
        "selection_weights": compositional.gates,
        "agent_output": compositional.extras["agent_latents"],
        "agent_novelty_plus_balance": compositional.regulariser,
        "cascade_output": compositional.latents,
        "input_mask": masking.extras["input_mask"],
        "target_mask": masking.extras["target_mask"],
        "mask_balance": masking.extras["mask_balance"],
        "mask_regulariser": masking.regulariser,
        "masking_cascade_output": masking.latents,
        "discriminator_logits": discriminator,
    }


def test_every_array_of_the_original_is_computed(compositional, masking, discriminator, golden):
    ours = computed(compositional[1], masking[1], discriminator[1])
    assert set(ours) == set(golden) - {"input_latents", "target_latents"}
    differences = {}
    for name, value in ours.items():
        assert value.shape == golden[name].shape, name
        differences[name] = float(np.abs(value - golden[name]).max())
    assert not {name: value for name, value in differences.items() if not value < TOLERANCE}


def without_second_stage(variables: dict) -> dict:
    """The variables of a network of one stage."""
    cut = {}
    for collection, tree in variables.items():
        cascade = {name: value for name, value in tree["cascade"].items() if name != "stages_1"}
        cut[collection] = tree | {"cascade": cascade}
    return cut


@pytest.mark.parametrize("name", ["compositional", "masking"])
def test_one_stage_is_the_first_of_two(quick_jit, request, inputs, name):
    """The golden file has no network of one stage; the first of its two must be it, and none the agent."""
    variables, both = request.getfixturevalue(name)
    one = build_agent(name, {"exact": True, "stages": 1})
    alone = build_agent(name, {"exact": True, "stages": 0})
    refined = quick_jit(one.apply)(without_second_stage(variables), *inputs)
    agent_only = quick_jit(alone.apply)(
        {k: {"agent": v["agent"]} for k, v in variables.items() if "agent" in v}, *inputs
    )
    first = first_stage(quick_jit, build_agent(name, {"exact": True}), variables, inputs, both)
    np.testing.assert_allclose(refined.latents, first, rtol=0, atol=1e-5)
    np.testing.assert_allclose(agent_only.latents, both.extras["agent_latents"], rtol=0, atol=1e-5)


def first_stage(quick_jit, module, variables, inputs, output) -> np.ndarray:
    """What the first of two stages hands on: the middle one of the three streams that the second one sees."""

    def run(variables, *inputs):
        _, captured = module.apply(
            variables,
            *inputs,
            mutable=["intermediates"],
            capture_intermediates=lambda m, _: m.name == "stages_0",
        )
        return captured["intermediates"]["cascade"]["stages_0"]["__call__"][0]

    residual = quick_jit(run)(variables, *inputs)
    if "masked_input" in output.extras:
        composition, target = output.extras["masked_input"], output.extras["masked_target"]
    else:
        composition, target = output.extras["agent_latents"], inputs[1]
    return to_level(residual + (composition + target) / 2, composition, target)


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
