"""The product of matrices is the convolution, forwards and backwards, and a branch has no convolution."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.models.critics.latent import LatentDiscriminator
from compjax.models.critics.time_convolution import over_time


@pytest.mark.parametrize("taps, stride, padding", [(3, 2, 1), (4, 2, 1), (9, 1, 4), (5, 3, 0), (1, 1, 0)])
@pytest.mark.parametrize("frames", [1, 2, 12, 17])
def test_it_is_the_convolution_and_so_is_its_gradient(rng, taps, stride, padding, frames):
    signal = rng.standard_normal((2, frames, 6)).astype(np.float32)
    settings = {"padding": padding, "strides": (stride,)}
    ours = nn.Conv(5, (taps,), **settings, conv_general_dilated=over_time)
    theirs = nn.Conv(5, (taps,), **settings)
    variables = theirs.init(jax.random.key(0), signal)
    assert jax.tree.map(jnp.shape, ours.init(jax.random.key(0), signal)) == jax.tree.map(jnp.shape, variables)

    def value(network):
        return lambda variables, signal: jnp.sum(jnp.sin(network.apply(variables, signal)))

    np.testing.assert_allclose(ours.apply(variables, signal), theirs.apply(variables, signal), atol=1e-5)
    found, wanted = (jax.grad(value(network), (0, 1))(variables, signal) for network in (ours, theirs))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_critic_that_learns_in_a_branch_has_no_convolution_there(rng):
    critic, latents = LatentDiscriminator(), rng.standard_normal((2, 32, 128)).astype(np.float32)
    variables = jax.eval_shape(critic.init, jax.random.key(0), latents)

    def step(variables, now):
        def learn():
            return jax.grad(lambda variables: critic.apply(variables, latents).sum())(variables)

        return jax.lax.cond(now, learn, lambda: variables)

    text = jax.jit(step).lower(variables, True).compile().as_text()
    assert "convolution(" not in text
