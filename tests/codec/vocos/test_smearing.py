"""What the analysis windows make of power that changes within them, and the gradient through it."""

import jax
import jax.numpy as jnp
import numpy as np

from compjax.codec.vocos.bands import window_spread
from compjax.codec.vocos.smearing import smeared


def by_hand(power: np.ndarray) -> np.ndarray:
    """`smeared` of power `[T, 128]`, frame by frame."""
    taps, reach = window_spread(), len(window_spread()) // 2
    places = np.clip(np.arange(len(power))[:, None] + np.arange(len(taps)) - reach, 0, len(power) - 1)
    return np.einsum("tkb,kb->tb", power[places], taps)


def test_windows_see_what_is_near_and_the_gradient_goes_back(rng):
    power, wanted = rng.random((2, 40, 128)).astype(np.float32)
    np.testing.assert_allclose(smeared(power), by_hand(power), atol=1e-5)
    found = jax.grad(lambda x: jnp.sum(smeared(x) * wanted))(power)
    columns = [by_hand(np.eye(40, dtype=np.float32)[:, i : i + 1] * np.ones((1, 128))) for i in range(40)]
    np.testing.assert_allclose(found, [(column * wanted).sum(axis=0) for column in columns], atol=1e-5)


def test_clips_beside_each_other_are_seen_alone(rng):
    power, wanted = rng.random((2, 3, 20, 128)).astype(np.float32)

    def seen(x, weight):
        return jnp.sum(smeared(x) * weight)

    np.testing.assert_allclose(smeared(power), [smeared(clip) for clip in power], rtol=1e-6)
    alone = [jax.grad(seen)(clip, weight) for clip, weight in zip(power, wanted, strict=True)]
    np.testing.assert_allclose(jax.grad(seen)(power, wanted), alone, rtol=1e-5)


def test_smearing_keeps_energy_and_is_wider_for_low_bands():
    power = jnp.zeros((1, 40, 128)).at[0, 20].set(1.0)
    seen = smeared(power)
    np.testing.assert_allclose(seen.sum(axis=1), np.ones((1, 128)), rtol=1e-4)
    assert float(seen[0, 20, 0]) < float(seen[0, 20, 127])
    assert window_spread().shape == (13, 128)
