import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compjax.losses import adversarial


def test_discriminator_hinge_by_hand():
    real, fake = [jnp.array([2.0, 0.0]), jnp.array([-1.0])], [jnp.array([-3.0, 1.0]), jnp.array([-0.5])]
    # first: mean(0, 1) + mean(0, 2) = 1.5; second: 2 + 0.5 = 2.5
    assert float(adversarial.discriminator_hinge(real, fake)) == pytest.approx(2.0)


def test_generator_hinge_by_hand():
    assert float(adversarial.generator_hinge([jnp.array([3.0, 0.0]), jnp.array([-1.0])])) == pytest.approx(
        1.25
    )


def test_feature_matching_by_hand():
    real, fake = [[jnp.array([1.0, 2.0]), jnp.array([0.0])]], [[jnp.array([1.0, 4.0]), jnp.array([3.0])]]
    assert float(adversarial.feature_matching(real, fake)) == pytest.approx(2.0)


def test_feature_matching_moves_only_the_estimate():
    gradient = jax.grad(lambda a: adversarial.feature_matching([[a]], [[jnp.array([4.0])]]))(jnp.array([1.0]))
    np.testing.assert_array_equal(gradient, 0.0)


def test_cross_entropy_on_logits():
    assert float(adversarial.logits_real(jnp.zeros(3))) == pytest.approx(np.log(2))
    assert float(adversarial.logits_fake(jnp.array([np.log(3.0)]))) == pytest.approx(np.log(4.0))
    assert float(adversarial.logits_real(jnp.array([np.log(3.0)]))) == pytest.approx(np.log(4 / 3))
    assert float(adversarial.logits_real(jnp.array([-1000.0]))) == pytest.approx(1000.0)  # no overflow
