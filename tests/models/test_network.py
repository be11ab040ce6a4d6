"""The compositional agent and the networks: gates that close, one structure of output."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from compjax.models.composing.agent import CompositionalAgent
from compjax.models.composing.config import SIZES, CascadeConfig, MaskingConfig, NetworkConfig, seed_exact
from compjax.models.network import Network

CLOSED_TARGET = np.float32([[1, 1, 1, 0, 0, 0]] * 2)


def count(tree) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


@pytest.fixture
def network(quick_jit, tiny_network, fill, pair):
    """A function of two clips and gates."""
    module = Network(tiny_network)
    variables = fill(module, *pair)
    return quick_jit(lambda *clips, gates=None: module.apply(variables, *clips, gates=gates))


def test_output(network, pair):
    output = network(*pair)
    assert output.latents.shape == output.extras["agent_latents"].shape == (2, 12, 8)
    assert output.components.shape == (2, 12, 6, 4)
    assert output.gates.shape == output.extras["frame_gate_logits"].shape == (2, 12, 6)
    assert output.extras["gate_logits"].shape == (2, 6)
    assert output.roll.onsets.shape == (2, 12, 5)
    assert output.regulariser.shape == ()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(output))


def test_closed_gates_keep_the_target_out(network, pair):
    clip, target = pair
    once, again = (network(clip, t, gates=CLOSED_TARGET) for t in (target, target[:, ::-1]))
    np.testing.assert_array_equal(once.latents, again.latents)
    np.testing.assert_array_equal(once.roll.onsets, again.roll.onsets)
    assert not np.allclose(once.components, again.components)
    heard = network(clip, target[:, ::-1], gates=np.ones((2, 6), np.float32))
    assert not np.allclose(network(clip, target, gates=np.ones((2, 6), np.float32)).latents, heard.latents)


def test_gates_of_the_caller_take_the_place_of_the_selectors(network, pair):
    own = network(*pair)
    np.testing.assert_allclose(own.gates, jax.nn.sigmoid(own.extras["frame_gate_logits"]), rtol=1e-6)
    np.testing.assert_allclose(network(*pair, gates=own.gates).latents, own.latents, atol=1e-5)
    closed = network(*pair, gates=CLOSED_TARGET)
    np.testing.assert_array_equal(closed.gates, np.repeat(CLOSED_TARGET[:, None], 12, axis=1))
    np.testing.assert_array_equal(closed.extras["gate_logits"], own.extras["gate_logits"])


def test_clips_of_two_lengths_are_refused(network, pair):
    with pytest.raises(ValueError, match=r"\[2, 12, 8\] and \[2, 11, 8\]; they must be the same"):
        network(pair[0], pair[1][:, 1:])


def test_steps_make_the_whole(quick_jit, tiny_agent, fill, pair):
    agent = CompositionalAgent(tiny_agent)
    variables = fill(agent, *pair)

    def by_steps(clip, target):
        components = agent.apply(variables, clip, target, method="extract")
        gates, _ = agent.apply(variables, components, method="select")
        return agent.apply(variables, components, gates, method="compose")[0]

    whole = quick_jit(agent.apply)(variables, *pair).latents
    np.testing.assert_allclose(quick_jit(by_steps)(*pair), whole, atol=1e-5)


def test_every_weight_has_a_gradient(quick_jit, tiny_network, fill, pair):
    module = Network(replace(tiny_network, cascade=replace(tiny_network.cascade, stages=1)))
    variables = fill(module, *pair)

    def loss(params):
        output = module.apply(variables | {"params": params}, *pair)
        return output.latents.var() + output.roll.velocities.sum() + output.regulariser

    slopes = quick_jit(jax.grad(loss))(variables["params"])
    idle = [path for path, leaf in jax.tree_util.tree_leaves_with_path(slopes) if not np.any(leaf)]
    assert not idle and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))


def test_both_agents_return_the_same_structure():
    latents = jax.ShapeDtypeStruct((2, 6, 128), np.float32)
    outputs = []
    for config in (seed_exact(SIZES["small"]), MaskingConfig()):
        module = Network(NetworkConfig(config))
        outputs.append(
            jax.eval_shape(
                lambda a, b, m=module: m.init_with_output(jax.random.key(0), a, b)[0], *[latents] * 2
            )
        )
    shapes = [
        [getattr(o, name).shape for name in ("latents", "gates", "components", "regulariser")]
        for o in outputs
    ]
    assert shapes[0] == shapes[1] == [(2, 6, 128), (2, 6, 6), (2, 6, 6, 64), ()]


def test_named_sizes():
    """The original's size with our gates, head and style; and the small one."""
    latents = jax.ShapeDtypeStruct((1, 6, 128), np.float32)
    agents = {name: CompositionalAgent(config) for name, config in SIZES.items()}
    counts = {
        name: count(jax.eval_shape(agent.init, jax.random.key(0), latents, latents)["params"])
        for name, agent in agents.items()
    }
    skips, final_norm, style = 2 * 3 * (128 * 64 + 64), 2 * 512, 8 * 512 + 512
    head, feedback = 512 * 192 + 192, 192 * 512 + 512
    assert counts["original"] == 14_515_078 - skips + final_norm + style + head + feedback
    assert counts["small"] < counts["original"] / 3


def test_a_masking_agent_has_nothing_gated_for_a_cascade():
    with pytest.raises(ValueError, match="context must be 'target'"):
        NetworkConfig(MaskingConfig(), CascadeConfig())
