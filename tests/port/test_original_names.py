"""Conversion of the original's state dicts: every name, every shape, clear errors."""

import jax
import numpy as np
import pytest

from compjax.errors import UserError
from compjax.models.composing.config import seed_exact_network
from compjax.models.critics.latent import LatentDiscriminator
from compjax.models.network import Network
from compjax.port.original_names import NETWORKS, TRANSFORMS, convert, find_rule


@pytest.fixture(scope="module")
def template():
    return jax.eval_shape(LatentDiscriminator().init, jax.random.key(0), np.zeros((1, 16, 128), np.float32))


@pytest.fixture(scope="module")
def loaded(original_state):
    return original_state("discriminator")


def test_kernels_are_transposed(template, loaded):
    params = convert(loaded, "discriminator", template)["params"]
    assert params["conv1"]["kernel"][4, 3, 2] == loaded["conv_layers.3.weight"][2, 3, 4]
    assert params["hidden"]["kernel"][3, 2] == loaded["classifier.0.weight"][2, 3]
    np.testing.assert_array_equal(params["conv0"]["bias"], loaded["conv_layers.0.bias"])


def test_half_precision_becomes_single(template, loaded):
    halves = {name: value.astype(np.float16) for name, value in loaded.items()}
    leaves = jax.tree.leaves(convert(halves, "discriminator", template))
    assert {leaf.dtype for leaf in leaves} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["conv_layers.12.weight", "optimizer", "xconv_layers.0.weight"])
def test_extra_name_is_refused(template, loaded, name):
    with pytest.raises(UserError, match=rf"1 names that the discriminator network does not have: {name}"):
        convert(loaded | {name: np.zeros(3, np.float32)}, "discriminator", template)


def test_missing_names_are_refused(template, loaded):
    some = {name: value for name, value in loaded.items() if not name.endswith("bias")}
    expected = r"6 weights that no name fills: params/\w+/bias, .* and 3 more"
    with pytest.raises(UserError, match=expected):
        convert(some, "discriminator", template)


@pytest.mark.parametrize("shape", [(1, 256), (256, 1), (128,), (1, 128, 1)])
def test_wrong_shape_is_refused(template, loaded, shape):
    changed = loaded | {"classifier.3.weight": np.zeros(shape, np.float32)}
    with pytest.raises(UserError, match=r"classifier.3.weight has shape .* give the \[128, 1\] needed"):
        convert(changed, "discriminator", template)


def test_integers_are_refused(template, loaded):
    changed = loaded | {"classifier.3.weight": np.zeros((1, 128), int)}
    with pytest.raises(UserError, match="classifier.3.weight holds int64 values"):
        convert(changed, "discriminator", template)


def test_unknown_network_is_refused(template, loaded):
    with pytest.raises(UserError, match="no table of names for 'generator'"):
        convert(loaded, "generator", template)


def test_a_cascade_of_one_stage_refuses_the_second(original_state):
    """The original's other setting: with a single stage in the template, stage 1 has no place."""
    latents = np.zeros((1, 4, 128), np.float32)
    network = Network(seed_exact_network("masking", stages=1))
    template = jax.eval_shape(network.init, jax.random.key(0), latents, latents)
    state = original_state("masking")
    with pytest.raises(UserError, match="names that the masking network does not have: cascade_stages.1"):
        convert(state, "masking", template)
    first = {name: value for name, value in state.items() if not name.startswith("cascade_stages.1")}
    variables = convert(first, "masking", template)
    assert set(variables["params"]["cascade"]) == {"stages_0"}


def test_no_rule_is_idle(original_keys):
    """Every line of the tables fits some name of keys.tsv, and names a known transform."""
    for network, rules in NETWORKS.items():
        used = {find_rule(name, rules)[0] for name in original_keys(network)}
        assert set(rules) == used
        assert {rule.transform for rule in rules} <= set(TRANSFORMS)
