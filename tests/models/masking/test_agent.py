"""The masking agent."""

import jax
import numpy as np
import pytest

from compjax.models.composing.config import MaskingConfig
from compjax.models.masking.agent import MaskingAgent

CONFIG = MaskingConfig(hidden=8, heads=2, latent_size=8)


@pytest.fixture
def agent(quick_jit, fill, pair):
    module = MaskingAgent(CONFIG)
    variables = fill(module, *pair)
    return quick_jit(lambda *clips, gates=None: module.apply(variables, *clips, gates=gates))


def level(x):
    return np.sqrt(np.mean(np.square(x), axis=(1, 2)))


def test_masks_let_parts_through_at_the_old_level(agent, pair):
    output = agent(*pair)
    for name, clip in zip(("input", "target"), pair, strict=True):
        mask, masked = output.extras[f"{name}_mask"], output.extras[f"masked_{name}"]
        assert 0 < np.min(mask) and np.max(mask) < 1
        np.testing.assert_allclose(level(masked), level(clip), rtol=1e-5)
        gain = np.asarray(masked / (clip * mask))
        np.testing.assert_allclose(gain, np.broadcast_to(gain[:, :1, :1], gain.shape), rtol=1e-3)
    np.testing.assert_allclose(output.latents, output.extras["masked_input"] + output.extras["masked_target"])


def test_gates_say_how_far_the_masks_are_open(agent, pair):
    output = agent(*pair)
    assert output.gates.shape == (2, 12, 6) and output.roll is None and not np.any(output.components)
    np.testing.assert_allclose(output.gates[..., 2], np.mean(output.extras["input_mask"], axis=-1), rtol=1e-5)
    np.testing.assert_allclose(
        output.gates[..., 3], np.mean(output.extras["target_mask"], axis=-1), rtol=1e-5
    )


def test_gates_of_the_caller_weigh_the_masked_clips(agent, pair):
    own = agent(*pair)
    closed = agent(*pair, gates=np.float32([[0.5, 1, 0, 0, 0, 0]] * 2))
    np.testing.assert_allclose(closed.latents, own.extras["masked_input"] / 2, rtol=1e-5)
    assert not np.any(closed.extras["masked_target"])


def test_each_mask_looks_at_the_other_clip(agent, pair):
    once, again = agent(*pair), agent(pair[0], pair[1] + 1)
    assert not np.allclose(once.extras["input_mask"], again.extras["input_mask"], atol=1e-4)


def test_style_discriminator_comes_with_it(fill, pair):
    module = MaskingAgent(MaskingConfig(hidden=8, heads=2, latent_size=8, style_discriminator=True))
    extras = jax.eval_shape(lambda: module.init_with_output(jax.random.key(0), *pair)[0]).extras
    assert extras["real_logits"].shape == extras["style_logits"].shape == (2, 1)
