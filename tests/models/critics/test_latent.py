"""The discriminators."""

import jax
import numpy as np

from compjax.models.composing.config import DiscriminatorConfig
from compjax.models.critics.latent import LatentDiscriminator, StyleDiscriminator


def test_latent_discriminator(quick_jit, rng, fill):
    latents = rng.standard_normal((2, 16, 4)).astype(np.float32)
    module = LatentDiscriminator(DiscriminatorConfig(((4, 3, 2), (4, 5, 1)), hidden=4))
    variables = fill(module, latents)
    apply = quick_jit(module.apply, static_argnums=2)
    logits = apply(variables, latents, False)
    assert logits.shape == (2, 1)
    one, two = (apply(variables, latents, True, rngs={"dropout": jax.random.key(i)}) for i in (1, 2))
    assert not np.allclose(one, two)


def test_style_discriminator_compares_two(quick_jit, rng, fill):
    mine, theirs = rng.standard_normal((2, 2, 16, 4)).astype(np.float32)
    module = StyleDiscriminator(channels=(4, 6))
    variables = fill(module, mine, theirs)
    apply = quick_jit(module.apply)
    (real, style), (real_again, style_again) = apply(variables, mine, theirs), apply(variables, mine, mine)
    assert real.shape == style.shape == (2, 1)
    np.testing.assert_array_equal(real, real_again)
    assert not np.allclose(style, style_again)


def test_style_discriminator_has_the_originals_weights():
    latents = np.zeros((1, 16, 128), np.float32)
    shapes = jax.eval_shape(StyleDiscriminator().init, jax.random.key(0), latents, latents)
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 197_826
