"""The composer: its piano roll, and its style."""

import numpy as np
import pytest

from compjax.models.composing.composer import ComponentComposer
from compjax.models.composing.config import seed_exact


@pytest.fixture
def gated(rng):
    return rng.standard_normal((2, 5, 6, 4)).astype(np.float32)


@pytest.fixture
def composer(quick_jit, tiny_agent, gated, fill):
    """A function of components and a style, and the variables behind it."""
    module = ComponentComposer(tiny_agent.composer)
    variables = fill(module, gated)
    return quick_jit(lambda gated, style=None: module.apply(variables, gated, style)), variables


def test_latents_and_roll(composer, gated):
    latents, roll = composer[0](gated)
    assert latents.shape == (2, 5, 8)
    assert roll.onsets.shape == roll.frames.shape == roll.velocities.shape == (2, 5, 5)
    assert np.min(roll.onsets) < 0 < np.max(roll.onsets)  # logits
    assert 0 < np.min(roll.velocities) and np.max(roll.velocities) < 1


def test_the_roll_is_fed_back(quick_jit, composer, tiny_agent, gated):
    _, variables = composer
    module = ComponentComposer(tiny_agent.composer)
    head = variables["params"]["roll_head"]
    apply = quick_jit(lambda bias: module.apply(changed(variables, head | {"bias": bias}), gated))
    (one, quiet), (two, loud) = apply(head["bias"] - 9), apply(head["bias"] + 9)
    np.testing.assert_allclose(loud.onsets - quiet.onsets, np.full((2, 5, 5), 18), rtol=1e-4)
    assert not np.allclose(one, two, atol=0.01)


def changed(variables, head):
    return {"params": variables["params"] | {"roll_head": head}}


def test_style(composer, gated, rng):
    apply, _ = composer
    style = rng.random((2, 8)).astype(np.float32)
    latents = apply(gated, style)[0]
    spread = np.repeat(style[:, None], 5, axis=1)
    np.testing.assert_allclose(apply(gated, spread)[0], latents, atol=1e-5)
    neutral = apply(gated)[0]
    np.testing.assert_allclose(apply(gated, np.full((2, 8), 0.5, np.float32))[0], neutral, atol=1e-5)
    assert not np.allclose(latents, neutral, atol=1e-3)


@pytest.mark.parametrize("shape", [(8,), (1, 8), (2, 7), (2, 1, 8)])
def test_other_shapes_of_style_are_refused(composer, gated, shape):
    with pytest.raises(ValueError, match=r"style has shape .* must be \[2, 8\] or \[2, 5, 8\]"):
        composer[0](gated, np.zeros(shape, np.float32))


def test_the_original_has_neither(tiny_agent, gated, fill):
    module = ComponentComposer(seed_exact(tiny_agent).composer)
    variables = fill(module, gated)
    assert set(variables["params"]) == {"component_projection", "encoder", "output_hidden", "output"}
    assert module.apply(variables, gated)[1] is None
    with pytest.raises(ValueError, match="without a style input"):
        module.apply(variables, gated, np.zeros((2, 8), np.float32))
